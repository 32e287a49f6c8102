// Shared by the runtime's tests: an actor whose behaviour is a set of functions, a place to wait
// for what actors did, and a runtime that never ends the test process.
#pragma once
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/runtime/actor.hpp"
#include "actors/runtime/runtime.hpp"
#include "messages/base/exit_codes.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/runtime/runtime_test.capnp.h"

namespace witan::test {

using namespace rt;  // NOLINT(google-build-using-namespace): test support

struct ProbeRole {
  static constexpr std::string_view name = "probe";
  using accepts = Accepts<Control<Order, Gate, Crash>, Consensus<Note, Question>, Bulk<Load>>;
};
using Probe = ActorRef<ProbeRole>;

// A list of lines that actors append to and tests wait for.
class Journal {
 public:
  void add(std::string line) {
    const std::lock_guard guard(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  // Waits until there are at least n lines; fails the test after 20 s.
  std::vector<std::string> wait(std::size_t n) {
    std::unique_lock guard(mutex_);
    const bool ok =
        changed_.wait_for(guard, std::chrono::seconds(20), [&] { return lines_.size() >= n; });
    BOOST_REQUIRE_MESSAGE(ok, "waited for " << n << " lines, have " << lines_.size());
    return lines_;
  }
  void wait_for(const std::string& line) {
    std::unique_lock guard(mutex_);
    const bool ok = changed_.wait_for(guard, std::chrono::seconds(20), [&] {
      return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    });
    BOOST_REQUIRE_MESSAGE(ok, "waited for line " << line);
  }
  std::vector<std::string> lines() {
    const std::lock_guard guard(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// Opens once; actors wait in it to keep their thread busy.
class Latch {
 public:
  void open() {
    const std::lock_guard guard(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock guard(mutex_);
    changed_.wait_for(guard, std::chrono::seconds(20), [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class Scripted;
struct Script {
  std::function<void(Scripted&)> started;
  std::function<void(Scripted&)> stopping;
  std::function<void(Scripted&, Note::Reader, const Envelope&)> note;
  std::function<void(Scripted&, Order::Reader, const Envelope&)> order;
  std::function<void(Scripted&, Load::Reader, const Envelope&)> load;
  std::function<void(Scripted&, Question::Reader, const Envelope&)> question;
  std::function<void(Scripted&, Tick::Reader, const Envelope&)> tick;
  std::function<void(Scripted&, Gate::Reader, const Envelope&)> gate;
};

class Scripted final : public ActorFor<ProbeRole> {
 public:
  Scripted(ActorContext& context, Script script) : ActorFor(context), script_(std::move(script)) {
    if (script_.note) handle<Note>(&Scripted::on_note);
    if (script_.order) handle<Order>(&Scripted::on_order);
    if (script_.load) handle<Load>(&Scripted::on_load);
    if (script_.question) handle<Question>(&Scripted::on_question);
    if (script_.gate) handle<Gate>(&Scripted::on_gate);
    if (script_.tick) own<Tick>(&Scripted::on_tick);
    handle<Crash>(&Scripted::on_crash);
  }
  ActorContext& ctx() { return context(); }

 private:
  void started() override {
    if (script_.started) script_.started(*this);
  }
  void stopping() override {
    if (script_.stopping) script_.stopping(*this);
  }
  void on_note(Note::Reader m, const Envelope& e) { script_.note(*this, m, e); }
  void on_order(Order::Reader m, const Envelope& e) { script_.order(*this, m, e); }
  void on_load(Load::Reader m, const Envelope& e) { script_.load(*this, m, e); }
  void on_question(Question::Reader m, const Envelope& e) { script_.question(*this, m, e); }
  void on_tick(Tick::Reader m, const Envelope& e) { script_.tick(*this, m, e); }
  void on_gate(Gate::Reader m, const Envelope& e) { script_.gate(*this, m, e); }
  void on_crash(Crash::Reader m, const Envelope&) { throw std::runtime_error(m.getText().cStr()); }

  Script script_;
};

inline ChildSpec child(std::string name, Script script, Restart restart = Restart::permanent) {
  ChildSpec spec;
  spec.name = std::move(name);
  spec.factory = [script](ActorContext& context) {
    return std::make_unique<Scripted>(context, script);
  };
  spec.restart = restart;
  return spec;
}

// A child that writes "+name" when it starts and "-name" when it is stopped.
inline ChildSpec announced(std::string name, Journal& journal, Script script = {},
                           Restart restart = Restart::permanent) {
  script.started = [&journal, name, then = script.started](Scripted& a) {
    journal.add("+" + name);
    if (then) then(a);
  };
  script.stopping = [&journal, name](Scripted&) { journal.add("-" + name); };
  return child(name, std::move(script), restart);
}

inline SupervisorSpec group(std::string name, Strategy strategy, std::vector<Child> children) {
  SupervisorSpec spec{.name = std::move(name), .children = std::move(children)};
  spec.strategy = strategy;
  spec.backoff_min = Duration::from_ms(1);
  spec.backoff_max = Duration::from_ms(4);
  return spec;
}
inline SupervisorSpec node(std::vector<Child> children) {
  return group("node", Strategy::one_for_one, std::move(children));
}

template <class T>
Draft<T> numbered(std::uint64_t number) {
  Draft<T> draft;
  draft->setNumber(number);
  return draft;
}
inline Draft<Note> note(const std::string& text) {
  Draft<Note> draft;
  draft->setText(text);
  return draft;
}
inline Draft<Crash> crash(const std::string& text) {
  Draft<Crash> draft;
  draft->setText(text);
  return draft;
}
inline Draft<Tick> tick(std::uint64_t generation) {
  Draft<Tick> draft;
  draft->setGeneration(generation);
  return draft;
}
inline std::string str(std::uint64_t n) { return std::to_string(n); }

// Options whose end_process returns, and counts.
struct Ended {
  std::mutex mutex;
  std::vector<ExitStatus> calls;
};
inline RuntimeOptions options(Ended* ended = nullptr) {
  RuntimeOptions out;
  out.end_process = [ended](const ExitStatus& s) {
    if (ended == nullptr) return;
    const std::lock_guard guard(ended->mutex);
    ended->calls.push_back(s);
  };
  return out;
}
inline RuntimeOptions virtual_options(std::uint64_t seed = 1) {
  RuntimeOptions out = options();
  out.deterministic = true;
  out.seed = seed;
  return out;
}

inline ActorStatus row(const Runtime& runtime, std::string_view path) {
  for (auto& status : runtime.tree()) {
    if (status.path == path) return status;
  }
  return {};
}

}  // namespace witan::test
