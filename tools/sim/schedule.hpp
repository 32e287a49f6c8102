// Virtual time outside the nodes: what is on its way, and what was planned. Earliest first; of two
// at one moment, the one that was planned first.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "messages/base/time.hpp"

namespace witan::sim {

class Schedule {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] Instant now() const { return now_; }
  void at(Instant when, Action action);
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }
  [[nodiscard]] std::optional<Instant> next() const;
  // Moves time forward; never back.
  void advance(Instant to) { now_ = now_ < to ? to : now_; }
  // Runs the first thing that is due. False: nothing is.
  bool run_due();
  explicit Schedule(Instant start) : now_(start) {}

 private:
  struct Entry {
    Instant when;
    std::uint64_t number;
    Action action;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.when != b.when ? a.when > b.when : a.number > b.number;
  }
  Instant now_;
  std::uint64_t numbers_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace witan::sim
