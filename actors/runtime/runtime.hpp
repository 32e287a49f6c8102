// Runtime: the supervision tree of one node, its worker threads, its timers and its end.
// One per process in production; one per simulated node under the deterministic scheduler.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/runtime/actor_context.hpp"
#include "actors/runtime/actor_ref.hpp"
#include "actors/runtime/door.hpp"
#include "actors/runtime/supervisor.hpp"
#include "messages/base/time.hpp"

namespace witan::rt {

struct ExitStatus {
  int code = 0;  // messages/base/exit_codes.hpp
  std::string reason;
};

struct WatchdogOptions {
  Duration period{};                          // 0 = no watchdog thread
  Duration busy_limit = Duration::from_s(1);  // a handler running longer: event `stuck`
  Duration wait_limit = Duration::from_s(2);  // a mailbox head older: event `starved`
  // A handler running longer ends the process with exit code watchdog; 0 = never. Actors with a
  // thread of their own are exempt: their work is long by nature.
  Duration hard_limit{};
};

struct RuntimeOptions {
  std::size_t worker_threads = 2;
  std::size_t max_throughput = 100;  // messages an actor handles before it yields its worker
  const Clock* clock = nullptr;      // null: the system's, or a virtual one when deterministic
  std::uint64_t seed = 0;  // of every actor's random stream; of span ids when deterministic
  TraceSink* trace = nullptr;
  FaultPlan* faults = nullptr;
  EventSink* events = nullptr;
  PoisonGuard* poison = nullptr;
  WatchdogOptions watchdog{};
  // One thread, virtual time, seeded order: nothing happens outside drain() and advance_to().
  bool deterministic = false;
  // Ends the process after fail_node, the watchdog's hard limit or a stop that overran. Default:
  // std::_Exit(status.code). Tests and the simulator return from it; then wait() tells the status.
  std::function<void(const ExitStatus&)> end_process;
};

// One row of tree(): a slot and who stands in it.
struct MailboxStatus {
  std::uint32_t depth = 0;
  std::uint32_t high_water = 0;
  std::uint32_t bound = 0;  // 0 = unbounded
  std::uint64_t shed = 0;
  Duration oldest{};  // upper bound of the head's age
};
struct ActorStatus {
  std::string path;
  bool supervisor = false;
  ActorState state = ActorState::empty;
  std::uint32_t restarts = 0;
  std::string last_reason;  // of the last end of an incarnation
  std::array<MailboxStatus, mailbox_classes> mailbox{};
  std::uint64_t handled = 0;
  std::uint64_t unknown = 0;  // messages without a handler
  Duration busy_total{};
  Duration busy_now{};  // of the handler running now
};

namespace detail {
class Core;
class Watchdog;
}  // namespace detail

class Runtime {
 public:
  explicit Runtime(RuntimeOptions options);
  // Stops (2 s) if that has not been done.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Puts the whole tree into its slots, then lets every actor start, in order. Once.
  void start(SupervisorSpec root);

  // Any thread; before or after start().
  template <ActorRole Role>
  [[nodiscard]] ActorRef<Role> ref(std::string_view path) {
    return ActorRef<Role>(erased_ref(path));
  }
  [[nodiscard]] ErasedRef erased_ref(std::string_view path);

  // A request from outside the actors (HTTP): the callback is called exactly once, on a worker
  // thread, as in ActorContext::request; `cancelled` when the runtime stops first. Must be quick
  // and must not throw.
  template <class Reply, ActorRole Role, class T, class F>
  requires accepts_v<Role, T>
  void ask(const ActorRef<Role>& to, Draft<T>&& draft, Duration deadline, F&& callback) {
    ask_impl(to.erased(), std::move(draft).seal(), class_of<Role, T>, deadline,
             ActorContext::reply_callback<Reply>(std::forward<F>(callback)));
  }

  // Graceful stop: children in reverse order, each within its own deadline, then killed. When the
  // whole takes longer than the deadline the process is ended (exit code forced_stop). Returns
  // when everything has ended. Any thread that is not an actor's; idempotent.
  ExitStatus stop(Duration deadline);
  // Blocks until the tree has ended: stop(), a failed root, or fail_node().
  ExitStatus wait();
  // The status, if the tree has ended.
  [[nodiscard]] std::optional<ExitStatus> ended() const;

  // All slots, sorted by path. Any thread.
  [[nodiscard]] std::vector<ActorStatus> tree() const;
  [[nodiscard]] const Clock& clock() const;
  // Swaps the fault plan of a running node; null removes it. The old one may still be in use for
  // a moment: keep it alive as long as the Runtime.
  void set_faults(FaultPlan* plan);
  void set_trace(TraceSink* sink);

  // --- deterministic mode only; all from one thread ---
  // Handles everything that is ready, in an order drawn from the seed. Returns messages handled.
  std::size_t drain();
  // When the earliest timer is due, if there is one.
  [[nodiscard]] std::optional<Instant> next_due() const;
  // Moves virtual time forward, firing due timers in order and draining after each.
  void advance_to(Instant t);
  void advance(Duration d);
  [[nodiscard]] Instant virtual_now() const;

 private:
  void ask_impl(const ErasedRef& to, Envelope&& envelope, MailboxClass mailbox, Duration deadline,
                detail::ReplyCallback callback);
  std::shared_ptr<detail::Core> core_;
  std::unique_ptr<detail::Watchdog> watchdog_;
};

}  // namespace witan::rt
