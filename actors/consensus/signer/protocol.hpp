// What a node and its signer process say to each other, as plain types, and their bytes (flat
// messages/schema/signer.capnp). Decoding is bounded: at most message_bytes_max bytes, every length
// and range checked, as for bytes from a stranger. Pure.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/sign_checkpoint.hpp"
#include "messages/types/certificate.hpp"

namespace witan::signer {

inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::string_view prologue = "witan/signer/v1";
// One Noise message. A polka certificate of 512 validators takes 40 KiB.
inline constexpr std::size_t message_bytes_max = 65'535;
inline constexpr std::size_t recent_max = 3;

struct Open {
  std::uint32_t protocol = protocol_version;
  ChainId chain_id;
  PublicKey validator;
  std::uint64_t lease = 0;
  std::optional<SignClaim> newest;
  Height own_commit_height;
};
struct Sign {
  Intent intent;
  std::optional<Certificate> polka;
};
struct Raise {
  Height height;
  Round round;
};
struct Seen {
  SignClaim claim;
};
struct Ping {};
struct AskStatus {};
struct Drain {};

struct Request {
  std::uint64_t id = 0;
  std::uint64_t lease = 0;
  std::uint32_t deadline_ms = 0;
  std::variant<Ping, Open, Sign, Raise, Seen, AskStatus, Drain> body;
};

struct Opened {
  std::uint64_t lease = 0;
  std::vector<SignRecord> recent;
};
struct Signed {
  SignRecord record;
};
struct Done {};
struct SignerStatus {
  ChainId chain_id;
  PublicKey validator;
  SignLease lease;
  std::uint32_t connections = 0;
  std::uint64_t last_seq = 0;
  Height height;
  Round round;
  Height minimum_height;
  std::uint64_t signed_count = 0;
  std::uint64_t refused_count = 0;
  std::string halted;
};

struct Reply {
  std::uint64_t id = 0;
  std::variant<Done, Error, Opened, Signed, SignerStatus> body;
};

[[nodiscard]] Bytes encode(const Request& request);
[[nodiscard]] Bytes encode(const Reply& reply);
// Errors: malformed, out_of_range, too_large, unknown_type; of records also wrong_version,
// not_canonical. An unknown code in a refusal reads as `internal`.
[[nodiscard]] Result<Request> decode_request(ByteView bytes);
[[nodiscard]] Result<Reply> decode_reply(ByteView bytes);
// The id of a request that does not decode otherwise, so that its refusal can be addressed; 0 if
// even that is not to be had.
[[nodiscard]] std::uint64_t request_id_of(ByteView bytes);

}  // namespace witan::signer
