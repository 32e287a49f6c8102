// The node's actor system: start, stop, fail-stop, virtual time, watchdog.
#include "actors/runtime/runtime.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "actors/runtime/detail/core.hpp"
#include "actors/runtime/detail/watchdog.hpp"
#include "actors/runtime/system_clock.hpp"

namespace witan::rt {
namespace detail {
namespace {

// Virtual time starts at one hour, because CAF's test clock treats zero as unset, and on a fixed
// day, so that block times of a simulation are plausible.
constexpr Duration virtual_start = Duration::from_s(3600);
constexpr UnixTime virtual_day{1'700'000'000'000'000'000};

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(const caf::scheduler::test_coordinator*& scheduler)
      : scheduler_(scheduler) {}
  [[nodiscard]] Instant now() const override {
    auto* s = const_cast<caf::scheduler::test_coordinator*>(scheduler_);
    return {s->clock().current_time.time_since_epoch().count()};
  }
  [[nodiscard]] UnixTime unix_now() const override {
    return virtual_day + (now() - (Instant{} + virtual_start));
  }

 private:
  const caf::scheduler::test_coordinator*& scheduler_;
};

}  // namespace

Core::Core(RuntimeOptions o)
    : options(std::move(o)),
      trace(options.trace),
      faults(options.faults),
      random(options.seed),
      order(random.fork("runtime.order")) {
  if (!options.end_process) {
    options.end_process = [](const ExitStatus& s) { std::_Exit(s.code); };
  }
  if (options.deterministic) {
    config.set("scheduler.policy", caf::atom("testing"));
  } else {
    config.set("scheduler.policy", caf::atom("sharing"))
        .set("scheduler.max-threads", options.worker_threads)
        .set("scheduler.max-throughput", options.max_throughput);
  }
  system = std::make_unique<caf::actor_system>(config);
  clock = options.clock;
  if (options.deterministic) {
    scheduler = dynamic_cast<caf::scheduler::test_coordinator*>(&system->scheduler());
    WITAN_CHECK(scheduler != nullptr);
    scheduler->clock().current_time += std::chrono::nanoseconds(virtual_start.ns);
    if (clock == nullptr) {
      own_clock = std::make_unique<VirtualClock>(
          const_cast<const caf::scheduler::test_coordinator*&>(scheduler));
      clock = own_clock.get();
    }
  } else if (clock == nullptr) {
    clock = &system_clock();
  }
}

Core::~Core() = default;

void Core::finish(ExitStatus s) {
  const std::lock_guard guard(ended_mutex);
  if (!status) status = std::move(s);
  ended_cv.notify_all();
}

std::optional<ExitStatus> Core::ended() {
  const std::lock_guard guard(ended_mutex);
  return status;
}

void Core::end_process(ExitStatus s) {
  halted = true;
  finish(s);
  options.end_process(s);
}

void Core::fail_node(ErrorCode code, const std::string& path, const std::string& text) {
  if (halted.exchange(true)) return;  // the first failure is the one that is told
  const int number = static_cast<int>(exit_code_for(code));
  const std::string reason = path + ": " + Error{code, "", text}.to_string();
  event(EventKind::node_failed, path, reason, static_cast<std::uint64_t>(number));
  end_process({number, reason});
}

}  // namespace detail

using detail::Core;

Runtime::Runtime(RuntimeOptions options) : core_(std::make_shared<Core>(std::move(options))) {
  auto& core = *core_;
  core.asker = detail::spawn_asker(core);
  core.asker_down = false;
  core.asker->attach_functor([raw = core_.get()] {
    const std::lock_guard guard(raw->ended_mutex);
    raw->asker_down = true;
    raw->ended_cv.notify_all();
  });
  if (!core.options.deterministic && core.options.watchdog.period.ns > 0) {
    watchdog_ = std::make_unique<detail::Watchdog>(core);
  }
}

Runtime::~Runtime() {
  (void)stop(Duration::from_s(2));
  watchdog_.reset();
  auto& core = *core_;
  core.closing = true;
  core.root = nullptr;
  core.asker = nullptr;
  if (core.scheduler != nullptr) core.scheduler->clock().cancel_all();
  core.system.reset();  // waits for the last actor
}

