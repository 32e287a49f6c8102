#include "actors/runtime/faults/names.hpp"

namespace witan::faults {
namespace {

std::string quoted(std::string_view word) {
  if (!word.empty() && word.find_first_of(" \t\"\\#") == std::string_view::npos &&
      word.find("->") == std::string_view::npos)
    return std::string(word);
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// 250000 of a million as 0.25.
std::string probability_text(std::uint32_t ppm) {
  if (ppm == probability_one) return "1";
  std::string digits = std::to_string(ppm);
  digits.insert(0, 6 - digits.size(), '0');
  while (digits.back() == '0') digits.pop_back();
  return "0." + digits;
}

std::string where_text(const Rule& rule) {
  switch (rule.target) {
    case Target::actor:
      return quoted(rule.where);
    case Target::link:
      return "link " + quoted(rule.where) + (rule.both_ways ? " <-> " : " -> ") + quoted(rule.to);
    case Target::disk:
      return "disk " + quoted(rule.where);
    case Target::clock:
      break;
  }
  return "clock";
}

std::string what_text(const Rule& rule) {
  const std::string word(name_of(rule.action));
  switch (rule.action) {
    case Action::delay:
      return word + " " + to_text(rule.by) +
             (rule.by_max > rule.by ? ".." + to_text(rule.by_max) : "");
    case Action::reorder:
    case Action::slow:
    case Action::step:
      return word + " " + to_text(rule.by);
    case Action::hang:
      return rule.by.ns == 0 ? word : word + " " + to_text(rule.by);
    case Action::corrupt:
    case Action::short_write:
      return word + " " + std::to_string(rule.bytes);
    case Action::drift:
      return word + " " + std::to_string(rule.ppm);
    case Action::throw_:
      return rule.text.empty() ? word : word + " " + quoted(rule.text);
    default:
      return word;
  }
}

}  // namespace

std::string_view name_of(Target target) {
  constexpr std::array<std::string_view, 4> names{"actor", "link", "disk", "clock"};
  return names[static_cast<std::size_t>(target)];
}

std::string_view name_of(Action action) {
  return action_words[static_cast<std::size_t>(action)].word;
}

bool fits(Action action, Target target) {
  return action_words[static_cast<std::size_t>(action)].targets.find(name_of(target).front()) !=
         std::string_view::npos;
}

bool meets(Action action, std::string_view call) {
  switch (action) {
    case Action::no_space:
      return call == "write" || call == "create" || call == "preallocate";
    case Action::short_write:
      return call == "write";
    case Action::lost_fsync:
      return call == "sync";
    case Action::corrupt:
      return call == "read";
    default:
      return true;
  }
}

std::string to_text(Duration time) {
  for (const UnitWord& unit : unit_words) {
    if (time.ns % unit.ns == 0 && (time.ns != 0 || unit.word == "s"))
      return std::to_string(time.ns / unit.ns) + std::string(unit.word);
  }
  return "0s";
}

std::string to_text(const Rule& rule) {
  std::string out = "on " + where_text(rule);
  const auto clause = [&out](std::string_view word, const std::string& value) {
    out += ' ';
    out += word;
    out += ' ';
    out += value;
  };
  if (!rule.at.empty()) clause("at", quoted(rule.at));
  if (!rule.sender.empty()) clause("sender", quoted(rule.sender));
  if (!rule.message.empty()) clause("message", quoted(rule.message));
  for (const FieldTest& test : rule.with) clause("with", quoted(test.field + "=" + test.value));
  if (!rule.call.empty()) clause("call", quoted(rule.call));
  if (rule.nth != 0) clause("nth", std::to_string(rule.nth));
  if (rule.every != 0) clause("every", std::to_string(rule.every));
  if (rule.probability_ppm != 0) clause("probability", probability_text(rule.probability_ppm));
  if (rule.from.ns != 0) clause("from", to_text(rule.from));
  if (rule.until) clause("until", to_text(*rule.until));
  if (rule.times != 0) clause("times", std::to_string(rule.times));
  clause("do", what_text(rule));
  return out;
}

}  // namespace witan::faults
