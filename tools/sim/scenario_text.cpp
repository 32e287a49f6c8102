// Scenario files: reading with the place of every mistake, and writing.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "actors/runtime/faults/vocabulary.hpp"
#include "config/toml_source.hpp"
#include "tools/byzantine/behaviour.hpp"
#include "tools/sim/scenario.hpp"

namespace witan::sim {
namespace {

constexpr std::uint32_t nodes_max = 64;

tl::unexpected<Error> refuse(const std::string& where, std::string text) {
  return fail(ErrorCode::config, where, std::move(text));
}

// The keys of one table: each is taken once, what is left over is unknown.
class Table {
 public:
  Table(const TomlTable& table) : table_(table) {
    for (const TomlEntry& entry : table.entries) left_.emplace(entry.key, &entry.raw);
  }

  // Absent keys leave `out` as it is.
  template <class Int>
  Status number(const char* key, Int& out, std::uint64_t low, std::uint64_t high) {
    const RawValue* raw = take(key);
    if (raw == nullptr) return {};
    const auto* value = std::get_if<std::int64_t>(&raw->value);
    if (value == nullptr || *value < 0 || static_cast<std::uint64_t>(*value) < low ||
        static_cast<std::uint64_t>(*value) > high)
      return refuse(raw->where,
                    fmt::format("{}: expected a whole number from {} to {}", key, low, high));
    out = static_cast<Int>(*value);
    return {};
  }
  Status time(const char* key, Duration& out, Duration high) {
    const RawValue* raw = take(key);
    if (raw == nullptr) return {};
    const auto* text = std::get_if<std::string>(&raw->value);
    const auto value = text == nullptr ? std::nullopt : read_time(*text);
    if (!value || *value > high)
      return refuse(raw->where,
                    fmt::format("{}: expected a time such as \"250ms\" or \"20s\", at most {}", key,
                                faults::to_text(high)));
    out = *value;
    return {};
  }
  Status word(const char* key, std::string& out) {
    const RawValue* raw = take(key);
    if (raw == nullptr) return {};
    const auto* text = std::get_if<std::string>(&raw->value);
    if (text == nullptr) return refuse(raw->where, std::string(key) + ": expected a text");
    out = *text;
    word_place_ = raw->where;
    return {};
  }
  Status words(const char* key, std::vector<std::string>& out) {
    const RawValue* raw = take(key);
    if (raw == nullptr) return {};
    const auto* list = std::get_if<std::vector<std::string>>(&raw->value);
    if (list == nullptr) return refuse(raw->where, std::string(key) + ": expected a list of texts");
    out = *list;
    word_place_ = raw->where;
    return {};
  }
  Status node(std::uint32_t& out, const ChainOptions& chain, bool& found) {
    std::string text;
    WITAN_TRY_VOID(word("node", text));
    found = !text.empty();
    if (!found) return refuse(table_.place, "`node` is missing: n0, n1, ...");
    const std::uint32_t nodes = chain.validators + chain.full_nodes;
    for (std::uint32_t n = 0; n < nodes; ++n) {
      if (text != node_name(n)) continue;
      out = n;
      return {};
    }
    return refuse(word_place_, fmt::format("no node {}; there are n0 to n{}", text, nodes - 1));
  }
  // Of the last word that was read.
  [[nodiscard]] const std::string& place() const { return word_place_; }
  [[nodiscard]] Status end() const {
    if (left_.empty()) return {};
    const auto& [key, raw] = *left_.begin();
    return refuse(raw->where, "unknown key `" + key + "`");
  }

