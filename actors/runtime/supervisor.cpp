// The supervisor: starts, watches, restarts, stops. Its policy is data (supervisor.hpp).
#include "actors/runtime/supervisor.hpp"

#include <algorithm>
#include <deque>

#include "actors/runtime/detail/core.hpp"

namespace witan::rt::detail {
namespace {

// A supervisor stops when all its children have: the sum of what they may take, twice each.
Duration shutdown_of(const Child& child) {
  if (const auto* actor = std::get_if<ChildSpec>(&child.spec)) return actor->shutdown;
  Duration sum = Duration::from_ms(500);
  for (const Child& inner : std::get<SupervisorSpec>(child.spec).children) {
    sum = sum + shutdown_of(inner) * 2;
  }
  return sum;
}

Restart restart_of(const Child& child) {
  const auto* actor = std::get_if<ChildSpec>(&child.spec);
  return actor != nullptr ? actor->restart : Restart::permanent;
}

struct Kid {
  Child spec;
  std::uint64_t id;
  SlotPtr slot;
  bool dynamic;
  caf::actor handle{};
  bool pending = false;  // to be started after the backoff
  bool asked = false;    // Stop has been sent
  bool forget = false;   // stop_child: do not restart, drop the row
};

class SupervisorShell final : public caf::event_based_actor {
 public:
  SupervisorShell(caf::actor_config& cfg, Core& core, SupervisorSpec spec, const SlotPtr& slot)
      : caf::event_based_actor(cfg),
        core_(core),
        spec_(std::move(spec)),
        slot_(slot),
        random_(core.random.fork(slot->path)) {
    slot_->supervisor = true;
    slot_->max_children = spec_.max_children;
    incarnation_ = slot_->install(slot_, caf::strong_actor_ptr(ctrl()), false, {});
    set_down_handler([this](caf::down_msg& m) { on_down(m); });
    set_default_handler(
        [this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
          slot_->unknown.fetch_add(1, std::memory_order_relaxed);
          return caf::sec::unexpected_message;
        });
    for (Child& child : spec_.children) add_kid(std::move(child));
    spec_.children.clear();
    for (Kid& kid : kids_) start_kid(kid);
  }

  const char* name() const override { return "witan.supervisor"; }

  caf::behavior make_behavior() override {
    return {[this](const Begin&) {
              for (Kid& kid : kids_) post(kid.handle, Begin{});
            },
            [this](const Stop&) { begin_stop({}); },
            [this](const RestartOne& m) { on_restart_one(m.kid); },
            [this](const RestartGroup& m) { on_restart_group(m.generation); },
            [this](const Overdue& m) { on_overdue(m); },
            [this](const Adopt& m) { on_adopt(*m.child); },
            [this](const StopChild& m) { on_stop_child(m.slot); },
            [](const Item& item) { item.taken = true; }};
  }

  // Also after a kill: no child outlives its supervisor.
  void on_exit() override {
    for (auto kid = kids_.rbegin(); kid != kids_.rend(); ++kid) {
      if (kid->handle) post(kid->handle, Stop{});
      release(*kid);
    }
    kids_.clear();
    slot_->uninstall(incarnation_.get());
    incarnation_.reset();
  }

 private:
  void add_kid(Child child) {
    const std::string path = slot_->path + "/" + child.name();
    Kid kid{std::move(child), ++last_id_, core_.slot(path), false};
    WITAN_CHECK(kid.slot->claim(), path);
    kids_.push_back(std::move(kid));
  }

  void start_kid(Kid& kid) {
    kid.pending = false;
    kid.asked = false;
    if (const auto* actor = std::get_if<ChildSpec>(&kid.spec.spec)) {
      kid.handle = spawn_actor(core_, *actor, kid.slot, slot_);
    } else {
      kid.handle = spawn_supervisor(core_, std::get<SupervisorSpec>(kid.spec.spec), kid.slot);
    }
    monitor(kid.handle);
  }

  void release(Kid& kid) {
    kid.slot->release();
    if (kid.dynamic) slot_->dynamic_children.fetch_sub(1);
  }

