// Durable<T>: a signed message whose forbidding record is on disk (consensus.md S3).
//
// Only Signer::confirm and Signer::restore make one, and RemoteSigner of what a signer process has
// made durable, and the network's publish function takes nothing else: a signature cannot leave the
// node before the record that forbids contradicting it.
#pragma once
#include <utility>
#include <variant>

#include "messages/types/proposal.hpp"
#include "messages/types/vote.hpp"

namespace witan {

template <class T>
class Durable {
 public:
  [[nodiscard]] const T& get() const { return value_; }
  bool operator==(const Durable&) const = default;

 private:
  friend class Signer;
  friend class RemoteSigner;
  explicit Durable(T value) : value_(std::move(value)) {}
  T value_;
};

using DurableMessage = std::variant<Durable<SignedProposal>, Durable<SignedVote>>;

}  // namespace witan
