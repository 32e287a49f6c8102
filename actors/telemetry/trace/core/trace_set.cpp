#include "actors/telemetry/trace/core/trace_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace witan::trace {
namespace {

constexpr std::string_view node_prefix = "/node/";

// Order on the time axis; ties are broken by what does not depend on the order of files.
bool earlier(const HopRecord& a, const HopRecord& b) {
  if (a.sent != b.sent) return a.sent < b.sent;
  if (a.started != b.started) return a.started < b.started;
  if (a.node != b.node) return a.node < b.node;
  if (a.span != b.span) return a.span < b.span;
  return a.transactions > b.transactions;  // of the same hop the richer record first
}

// What tells the hops of one span apart, by their monotonic times: two files of one process may
// differ in how they map those to Unix time.
auto identity_of(const HopRecord& hop) {
  return std::tuple(hop.node, hop.to, hop.kind, hop.sent, hop.started);
}

}  // namespace

std::string short_actor(std::string_view path) {
  if (path.starts_with(node_prefix)) path.remove_prefix(node_prefix.size());
  return std::string(path);
}

std::string hex64(std::uint64_t value) { return fmt::format("{:016x}", value); }

std::string time_text(std::int64_t unix_ns) {
  std::int64_t us = unix_ns / 1000;
  if (unix_ns % 1000 < 0) --us;
  std::int64_t days = us / 86'400'000'000;
  std::int64_t rest = us % 86'400'000'000;
  if (rest < 0) {
    rest += 86'400'000'000;
    --days;
  }
  // Civil date from days since 1970-01-01 (proleptic Gregorian calendar, years of 400).
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * shifted + 2) / 5 + 1;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  const std::int64_t s = rest / 1'000'000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", year, month, day, s / 3600,
                     s / 60 % 60, s % 60, rest % 1'000'000);
}

std::string duration_text(std::int64_t ns) {
  const bool negative = ns < 0;
  const std::uint64_t v =
      negative ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  const std::string_view sign = negative ? "-" : "";
  const auto scaled = [&](std::uint64_t unit, std::string_view name) {
    return fmt::format("{}{}.{:03} {}", sign, v / unit, v % unit / (unit / 1000), name);
  };
  if (v >= 1'000'000'000) return scaled(1'000'000'000, "s");
  if (v >= 1'000'000) return scaled(1'000'000, "ms");
  if (v >= 1000) return scaled(1000, "us");
  return fmt::format("{}{} ns", sign, v);
}

// ---- building

std::size_t TraceSet::node(const NodeInfo& info, const std::string& fallback_label) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodeInfo& known = nodes[i].info;
    if (known.id == info.id && known.started_ns == info.started_ns && known.moniker == info.moniker)
      return i;
  }
  TraceNode node;
  node.info = info;
  node.label = info.moniker.empty() ? fallback_label : info.moniker;
  const auto taken = [this](const std::string& label) {
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](const TraceNode& other) { return other.label == label; });
  };
  const std::string base = node.label;
  for (int n = 2; taken(node.label); ++n) node.label = fmt::format("{}#{}", base, n);
  nodes.push_back(std::move(node));
  return nodes.size() - 1;
}

void TraceSet::add_names(std::size_t node, const std::vector<Name>& names) {
  for (const Name& name : names) {
    if (name.kind == NameKind::type) {
      types[name.number] = name.text;
    } else if (name.number <= 0xffff'ffff) {
      auto& table = name.kind == NameKind::actor ? nodes[node].actors : nodes[node].peers;
      table[static_cast<std::uint32_t>(name.number)] = name.text;
    }
  }
}

void TraceSet::add_hops(std::size_t node, std::int64_t wall_base, const HopList& added) {
  const auto first = static_cast<std::uint32_t>(list_.hops.size());
  bases_.push_back({first, wall_base});
  for (HopRecord hop : added.hops) {
    hop.node = static_cast<std::uint16_t>(node);
    list_.hops.push_back(hop);
  }
  for (const HopTransaction& tx : added.transactions)
    list_.transactions.push_back({tx.hop + first, tx.id});
}

