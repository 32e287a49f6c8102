#include "tools/sim/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace witan::sim {

std::string node_name(std::uint32_t node) { return "n" + std::to_string(node); }

std::string_view name_of(NodeAction action) {
  switch (action) {
    case NodeAction::power_off:
      return "power_off";
    case NodeAction::kill:
      return "kill";
    case NodeAction::stop:
      return "stop";
  }
  return "unknown";
}

bool Scenario::is_liar(std::uint32_t node) const {
  return std::any_of(liars.begin(), liars.end(), [&](const Liar& l) { return l.node == node; });
}

std::size_t parts_count(const Scenario& s) {
  return s.events.size() + s.rules.size() + s.liars.size() + 3;
}

namespace {

// Which part an index means.
struct Part {
  enum Kind : std::uint8_t { event, rule, liar, loss, transfers, delays } kind;
  std::size_t index = 0;
};

Part part_of(const Scenario& s, std::size_t part) {
  if (part < s.events.size()) return {Part::event, part};
  part -= s.events.size();
  if (part < s.rules.size()) return {Part::rule, part};
  part -= s.rules.size();
  if (part < s.liars.size()) return {Part::liar, part};
  part -= s.liars.size();
  return {part == 0 ? Part::loss : part == 1 ? Part::transfers : Part::delays, 0};
}

template <class T>
void erase_at(std::vector<T>& from, std::size_t index) {
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace

std::string part_text(const Scenario& s, std::size_t index) {
  const Part part = part_of(s, index);
  switch (part.kind) {
    case Part::event: {
      const NodeEvent& e = s.events[part.index];
      return fmt::format("{} of {} at {}", name_of(e.action), node_name(e.node),
                         faults::to_text(e.at));
    }
    case Part::rule:
      return "rule `" + faults::to_text(s.rules[part.index]) + "`";
    case Part::liar:
      return node_name(s.liars[part.index].node) + " lies: " + s.liars[part.index].behaviour;
    case Part::loss:
      return "loss on links";
    case Part::transfers:
      return "transfers";
    case Part::delays:
      return "differing delays";
  }
  return {};
}

Scenario without_part(const Scenario& s, std::size_t index) {
  Scenario out = s;
  const Part part = part_of(s, index);
  switch (part.kind) {
    case Part::event:
      erase_at(out.events, part.index);
      break;
    case Part::rule:
      erase_at(out.rules, part.index);
      break;
    case Part::liar:
      erase_at(out.liars, part.index);
      break;
    case Part::loss:
      out.link.loss_permille = 0;
      break;
    case Part::transfers:
      out.chain.transfers_per_s = 0;
      out.chain.transfers = 0;
      break;
    case Part::delays:
      out.link.delay_max = out.link.delay_min;
      out.link.shape = DelayShape::uniform;
      out.link.bytes_per_s = 0;
      break;
  }
  return out;
}

}  // namespace witan::sim
