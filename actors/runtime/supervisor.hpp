// Supervision as data: who is restarted when, how often, how fast, and what happens when that does
// not help. Supervisors monitor their children (never link) and hold no domain logic.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "messages/base/time.hpp"

namespace witan::rt {

class Actor;
class ActorContext;

enum class Restart : std::uint8_t {
  permanent,  // whenever it ends
  transient,  // only when it failed
  temporary,  // never; its slot is forgotten
};

enum class Strategy : std::uint8_t {
  one_for_one,   // restart the child that ended
  one_for_all,   // stop all in reverse order, restart all in order
  rest_for_one,  // the same for the child that ended and those started after it
};

// Most messages of a class waiting in a mailbox; 0 = unbounded. Control has no bound by design.
struct MailboxBounds {
  std::uint32_t consensus = 8192;
  std::uint32_t bulk = 2048;
};

// Where an actor runs. All are pooled when deterministic.
enum class Thread : std::uint8_t {
  pooled,      // one of the workers, in turns
  own,         // waits or computes for long: fsync, execution, proofs
  background,  // the same, and gives way to the others when cores are short (nice 5)
};

// Makes one incarnation of an actor, on that actor's own thread. May throw: a failed start counts
// as a failure of the child.
using ActorFactory = std::function<std::unique_ptr<Actor>(ActorContext&)>;

struct ChildSpec {
  std::string name;  // last element of its path; may contain '/' ("session/17")
  ActorFactory factory;
  Restart restart = Restart::permanent;
  Duration shutdown = Duration::from_ms(1000);  // to stop gracefully; then it is killed
  Thread thread = Thread::pooled;
  MailboxBounds mailbox{};
};

struct Child;

struct SupervisorSpec {
  std::string name;
  Strategy strategy = Strategy::one_for_one;
  // More than max_restarts failures within the window: stop all children and fail towards the
  // parent; the root fails towards the process (exit code supervision).
  std::uint32_t max_restarts = 5;
  Duration window = Duration::from_s(30);
  // The n-th restart within the window waits min * 2^(n-1), at most max, plus up to 25 % jitter.
  Duration backoff_min = Duration::from_ms(10);
  Duration backoff_max = Duration::from_s(5);
  std::uint32_t max_children = 1024;  // bound of start_child
  std::vector<Child> children;        // started in this order, stopped in reverse
};

struct Child {
  // NOLINTBEGIN(google-explicit-constructor): a list of children reads as a tree
  Child(ChildSpec actor) : spec(std::move(actor)) {}
  Child(SupervisorSpec group) : spec(std::move(group)) {}
  // NOLINTEND(google-explicit-constructor): as above
  std::variant<ChildSpec, SupervisorSpec> spec;
  [[nodiscard]] const std::string& name() const {
    return std::visit([](const auto& s) -> const std::string& { return s.name; }, spec);
  }
};

enum class ActorState : std::uint8_t {
  empty,  // referred to, never started
  running,
  restarting,  // waiting for its backoff
  stopping,
  stopped,
  failed,  // ended for good with a reason
};
[[nodiscard]] std::string_view name_of(ActorState state);

}  // namespace witan::rt