// Nothing arrives before it was sent. Of all messages from a to b the fastest says how far b's
// clock can be ahead at most, of those from b to a how far it can be behind; the truth lies
// between:
//
//   offset = (d_ab - d_ba) / 2, right within (d_ab + d_ba) / 2     d: received minus sent, least
//
// as for a ping (clock_estimate.hpp) whose ways were the fastest of the whole trace. "Sent" is when
// the handling of the cause began, which is not too late.
std::vector<TraceSet::Measured> TraceSet::measured_by_messages() const {
  constexpr std::int64_t far = std::int64_t{1} << 61;  // sums of two fit
  struct Place {
    std::size_t node = 0;
    std::int64_t time = 0;  // Unix time of its host
  };
  const auto each_hop = [this](const auto& call) {
    for (std::size_t b = 0; b < bases_.size(); ++b) {
      const std::size_t end = b + 1 < bases_.size() ? bases_[b + 1].first : list_.hops.size();
      for (std::size_t i = bases_[b].first; i < end; ++i)
        call(list_.hops[i], plus(list_.hops[i].started, bases_[b].wall));
    }
  };
  std::unordered_map<std::uint64_t, Place> causes;  // looked up only
  each_hop([&](const HopRecord& hop, std::int64_t) {
    if (hop.kind == kind_network && hop.parent != 0) causes[hop.parent] = {nodes.size(), 0};
  });
  each_hop([&](const HopRecord& hop, std::int64_t time) {
    if (const auto at = causes.find(hop.span); at != causes.end()) at->second = {hop.node, time};
  });
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> least;
  each_hop([&](const HopRecord& hop, std::int64_t time) {
    if (hop.kind != kind_network || hop.parent == 0) return;
    const Place& cause = causes.at(hop.parent);
    const std::int64_t delay = minus(time, cause.time);
    if (cause.node == nodes.size() || cause.node == hop.node || delay >= far || delay <= -far)
      return;
    const auto [at, first] = least.try_emplace({cause.node, hop.node}, delay);
    at->second = std::min(at->second, delay);
  });
  std::vector<Measured> out;
  for (const auto& [pair, there] : least) {
    const auto back = least.find({pair.second, pair.first});
    if (pair.first > pair.second || back == least.end() || there + back->second < 0) continue;
    out.push_back(
        {pair.first, pair.second, (there - back->second) / 2, (there + back->second) / 2 + 1});
  }
  return out;
}

// Shortest chain of measurements from the first node, by the sum of their errors. Few nodes.
void TraceSet::align() {
  if (nodes.empty()) return;
  const std::vector<Measured> by_messages = measured_by_messages();
  nodes[0].error_ns = 0;
  std::vector<bool> done(nodes.size(), false);
  for (std::size_t round = 0; round < nodes.size(); ++round) {
    std::size_t best = nodes.size();
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (!done[i] && nodes[i].error_ns >= 0 &&
          (best == nodes.size() || nodes[i].error_ns < nodes[best].error_ns))
        best = i;
    if (best == nodes.size()) return;
    done[best] = true;
    const auto reach = [&](std::size_t to, std::int64_t offset, std::int64_t error) {
      const std::int64_t sum = plus(nodes[best].error_ns, error);
      if (done[to] || sum < 0 || (nodes[to].error_ns >= 0 && nodes[to].error_ns <= sum)) return;
      nodes[to].error_ns = sum;
      nodes[to].shift_ns = minus(nodes[best].shift_ns, offset);
    };
    for (std::size_t j = 0; j < nodes.size(); ++j) {
      if (j == best) continue;
      if (!nodes[j].info.id.empty() && nodes[j].info.id == nodes[best].info.id) reach(j, 0, 0);
      for (const PeerClock& clock : nodes[best].clocks)
        if (clock.node == nodes[j].info.id) reach(j, clock.offset_ns, clock.error_ns);
      for (const PeerClock& clock : nodes[j].clocks)
        if (clock.node == nodes[best].info.id) reach(j, minus(0, clock.offset_ns), clock.error_ns);
    }
    for (const Measured& m : by_messages) {
      if (m.from == best) reach(m.to, m.offset_ns, m.error_ns);
      if (m.to == best) reach(m.from, minus(0, m.offset_ns), m.error_ns);
    }
  }
}

// Hops that two files hold, but for the richest of each; before times are moved.
std::vector<bool> TraceSet::repeated() const {
  std::vector<bool> out(list_.hops.size(), false);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
  order.reserve(list_.hops.size());
  for (std::uint32_t i = 0; i < list_.hops.size(); ++i) order.emplace_back(list_.hops[i].span, i);
  std::sort(order.begin(), order.end());
  const auto before = [this](const auto& a, const auto& b) {
    const HopRecord &x = list_.hops[a.second], &y = list_.hops[b.second];
    if (identity_of(x) != identity_of(y)) return identity_of(x) < identity_of(y);
    return x.transactions != y.transactions ? x.transactions > y.transactions : a.second < b.second;
  };
  for (auto at = order.begin(); at != order.end();) {
    auto end = at + 1;
    while (end != order.end() && end->first == at->first) ++end;
    if (end - at > 1) std::sort(at, end, before);
    for (auto next = at + 1; next < end; ++next)
      out[next->second] =
          identity_of(list_.hops[next->second]) == identity_of(list_.hops[(next - 1)->second]);
    at = end;
  }
  return out;
}

