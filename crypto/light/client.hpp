// The light client: from one trusted height to any other, with a primary that serves blocks and
// witnesses that are asked whether they have the same.
//
// Forward, to a height above the closest trusted one: skipping (bisection) or sequential; the
// result counts when at least one witness has the same block and none can prove another. Backward:
// the chain of hashes, which needs no witness. A trusted header past its period is not built upon.
// A witness that contradicts without proof, or gives what does not verify, is not asked again.
// Calls block as long as the providers do. Clock, providers and storage belong to the caller. One
// thread.
#pragma once
#include <functional>
#include <memory>

#include "crypto/light/attack.hpp"
#include "crypto/light/trusted_store.hpp"

namespace witan::light {

using ProviderPtr = std::unique_ptr<Provider>;

struct ClientOptions {
  TrustOptions trust;
  bool sequential = false;
  // A witness that does not have the height yet is asked again this often, after wait().
  std::uint32_t lag_retries = 10;
  std::function<void()> wait;
  // After each stretch: what is verified, and where it goes.
  std::function<void(const LightBlock& verified, Height target)> progress;
  // A witness was dropped, and why.
  std::function<void(const std::string& text)> warn;
};

// What one provider made of the evidence of an attack.
struct AttackReport {
  std::string provider;
  Result<std::size_t> accusations;
};

// A height and its block id that the operator got from somebody he trusts.
struct TrustRoot {
  Height height;
  BlockId id;
};

class Client {
 public:
  // REQUIRES: `store` holds a block; clock outlives the client.
  Client(TrustedStore store, ClientOptions options, const Clock& clock, ProviderPtr primary,
         std::vector<ProviderPtr> witnesses);

  // The verified block of a height, from the store or the primary; it is in the store then.
  // Errors: those of the primary; not_enough_trust never; trust_expired; what
  // HeaderVerifier::verify refuses, naming the primary; unavailable (no witness confirms it; field
  // witness); conflicting_header (attack() tells).
  [[nodiscard]] Result<LightBlock> verify_at(Height height);
  // The primary's last block; never below what is trusted already.
  [[nodiscard]] Result<LightBlock> update();

  // Set once a witness has proved another block; from then on verify_at fails for what is not
  // stored.
  [[nodiscard]] const std::optional<Attack>& attack() const { return attack_; }
  // Gives the evidence against both sides to the primary and to every witness: each drops what is
  // of its own chain, and accuses who signed the other. Once told is enough; asking again is
  // harmless. REQUIRES: attack().
  [[nodiscard]] std::vector<AttackReport> report_attack();
  [[nodiscard]] const TrustedStore& store() const { return store_; }
  [[nodiscard]] const Provider& primary() const { return *primary_; }
  [[nodiscard]] std::size_t witnesses() const { return witnesses_.size(); }

 private:
  [[nodiscard]] Result<LightBlock> verify_target(const LightBlock& target);
  [[nodiscard]] Result<LightBlock> forward(LightBlock verified, const LightBlock& target);
  [[nodiscard]] Result<LightBlock> backward(const LightBlock& from, const LightBlock& target);
  [[nodiscard]] Status cross_check(const Trace& trace);

  TrustedStore store_;
  ClientOptions options_;
  const Clock& clock_;
  ProviderPtr primary_;
  std::vector<ProviderPtr> witnesses_;
  HeaderVerifier verifier_;
  std::optional<Attack> attack_;
};

// The first trusted block: the primary's, when its id is the root's, its commit verifies, and at
// least one witness has it and none another. Errors: usage (options), invalid_block (the primary
// has another block at the height; field --trusted-hash), conflicting_header never (nothing can be
// proved below the first trusted block): a witness that differs is invalid_block, field witness.
[[nodiscard]] Result<TrustedStore> start_trust(const TrustRoot& root, const ClientOptions& options,
                                               Provider& primary,
                                               const std::vector<ProviderPtr>& witnesses);

}  // namespace witan::light