  Kid* find(std::uint64_t id) {
    const auto at = std::find_if(kids_.begin(), kids_.end(), [&](auto& k) { return k.id == id; });
    return at == kids_.end() ? nullptr : &*at;
  }
  void erase(const Kid& kid) { kids_.erase(kids_.begin() + (&kid - kids_.data())); }

  void on_down(const caf::down_msg& m) {
    const auto at = std::find_if(kids_.begin(), kids_.end(), [&](const Kid& k) {
      return k.handle && k.handle.address() == m.source;
    });
    if (at == kids_.end()) return;
    Kid& kid = *at;
    const bool failed = static_cast<bool>(m.reason);
    const bool killed = m.reason == caf::exit_reason::kill;
    if (killed) kid.slot->set_reason("killed");
    after_end(kid, failed);
  }

  void after_end(Kid& kid, bool failed) {
    const bool asked = std::exchange(kid.asked, false);
    kid.handle = nullptr;
    kid.slot->set_state(failed ? ActorState::failed : ActorState::stopped);
    if (core_.halted || in_stop_phase_) {
      if (in_stop_phase_) stop_next();
      return;
    }
    const Restart policy = restart_of(kid.spec);
    if (kid.forget || policy == Restart::temporary || (policy == Restart::transient && !failed)) {
      if (kid.dynamic) {
        release(kid);
        erase(kid);
      }
      return;
    }
    (void)asked;
    plan_restart(kid);
  }

  void plan_restart(Kid& kid) {
    const auto now = clock().now();
    history_.push_back(now);
    while (now - history_.front() > std::chrono::nanoseconds(spec_.window.ns)) history_.pop_front();
    const std::string reason = kid.slot->reason();
    if (history_.size() > spec_.max_restarts) {
      const std::string text = kid.slot->path + " failed too often: " + reason;
      core_.event(EventKind::escalated, slot_->path, text, history_.size());
      begin_stop(text);
      return;
    }
    const Duration delay = backoff();
    core_.event(EventKind::actor_restarting, kid.slot->path, reason,
                static_cast<std::uint64_t>(delay.ms()));
    if (spec_.strategy == Strategy::one_for_one) {
      wait_for_restart(kid);
      post_after(core_, incarnation_->handle, delay, RestartOne{kid.id});
      return;
    }
    stop_from_ =
        spec_.strategy == Strategy::one_for_all ? 0 : static_cast<std::size_t>(&kid - kids_.data());
    delay_ = delay;
    ++generation_;  // a group restart that was waiting is part of this one
    in_stop_phase_ = true;
    stop_next();
  }

  static void wait_for_restart(Kid& kid) {
    kid.pending = true;
    kid.slot->set_state(ActorState::restarting);
  }

  Duration backoff() {
    const std::size_t doublings = std::min<std::size_t>(history_.size() - 1, 20);
    std::int64_t ns = spec_.backoff_min.ns << doublings;
    if (ns > spec_.backoff_max.ns || (ns >> doublings) != spec_.backoff_min.ns) {
      ns = spec_.backoff_max.ns;
    }
    const auto jitter = static_cast<std::uint64_t>(ns) / 4;
    if (jitter > 0) ns += static_cast<std::int64_t>(random_.below(jitter));
    return {ns};
  }

  // Reverse order, one at a time, each with its own deadline.
  void stop_next() {
    for (std::size_t i = kids_.size(); i-- > stop_from_;) {
      Kid& kid = kids_[i];
      if (!kid.handle) continue;
      ask_to_stop(kid);
      return;
    }
    in_stop_phase_ = false;
    if (stopping_) {
      finish();
      return;
    }
    bool any = false;
    for (std::size_t i = stop_from_; i < kids_.size();) {
      Kid& kid = kids_[i];
      if (kid.forget || restart_of(kid.spec) == Restart::temporary) {
        if (kid.dynamic) {
          release(kid);
          erase(kid);
          continue;
        }
      } else {
        wait_for_restart(kid);
        any = true;
      }
      ++i;
    }
    if (any) post_after(core_, incarnation_->handle, delay_, RestartGroup{generation_});
  }

