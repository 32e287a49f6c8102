// Described: an actor that can say what it holds, for whoever drives a deterministic run and stops
// at a message (docs/simulator.md, replay). Nothing in a node asks.
#pragma once
#include <memory>
#include <string>

namespace witan::rt {

class Described {
 public:
  Described() = default;
  virtual ~Described() { *place_ = nullptr; }
  Described(const Described&) = delete;
  Described& operator=(const Described&) = delete;

  // Facts in words, one a line, in a stable order; no addresses, no measured times. Between the
  // actor's messages, or on its own thread.
  [[nodiscard]] virtual std::string describe() const = 0;

  // Where this actor is to be found; null inside once it has ended.
  [[nodiscard]] std::shared_ptr<const Described* const> place() const { return place_; }

 private:
  const std::shared_ptr<const Described*> place_ = std::make_shared<const Described*>(this);
};

}  // namespace witan::rt