// To Unix time, and to the clock of the reference node.
void TraceSet::move_times() {
  for (std::size_t b = 0; b < bases_.size(); ++b) {
    const std::size_t end = b + 1 < bases_.size() ? bases_[b + 1].first : list_.hops.size();
    for (std::size_t i = bases_[b].first; i < end; ++i) {
      HopRecord& hop = list_.hops[i];
      const std::int64_t by = plus(bases_[b].wall, nodes[hop.node].shift_ns);
      hop.sent = plus(hop.sent, by);
      hop.started = plus(hop.started, by);
      hop.finished = plus(hop.finished, by);
    }
  }
}

void TraceSet::merge(const std::vector<bool>& dropped) {
  std::vector<std::uint32_t> order;
  order.reserve(list_.hops.size());
  for (std::uint32_t i = 0; i < list_.hops.size(); ++i)
    if (!dropped[i]) order.push_back(i);
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    return earlier(list_.hops[a], list_.hops[b]) ||
           (!earlier(list_.hops[b], list_.hops[a]) && a < b);
  });
  std::vector<std::uint32_t> place(list_.hops.size());  // old index -> new
  std::vector<HopRecord> sorted;
  sorted.reserve(order.size());
  for (const std::uint32_t i : order) {
    place[i] = static_cast<std::uint32_t>(sorted.size());
    sorted.push_back(list_.hops[i]);
  }
  std::vector<HopTransaction> moved;
  for (const HopTransaction& tx : list_.transactions)
    if (!dropped[tx.hop]) moved.push_back({place[tx.hop], tx.id});
  std::sort(moved.begin(), moved.end(), [](const HopTransaction& a, const HopTransaction& b) {
    return a.hop != b.hop ? a.hop < b.hop : a.id < b.id;
  });
  list_.hops = std::move(sorted);
  list_.transactions = std::move(moved);
}

void TraceSet::finish() {
  align();
  const std::vector<bool> dropped = repeated();
  move_times();
  merge(dropped);
  by_span_.reserve(list_.hops.size());
  for (std::uint32_t i = 0; i < list_.hops.size(); ++i)
    if (list_.hops[i].span != 0) by_span_.emplace_back(list_.hops[i].span, i);
  std::sort(by_span_.begin(), by_span_.end());
}

// ---- reading

std::string TraceSet::type_name(std::uint64_t type) const {
  const auto at = types.find(type);
  return at != types.end() ? at->second : "0x" + hex64(type);
}

std::string TraceSet::actor_name(std::size_t node, std::uint32_t number) const {
  if (number == 0) return "outside";
  const auto& actors = nodes[node].actors;
  const auto at = actors.find(number);
  return at != actors.end() ? short_actor(at->second) : fmt::format("#{}", number);
}

std::string TraceSet::to_label(const HopRecord& hop) const {
  return nodes[hop.node].label + " " + actor_name(hop.node, hop.to);
}

std::string TraceSet::from_label(const HopRecord& hop) const {
  if (hop.kind != kind_network) return nodes[hop.node].label + " " + actor_name(hop.node, hop.from);
  if (const HopRecord* cause = cause_of(hop); cause != nullptr && cause->node != hop.node)
    return to_label(*cause);
  const auto& peers = nodes[hop.node].peers;
  const auto at = peers.find(hop.to);
  if (at == peers.end()) return "peer of " + to_label(hop);
  for (const TraceNode& node : nodes)
    if (node.info.id == at->second) return node.label + " peer";
  return "peer " + at->second.substr(0, 12);
}

const HopRecord* TraceSet::cause_of(const HopRecord& hop) const {
  if (hop.parent == 0) return nullptr;
  // A duplicated message was handled twice under one span: take the last one begun before.
  const HopRecord* found = nullptr;
  auto at = std::lower_bound(by_span_.begin(), by_span_.end(), std::pair(hop.parent, 0U));
  for (; at != by_span_.end() && at->first == hop.parent; ++at) {
    const HopRecord& candidate = list_.hops[at->second];
    if (&candidate == &hop) continue;
    if (hop.kind != kind_network && candidate.node != hop.node) continue;
    if (found == nullptr || candidate.started <= hop.sent) found = &candidate;
  }
  return found;
}

std::vector<std::uint64_t> TraceSet::transactions_of(std::uint32_t hop) const {
  std::vector<std::uint64_t> out;
  const auto before = [](const HopTransaction& tx, std::uint32_t wanted) {
    return tx.hop < wanted;
  };
  auto at = std::lower_bound(list_.transactions.begin(), list_.transactions.end(), hop, before);
  for (; at != list_.transactions.end() && at->hop == hop; ++at) out.push_back(at->id);
  return out;
}

bool TraceSet::carries(std::uint32_t hop, std::uint64_t transaction) const {
  return std::binary_search(list_.transactions.begin(), list_.transactions.end(),
                            HopTransaction{hop, transaction},
                            [](const HopTransaction& a, const HopTransaction& b) {
                              return a.hop != b.hop ? a.hop < b.hop : a.id < b.id;
                            });
}

}  // namespace witan::trace