  void ask_to_stop(Kid& kid) {
    if (kid.asked) return;
    kid.asked = true;
    post(kid.handle, Stop{});
    post_after(core_, incarnation_->handle, shutdown_of(kid.spec),
               Overdue{kid.id, kid.handle.id(), false});
  }

  void on_overdue(const Overdue& m) {
    Kid* kid = find(m.kid);
    if (kid == nullptr || !kid->handle || kid->handle.id() != m.incarnation) return;
    if (!m.killed) {
      core_.event(EventKind::stop_overdue, kid->slot->path);
      kill(kid->handle);
      post_after(core_, incarnation_->handle, shutdown_of(kid->spec),
                 Overdue{m.kid, m.incarnation, true});
      return;
    }
    // A thread cannot be killed. Going on beside it would put two writers into one slot.
    const std::string text = kid->slot->path + " does not stop";
    core_.event(EventKind::abandoned, kid->slot->path, text);
    core_.end_process({static_cast<int>(ExitCode::forced_stop), text});
    demonitor(kid->handle);
    if (const auto who = kid->slot->current()) kid->slot->uninstall(who.get());
    kid->slot->set_reason("abandoned: does not stop");
    kid->forget = true;
    after_end(*kid, true);
  }

  void on_restart_one(std::uint64_t id) {
    Kid* kid = find(id);
    if (kid == nullptr || !kid->pending || stopping_ || core_.halted) return;
    kid->slot->count_restart();
    start_kid(*kid);
    post(kid->handle, Begin{});
  }

  void on_restart_group(std::uint64_t generation) {
    if (generation != generation_ || stopping_ || in_stop_phase_ || core_.halted) return;
    std::vector<caf::actor> started;
    for (Kid& kid : kids_) {
      if (!kid.pending) continue;
      kid.slot->count_restart();
      start_kid(kid);
      started.push_back(kid.handle);
    }
    for (const auto& handle : started) post(handle, Begin{});
  }

  void on_adopt(Adoption& adoption) {
    adoption.adopted = true;
    Kid kid{Child(std::move(adoption.spec)), ++last_id_, adoption.slot, true};
    kid.handle = adoption.handle;
    monitor(kid.handle);  // one that has ended already is reported at once
    kids_.push_back(std::move(kid));
    if (in_stop_phase_ || stopping_) stop_next();
  }

  void on_stop_child(std::uint32_t number) {
    for (Kid& kid : kids_) {
      if (kid.slot->number != number || !kid.dynamic) continue;
      kid.forget = true;
      if (kid.handle) {
        ask_to_stop(kid);
      } else if (!in_stop_phase_) {
        release(kid);
        erase(kid);
      }
      return;
    }
  }

  void begin_stop(std::string reason) {
    if (stopping_) return;
    stopping_ = true;
    reason_ = std::move(reason);
    slot_->set_state(ActorState::stopping);
    stop_from_ = 0;
    in_stop_phase_ = true;
    stop_next();
  }

  void finish() {
    slot_->set_reason(reason_.empty() ? "stopped" : reason_);
    if (reason_.empty()) {
      quit();
    } else {
      quit(caf::make_error(caf::sec::runtime_error));
    }
  }

  Core& core_;
  SupervisorSpec spec_;
  const SlotPtr slot_;
  Random random_;
  IncarnationPtr incarnation_;
  std::vector<Kid> kids_;
  std::deque<caf::actor_clock::time_point> history_;
  std::uint64_t last_id_ = 0;
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  bool in_stop_phase_ = false;
  std::size_t stop_from_ = 0;
  Duration delay_{};
  std::string reason_;
};

}  // namespace

caf::actor spawn_supervisor(Core& core, const SupervisorSpec& spec, const SlotPtr& slot) {
  return core.system->spawn<SupervisorShell>(core, spec, slot);
}

}  // namespace witan::rt::detail