void Runtime::start(SupervisorSpec root) {
  auto& core = *core_;
  WITAN_CHECK(!core.root);
  const auto slot = core.slot("/" + root.name);
  WITAN_CHECK(slot->claim(), slot->path);
  core.root_down = false;
  core.root = detail::spawn_supervisor(core, root, slot);
  core.root->attach_functor([raw = core_.get(), slot](const caf::error& reason) {
    if (reason) {
      raw->finish({static_cast<int>(ExitCode::supervision), slot->reason()});
    } else {
      raw->finish({static_cast<int>(ExitCode::success), "stopped"});
    }
    const std::lock_guard guard(raw->ended_mutex);
    raw->root_down = true;
    raw->ended_cv.notify_all();
  });
  detail::post(core.root, detail::Begin{});
}

ErasedRef Runtime::erased_ref(std::string_view path) { return ErasedRef(core_->slot(path)); }

void Runtime::ask_impl(const ErasedRef& to, Envelope&& envelope, MailboxClass mailbox,
                       Duration deadline, detail::ReplyCallback callback) {
  auto question = std::make_shared<detail::Question>();
  question->to = to;
  question->envelope = std::move(envelope);
  question->mailbox = mailbox;
  question->deadline = deadline;
  question->callback = std::move(callback);
  const auto who = core_->slot("/ask")->current();
  if (who) detail::post(who->handle, detail::Ask{std::move(question)});
}

ExitStatus Runtime::stop(Duration deadline) {
  auto& core = *core_;
  const bool first = !core.stopping.exchange(true);
  if (first && core.root) detail::post(core.root, detail::Stop{});
  const auto down = [&core](bool& flag) {
    const std::lock_guard guard(core.ended_mutex);
    return flag;
  };
  const auto wait_for = [&](bool& flag) {
    if (core.scheduler != nullptr) {
      const Instant end = virtual_now() + deadline;
      drain();
      while (!down(flag)) {
        const auto next = next_due();
        if (!next || *next > end) return false;
        advance_to(*next);
      }
      return true;
    }
    std::unique_lock guard(core.ended_mutex);
    return core.ended_cv.wait_for(guard, std::chrono::nanoseconds(deadline.ns),
                                  [&] { return flag; });
  };
  if (!wait_for(core.root_down)) {
    core.end_process({static_cast<int>(ExitCode::forced_stop), "the tree did not stop in time"});
  }
  if (core.asker && !down(core.asker_down)) {
    detail::post(core.asker, detail::Stop{});
    (void)wait_for(core.asker_down);
  }
  core.finish({static_cast<int>(ExitCode::success), "stopped"});
  return *core.ended();
}

ExitStatus Runtime::wait() {
  auto& core = *core_;
  std::unique_lock guard(core.ended_mutex);
  core.ended_cv.wait(guard, [&] { return core.status.has_value(); });
  return *core.status;
}

std::optional<ExitStatus> Runtime::ended() const { return core_->ended(); }

std::vector<ActorStatus> Runtime::tree() const {
  std::vector<ActorStatus> out;
  const Instant now = core_->now();
  for (const auto& slot : core_->slots()) out.push_back(slot->status(now));
  return out;
}

const Clock& Runtime::clock() const { return *core_->clock; }
void Runtime::set_faults(FaultPlan* plan) { core_->faults = plan; }
void Runtime::set_trace(TraceSink* sink) { core_->trace = sink; }

std::size_t Runtime::drain() {
  auto& core = *core_;
  WITAN_CHECK(core.scheduler != nullptr);
  auto& jobs = core.scheduler->jobs;
  std::size_t steps = 0;
  for (; !jobs.empty(); ++steps) {
    if (jobs.size() > 1) std::swap(jobs.front(), jobs[core.order.below(jobs.size())]);
    core.scheduler->run_once();
  }
  return steps;
}

std::optional<Instant> Runtime::next_due() const {
  WITAN_CHECK(core_->scheduler != nullptr);
  const auto& schedule = core_->scheduler->clock().schedule();
  if (schedule.empty()) return std::nullopt;
  return Instant{schedule.begin()->first.time_since_epoch().count()};
}

void Runtime::advance_to(Instant t) {
  auto& core = *core_;
  drain();
  for (auto next = next_due(); next && *next <= t; next = next_due()) {
    core.scheduler->trigger_timeout();
    drain();
  }
  auto& time = core.scheduler->clock().current_time;
  const caf::actor_clock::time_point end{std::chrono::nanoseconds(t.ns)};
  time = std::max(time, end);
}

void Runtime::advance(Duration d) { advance_to(virtual_now() + d); }

Instant Runtime::virtual_now() const {
  WITAN_CHECK(core_->scheduler != nullptr);
  return {core_->scheduler->clock().current_time.time_since_epoch().count()};
}

}  // namespace witan::rt
