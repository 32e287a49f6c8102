// TraceSet: hops of one or several nodes on one time axis, with names and causes. Everything that
// queries, draws or exports a trace reads one of these.
//
// Times of nodes: each file says how its monotonic clock maps to its host's Unix time. On top of
// that, nodes measure their peers' clocks with pings, and messages that went both ways between two
// nodes are a measurement too; the first node is the reference, and the others are shifted along
// the most exact chain of measurements. What was assumed stands in TraceNode. Content is hostile:
// spans may collide, parents may form circles, times may be anything. Pure.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "actors/telemetry/trace/core/format.hpp"

namespace witan::trace {

struct TraceNode {  // one run of one node's process
  NodeInfo info;
  std::string label;
  std::map<std::uint32_t, std::string> actors;
  std::map<std::uint32_t, std::string> peers;  // session number -> node id in hex
  std::vector<PeerClock> clocks;
  std::int64_t shift_ns = 0;   // added to its Unix time
  std::int64_t error_ns = -1;  // the shift is right within this; -1: not measured, assumed equal
  std::uint64_t lost = 0;      // hops the recorder could not keep
};

// What could not be read, and where.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;
  std::string text;
};

using Selection = std::vector<std::uint32_t>;  // indices of hops, by time

// Nanoseconds without undefined overflow: times in files may be anything.
[[nodiscard]] constexpr std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
[[nodiscard]] constexpr std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

class TraceSet {
 public:
  // ---- building
  // The run of this process; files of one run share it.
  std::size_t node(const NodeInfo& info, const std::string& fallback_label);
  void add_names(std::size_t node, const std::vector<Name>& names);
  // `added`: hops of one block with monotonic times.
  void add_hops(std::size_t node, std::int64_t wall_base, const HopList& added);
  // Aligns clocks, sorts, drops what two files hold twice. Once, at the end.
  void finish();

  // ---- reading
  [[nodiscard]] const std::vector<HopRecord>& hops() const { return list_.hops; }
  [[nodiscard]] std::string type_name(std::uint64_t type) const;
  // Path without "/node/"; "outside" for 0, "#17" for a number without a name.
  [[nodiscard]] std::string actor_name(std::size_t node, std::uint32_t number) const;
  // "node0 consensus"; the sender of a network hop is the session at the other end, if known.
  [[nodiscard]] std::string from_label(const HopRecord& hop) const;
  [[nodiscard]] std::string to_label(const HopRecord& hop) const;
  // The hop whose handling sent this one; null if it was not recorded.
  [[nodiscard]] const HopRecord* cause_of(const HopRecord& hop) const;
  // Ids (first eight bytes) of the transactions a hop carried.
  [[nodiscard]] std::vector<std::uint64_t> transactions_of(std::uint32_t hop) const;
  [[nodiscard]] bool carries(std::uint32_t hop, std::uint64_t transaction) const;
  [[nodiscard]] std::uint32_t index_of(const HopRecord& hop) const {
    return static_cast<std::uint32_t>(&hop - list_.hops.data());
  }

  std::vector<TraceNode> nodes;
  std::map<std::uint64_t, std::string> types;
  std::vector<Damage> damage;

 private:
  struct Measured {  // as PeerClock, between two of `nodes`
    std::size_t from = 0, to = 0;
    std::int64_t offset_ns = 0, error_ns = 0;  // the clock of `to` minus that of `from`
  };
  [[nodiscard]] std::vector<Measured> measured_by_messages() const;
  void align();
  [[nodiscard]] std::vector<bool> repeated() const;
  void move_times();
  void merge(const std::vector<bool>& dropped);
  struct Base {  // of the hops from `first` on, until the next one's
    std::uint32_t first = 0;
    std::int64_t wall = 0;
  };
  std::vector<Base> bases_;
  HopList list_;  // until finish() with monotonic times
  std::vector<std::pair<std::uint64_t, std::uint32_t>> by_span_;  // sorted
};

[[nodiscard]] std::string short_actor(std::string_view path);
[[nodiscard]] std::string hex64(std::uint64_t value);  // 16 digits
// 2026-11-22T01:02:03.123456Z
[[nodiscard]] std::string time_text(std::int64_t unix_ns);
// "1.250 ms", "12.3 us", "2.000 s"; negative values have a sign.
[[nodiscard]] std::string duration_text(std::int64_t ns);

}  // namespace witan::trace
