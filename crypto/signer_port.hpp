// What the effect runner asks for signatures: the signer of this process, or a client of a signer
// process elsewhere (actors/consensus/signer/remote_signer.hpp). One thread.
//
// The way of a signature is the same for both (consensus.md S3, S7): prepare() gives the record to
// append to the log, the log is synced, confirm() gives the message. A remote signer has made its
// own copy of the record durable before prepare() returns, so what justifies the signature must be
// durable before prepare() is called.
#pragma once
#include <utility>
#include <vector>

#include "crypto/durable.hpp"
#include "crypto/sign_state.hpp"
#include "messages/types/certificate.hpp"

namespace witan {

// A signature that must not leave the node yet: it can only be confirmed.
class Prepared {
 public:
  // The bytes to append to the log as one sign record.
  // Empty when this record is durable already: an identical intent, sent again.
  [[nodiscard]] const Bytes& record() const { return bytes_; }
  [[nodiscard]] SignedKind kind() const { return content_.kind; }
  [[nodiscard]] const SignRecord& content() const { return content_; }

 private:
  friend class Signer;
  friend class RemoteSigner;
  Prepared(SignRecord content, Bytes bytes)
      : content_(std::move(content)), bytes_(std::move(bytes)) {}
  SignRecord content_;
  Bytes bytes_;
};

class SignerPort {
 public:
  SignerPort() = default;
  virtual ~SignerPort() = default;
  SignerPort(SignerPort&&) = default;
  SignerPort& operator=(SignerPort&&) = default;
  SignerPort(const SignerPort&) = delete;
  SignerPort& operator=(const SignerPort&) = delete;

  // Errors: refusals (sign_*, malformed, out_of_range), after which the same intent is refused
  // again; unavailable, timeout and network (remote only), after which it may be asked again.
  // `polka`: of intent.value, in intent.pol_round (a prevote) or intent.round (a precommit), where
  // the node holds it.
  [[nodiscard]] virtual Result<Prepared> prepare(const Intent& intent,
                                                 const Certificate* polka) = 0;
  // REQUIRES: prepared here; a local signer's record was appended and synced.
  [[nodiscard]] virtual DurableMessage confirm(const Prepared& prepared) = 0;
  // S13. The record to append, if there is one.
  [[nodiscard]] virtual Result<Bytes> raise_watermark(Height height, Round round) = 0;
  // S16.
  [[nodiscard]] virtual Status check_claim(const SignClaim& claim) = 0;
};

// A signer in another process. Its connection is kept by poll(), on the caller's thread.
class RemotePort : public SignerPort {
 public:
  // Connects when there is no connection and it is time to try again; shows a sign of life when
  // there is one. `newest`: the newest own record this node remembers. After each opening: what the
  // signer has signed last, in order, for a node whose log does not know it (S12); else nothing.
  [[nodiscard]] virtual std::vector<SignRecord> poll(const std::optional<SignRecord>& newest) = 0;
  // Ends the connection; the next poll() opens one at once.
  virtual void close() = 0;
  // A record as a message: the signer has it on disk. REQUIRES: given out by poll().
  [[nodiscard]] virtual DurableMessage message_of(const SignRecord& record) const = 0;
};

// What the effect runner tries again instead of telling the core: nobody has decided it.
[[nodiscard]] constexpr bool may_ask_again(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::timeout || code == ErrorCode::network;
}

}  // namespace witan