  static std::optional<Duration> read_time(std::string_view text) {
    std::uint64_t value = 0;
    const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    if (code != std::errc{} || value > 1'000'000'000) return std::nullopt;
    const auto count = static_cast<std::int64_t>(value);
    if (unit == "us") return Duration::from_us(count);
    if (unit == "ms") return Duration::from_ms(count);
    if (unit == "s") return Duration::from_s(count);
    if (unit == "m") return Duration::from_s(count * 60);
    return std::nullopt;
  }

 private:
  const RawValue* take(const char* key) {
    const auto found = left_.extract(key);
    return found.empty() ? nullptr : found.mapped();
  }
  const TomlTable& table_;
  std::map<std::string, const RawValue*> left_;
  std::string word_place_;
};

Status read_chain(Table& t, ChainOptions& out) {
  WITAN_TRY_VOID(t.number("validators", out.validators, 1, nodes_max));
  WITAN_TRY_VOID(t.number("full_nodes", out.full_nodes, 0, nodes_max));
  WITAN_TRY_VOID(t.time("block_time", out.block_time, Duration::from_s(60)));
  WITAN_TRY_VOID(t.number("transfers_per_s", out.transfers_per_s, 0, 10'000));
  WITAN_TRY_VOID(t.number("transfers", out.transfers, 0, 1'000'000));
  WITAN_TRY_VOID(t.number("wal_segment_kib", out.wal_segment_kib, 16, 65'536));
  WITAN_TRY_VOID(t.number("sync_every_blocks", out.sync_every_blocks, 1, 10'000));
  return t.end();
}

Status read_link(Table& t, LinkOptions& out, const std::string& place) {
  WITAN_TRY_VOID(t.time("delay_min", out.delay_min, Duration::from_s(10)));
  WITAN_TRY_VOID(t.time("delay_max", out.delay_max, Duration::from_s(10)));
  if (out.delay_max < out.delay_min) return refuse(place, "delay_max is below delay_min");
  std::string shape;
  WITAN_TRY_VOID(t.word("shape", shape));
  if (shape == "tail")
    out.shape = DelayShape::tail;
  else if (!shape.empty() && shape != "uniform")
    return refuse(t.place(), "shape: expected uniform or tail");
  WITAN_TRY_VOID(t.number("loss_permille", out.loss_permille, 0, 900));
  WITAN_TRY_VOID(t.number("bytes_per_s", out.bytes_per_s, 0, 1'000'000'000'000));
  return t.end();
}

Status read_run(Table& t, RunOptions& out) {
  WITAN_TRY_VOID(t.time("safety", out.safety, Duration::from_s(86'400)));
  WITAN_TRY_VOID(t.number("heights", out.heights, 1, 1'000'000));
  WITAN_TRY_VOID(t.time("liveness_limit", out.liveness_limit, Duration::from_s(86'400)));
  return t.end();
}

Status read_event(Table& t, const std::string& place, Scenario& out) {
  NodeEvent event;
  bool found = false;
  WITAN_TRY_VOID(t.node(event.node, out.chain, found));
  WITAN_TRY_VOID(t.time("at", event.at, Duration::from_s(86'400)));
  WITAN_TRY_VOID(t.time("down", event.down, Duration::from_s(86'400)));
  std::string action;
  WITAN_TRY_VOID(t.word("do", action));
  if (action.empty()) return refuse(place, "`do` is missing: power_off, kill or stop");
  bool known = false;
  for (const NodeAction a : {NodeAction::power_off, NodeAction::kill, NodeAction::stop}) {
    if (action != name_of(a)) continue;
    event.action = a;
    known = true;
  }
  if (!known) return refuse(t.place(), "do: expected power_off, kill or stop");
  WITAN_TRY_VOID(t.end());
  out.events.push_back(event);
  return {};
}

Status read_liar(Table& t, const std::string& place, Scenario& out) {
  Liar liar;
  bool found = false;
  WITAN_TRY_VOID(t.node(liar.node, out.chain, found));
  if (liar.node >= out.chain.validators)
    return refuse(place, "only a validator can misbehave as one");
  WITAN_TRY_VOID(t.word("behaviour", liar.behaviour));
  if (byzantine::find_behaviour(liar.behaviour) == nullptr)
    return refuse(t.place().empty() ? place : t.place(),
                  "no such behaviour; `witan-byzantine behaviours` lists them");
  WITAN_TRY_VOID(t.end());
  out.liars.push_back(liar);
  return {};
}

Status read_swarm(Table& t, Swarm& out) {
  WITAN_TRY_VOID(t.number("faults_max", out.faults_max, 0, 64));
  WITAN_TRY_VOID(t.words("kinds", out.kinds));
  const auto& known = swarm_kinds();
  for (const std::string& kind : out.kinds) {
    if (std::find(known.begin(), known.end(), kind) != known.end()) continue;
    std::string all;
    for (const std::string_view k : known) all += (all.empty() ? "" : ", ") + std::string(k);
    return refuse(t.place(), "no kind `" + kind + "`; known: " + all);
  }
  return t.end();
}

// Rules as lines of text, as they are written by to_toml().
Status read_rules(Table& t, Scenario& out) {
  std::vector<std::string> lines;
  WITAN_TRY_VOID(t.words("rules", lines));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto rule = faults::parse_rule(lines[i], &faults::schema_vocabulary());
    if (!rule)
      return fail(ErrorCode::bad_rule, t.place(),
                  fmt::format("rule {}, {}: {}", i + 1, rule.error().field, rule.error().text));
    out.rules.push_back(std::move(*rule));
  }
  return t.end();
}

Status read_table(const TomlTable& table, Scenario& out) {
  Table t(table);
  if (table.name.empty()) {
    WITAN_TRY_VOID(t.word("purpose", out.purpose));
    return t.end();
  }
  if (table.name == "chain") return read_chain(t, out.chain);
  if (table.name == "link") return read_link(t, out.link, table.place);
  if (table.name == "run") return read_run(t, out.run);
  if (table.name == "swarm") return read_swarm(t, out.swarm);
  if (table.name == "event") return read_event(t, table.place, out);
  if (table.name == "liar") return read_liar(t, table.place, out);
  if (table.name == "faults") return read_rules(t, out);
  if (table.name == "fault") return {};  // read by rules_from_toml
  return refuse(table.place, "unknown table [" + table.name +
                                 "]; known: chain, link, run, swarm, faults, [[event]], [[fault]], "
                                 "[[liar]]");
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view text, const std::string& name) {
  Scenario out;
  const auto base = name.rfind('/') == std::string::npos ? name : name.substr(name.rfind('/') + 1);
  out.name = base.substr(0, base.rfind(".toml"));
  const auto line_end = std::min(text.find('\n'), text.size());
  if (!text.starts_with("# "))
    return refuse(name + ":1:1", "the first line says what the scenario is for: # Purpose");
  out.purpose = std::string(text.substr(2, line_end - 2));
  WITAN_TRY(std::vector<TomlTable> tables, read_toml_tables(text, name));
  // How many nodes there are decides what else may be said.
  std::stable_partition(tables.begin(), tables.end(),
                        [](const TomlTable& t) { return t.name == "chain"; });
  for (const TomlTable& table : tables) WITAN_TRY_VOID(read_table(table, out));
  WITAN_TRY(const std::vector<faults::Rule> rules,
            faults::rules_from_toml(text, name, &faults::schema_vocabulary()));
  out.rules.insert(out.rules.end(), rules.begin(), rules.end());
  if (out.rules.size() > faults::rules_max) return refuse(name, "too many rules");
  return out;
}

std::string to_toml(const Scenario& s) {
  std::string out = "# " + s.purpose + "\n";
  const auto time = [](Duration d) { return quoted(faults::to_text(d)); };
  out += fmt::format(
      "\n[chain]\nvalidators = {}\nfull_nodes = {}\nblock_time = {}\ntransfers_per_s = {}\n"
      "transfers = {}\nwal_segment_kib = {}\nsync_every_blocks = {}\n",
      s.chain.validators, s.chain.full_nodes, time(s.chain.block_time), s.chain.transfers_per_s,
      s.chain.transfers, s.chain.wal_segment_kib, s.chain.sync_every_blocks);
  out += fmt::format(
      "\n[link]\ndelay_min = {}\ndelay_max = {}\nshape = {}\nloss_permille = {}\nbytes_per_s = "
      "{}\n",
      time(s.link.delay_min), time(s.link.delay_max),
      s.link.shape == DelayShape::tail ? "\"tail\"" : "\"uniform\"", s.link.loss_permille,
      s.link.bytes_per_s);
  out += fmt::format("\n[run]\nsafety = {}\nheights = {}\nliveness_limit = {}\n",
                     time(s.run.safety), s.run.heights, time(s.run.liveness_limit));
  if (!s.swarm.kinds.empty()) {
    out += "\n[swarm]\nkinds = [";
    for (std::size_t i = 0; i < s.swarm.kinds.size(); ++i)
      out += (i == 0 ? "" : ", ") + quoted(s.swarm.kinds[i]);
    out += fmt::format("]\nfaults_max = {}\n", s.swarm.faults_max);
  }
  for (const NodeEvent& e : s.events)
    out += fmt::format("\n[[event]]\nat = {}\nnode = \"{}\"\ndo = \"{}\"\ndown = {}\n", time(e.at),
                       node_name(e.node), name_of(e.action), time(e.down));
  for (const Liar& l : s.liars)
    out += fmt::format("\n[[liar]]\nnode = \"{}\"\nbehaviour = \"{}\"\n", node_name(l.node),
                       l.behaviour);
  if (s.rules.empty()) return out;
  out += "\n[faults]\nrules = [\n";
  for (const faults::Rule& r : s.rules) out += "  " + quoted(faults::to_text(r)) + ",\n";
  return out + "]\n";
}

}  // namespace witan::sim
