// A node's side of its signer process (protocol.hpp): one connection, one request at a time, on the
// thread of the effect runner. Whatever goes wrong with the connection is `unavailable`, `timeout`
// or `network`, the connection is dropped, and poll() opens another, waiting longer each time; what
// the signer refuses is its refusal, and the connection stays.
//
// A node whose lease was taken by another stays without until it is started again: two nodes that
// took it from each other in turns would sign little and hide the mistake. The object outlives
// restarts of the actor that uses it, so that these are no new leases.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "actors/consensus/signer/protocol.hpp"
#include "actors/consensus/signer/secure_channel.hpp"
#include "actors/telemetry/services.hpp"
#include "crypto/signer_port.hpp"

namespace witan {

class RemoteSigner final : public RemotePort {
 public:
  struct Options {
    SignerAddress address;
    NodeId signer;  // the process must prove to hold this key
    PublicKey validator;
    ChainId chain_id;
    SecretKey node_key;
    Duration timeout = Duration::from_s(1);
    std::function<Height()> own_commit_height{};
    Services services;
    const Clock& clock;
  };
  // Errors: bad_key (validator).
  [[nodiscard]] static Result<std::unique_ptr<RemoteSigner>> make(Options options);

  // Verifies what the signer gives: it is of this intent and carries the validator's signature
  // (S14). Errors also: bad_signature, malformed (the signer answers something else).
  [[nodiscard]] Result<Prepared> prepare(const Intent& intent, const Certificate* polka) override;
  [[nodiscard]] DurableMessage confirm(const Prepared& prepared) override;
  // Kept until the signer has it; before that it signs nothing for us.
  [[nodiscard]] Result<Bytes> raise_watermark(Height height, Round round) override;
  [[nodiscard]] Status check_claim(const SignClaim& claim) override;
  [[nodiscard]] std::vector<SignRecord> poll(const std::optional<SignRecord>& newest) override;
  void close() override;
  [[nodiscard]] DurableMessage message_of(const SignRecord& record) const override;

 private:
  enum class Trouble : std::uint8_t { none, unreachable, fenced, refused };
  using Answer = decltype(signer::Reply::body);

  RemoteSigner(Options options, ParsedKey validator)
      : options_(std::move(options)), validator_(validator) {}
  // The reply's body; a refusal is an error. Errors of the connection end it.
  Result<Answer> ask(decltype(signer::Request::body) body);
  Result<signer::Reply> exchange(const signer::Request& request);
  Result<std::vector<SignRecord>> open(const std::optional<SignRecord>& newest);
  Status show_life();
  Status send_raise();
  Status check_record(const SignRecord& record) const;
  void lost(const Error& error);
  void note_halted(const Error& error);
  void set_trouble(Trouble trouble);

  Options options_;
  ParsedKey validator_;
  std::unique_ptr<signer::SecureChannel> channel_;
  bool opened_ = false;  // the lease was given on this connection
  std::uint64_t lease_ = 0;
  std::uint64_t next_id_ = 1;
  std::optional<Watermark> raise_;  // the signer does not have it yet
  Trouble trouble_ = Trouble::unreachable;
  bool lost_told_ = false;
  Instant next_try_{};
  Instant last_heard_{};
  Duration backoff_{};
};

}  // namespace witan
