// The signer process's own part: it alone holds the consensus key and its sign-state, and answers
// requests (protocol.hpp). It signs intents only, after the rules of crypto/signer.hpp and with the
// guard of the lock that believes nobody (S8); a signature leaves after its record is durable (S3).
//
// The lease (S15): a node that opens without one gets the next epoch, which is on disk before it is
// told. Of all that are connected only the holder of the newest epoch is served; the others get
// sign_fenced. Who held an epoch before may go on with it as long as nobody took a newer one.
//
// Every refusal is a reply. A failed append or sync is final (S4): failure() says so, the process
// ends, and nothing more is answered with a signature.
// Thread rule: all methods from any thread; one at a time inside.
#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "actors/consensus/signer/protocol.hpp"
#include "actors/consensus/signing_log.hpp"
#include "actors/telemetry/log.hpp"
#include "crypto/verify.hpp"

namespace witan::signer {

class SignerService {
 public:
  struct Options {
    consensus::SigningLogOptions log;
    std::shared_ptr<const Verifier> verifier;  // of the genesis' validators
    NodeId self;                               // who may drain: this host's own tools
    Logger& events;
    const Clock& clock;
  };
  // Errors: those of SigningLog::open; unknown_validator when the key is not in the set.
  [[nodiscard]] static Result<std::unique_ptr<SignerService>> open(Options options);

  // `caller` has proved to hold this node key. `arrived`: when the request was read.
  [[nodiscard]] Reply handle(const NodeId& caller, ByteView request, Instant arrived);
  void count_connection(int change);
  // The write, sync or read that failed; the process must end.
  [[nodiscard]] std::optional<Error> failure() const;
  // Writes the sign-state file a last time.
  [[nodiscard]] Status close();
  [[nodiscard]] PublicKey validator() const;

 private:
  explicit SignerService(Options options) : options_(std::move(options)) {}
  using Answer = Result<decltype(Reply::body)>;
  Answer answer(const NodeId& caller, const Request& request, Instant arrived);
  Answer serve(const NodeId& caller, const Open& open);
  Answer serve(const NodeId& caller, const Sign& sign);
  Answer serve(const NodeId& caller, const Raise& raise);
  Answer serve(const NodeId& caller, const Seen& seen);
  Answer serve(const NodeId& caller, const Ping& ping);
  Answer serve(const NodeId& caller, const AskStatus& ask);
  Answer serve(const NodeId& caller, const Drain& drain);
  [[nodiscard]] Status check_lease(const NodeId& caller, const Request& request);
  [[nodiscard]] Status check_open(const Open& open);
  void note_refusal(const NodeId& caller, const Request& request, const Error& error);
  // Keeps a failure of the disk; gives it back.
  Status disk(Status status);
  [[nodiscard]] Signer& signer() { return *log_->signer(); }

  Options options_;
  mutable std::mutex mutex_;
  std::unique_ptr<consensus::SigningLog> log_;
  std::optional<Error> failure_;
  std::uint32_t connections_ = 0;
  std::uint64_t signed_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t pruned_below_ = 0;
};

}  // namespace witan::signer
