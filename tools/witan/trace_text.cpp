#include "tools/witan/trace_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/telemetry/trace/core/export.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {

using namespace trace;  // NOLINT(google-build-using-namespace): this file is its text form

namespace {

constexpr std::size_t damage_shown_max = 10;

std::string message_of(const TraceSet& set, const HopRecord& hop) {
  std::string out = set.type_name(hop.type);
  if (hop.height != 0) out += fmt::format(" h{}", hop.height);
  if (hop.round != no_round) out += fmt::format(" r{}", hop.round);
  if (hop.validator != no_validator) out += fmt::format(" v{}", hop.validator);
  return out;
}

std::string fate_of(const HopRecord& hop) {
  std::string out(kind_names[hop.kind]);
  if (hop.outcome != 0) out += fmt::format(" {}", outcome_names[hop.outcome]);
  return out;
}

std::string more_text(std::size_t shown, std::size_t all) {
  return shown < all ? fmt::format("{} more; --limit {} shows all\n", all - shown, all)
                     : std::string();
}

}  // namespace

std::string hops_text(const TraceSet& set, const Flow& flow, std::size_t limit) {
  std::vector<TableRow> rows{
      {"SENT", "FROM", "TO", "MESSAGE", "WAIT", "HANDLING", "DEPTH", "BYTES", "FATE"}};
  const std::size_t shown = std::min(limit, flow.steps.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const HopRecord& hop = set.hops()[flow.steps[i].hop];
    rows.push_back({time_text(hop.sent), set.from_label(hop), set.to_label(hop),
                    message_of(set, hop), duration_text(minus(hop.started, hop.sent)),
                    duration_text(minus(hop.finished, hop.started)), std::to_string(hop.depth),
                    std::to_string(hop.size), fate_of(hop)});
  }
  return render_table(rows) + more_text(shown, flow.steps.size());
}

std::string hops_json(const TraceSet& set, const Flow& flow, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < std::min(limit, flow.steps.size()); ++i)
    out += step_json(set, flow.steps[i]) + "\n";
  return out;
}

std::string tree_text(const TraceSet& set, const Flow& flow, std::size_t limit) {
  std::string out = flow.title + "\n";
  const auto lines = tree_order(flow);
  const std::size_t shown = std::min(limit, lines.size());
  const std::int64_t begin = flow.steps.empty() ? 0 : set.hops()[flow.steps[0].hop].sent;
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i < shown; ++i) {
    const FlowStep& step = flow.steps[lines[i].step];
    const HopRecord& hop = set.hops()[step.hop];
    std::string indent(std::min<std::size_t>(2 * lines[i].depth, 60), '.');
    rows.push_back({"+" + duration_text(minus(hop.sent, begin)),
                    indent + set.from_label(hop) + " > " + set.to_label(hop), message_of(set, hop),
                    duration_text(minus(hop.started, hop.sent)),
                    duration_text(minus(hop.finished, hop.started)),
                    fate_of(hop) + (step.by_content ? ", by content" : "")});
  }
  return out + render_table(rows) + more_text(shown, lines.size());
}

std::string path_text(const TraceSet& set, const CriticalPath& path) {
  std::string out =
      fmt::format("height {}: {} from its beginning to the commit on {}\n{}\n", path.height,
                  duration_text(minus(path.end, path.begin)), path.node,
                  path.whole ? "" : "the beginning was not recorded: this is the part that was\n");
  std::vector<TableRow> rows{{"AT", "BEFORE", "", "HANDLING", "MESSAGE", "ACTOR"}};
  for (const PathStep& step : path.steps) {
    const HopRecord& hop = set.hops()[step.hop];
    rows.push_back({"+" + duration_text(minus(hop.started, path.begin)),
                    duration_text(step.before_ns),
                    std::string(part_names[std::size_t(step.before)]),
                    duration_text(step.handling_ns), message_of(set, hop), set.to_label(hop)});
  }
  out += render_table(rows) + "\nwhere the time went\n";
  rows.clear();
  for (std::size_t i = 0; i < part_names.size(); ++i)
    rows.push_back({std::string(part_names[i]), duration_text(path.parts[i])});
  std::vector<std::pair<std::int64_t, std::string>> actors;
  for (const auto& [actor, ns] : path.handling) actors.emplace_back(ns, actor);
  std::sort(actors.rbegin(), actors.rend());
  for (const auto& [ns, actor] : actors)
    if (ns > 0) rows.push_back({"  handling by " + actor, duration_text(ns)});
  out += render_table(rows) + "\ncommitted\n";
  rows.clear();
  std::int64_t first = path.end;
  for (const auto& [node, at] : path.commits) first = std::min(first, at);
  for (const auto& [node, at] : path.commits)
    rows.push_back({node, "+" + duration_text(minus(at, first))});
  return out + render_table(rows);
}

std::string path_json(const TraceSet& set, const CriticalPath& path) {
  std::string steps;
  for (const PathStep& step : path.steps)
    steps +=
        fmt::format(R"({}{{"beforeNs":"{}","before":"{}","handlingNs":"{}","hop":{}}})",
                    steps.empty() ? "" : ",", step.before_ns, part_names[std::size_t(step.before)],
                    step.handling_ns, step_json(set, {.hop = step.hop}));
  std::string parts, handling, commits;
  for (std::size_t i = 0; i < part_names.size(); ++i)
    parts += fmt::format(R"({}"{}":"{}")", i == 0 ? "" : ",", part_names[i], path.parts[i]);
  for (const auto& [actor, ns] : path.handling)
    handling += fmt::format(R"({}{}:"{}")", handling.empty() ? "" : ",", json_text(actor), ns);
  for (const auto& [node, at] : path.commits)
    commits += fmt::format(R"({}{}:"{}")", commits.empty() ? "" : ",", json_text(node), at);
  return fmt::format(
      R"({{"height":"{}","node":{},"whole":{},"totalNs":"{}","beginNs":"{}","endNs":"{}",)"
      R"("parts":{{{}}},"handlingByActor":{{{}}},"commitNs":{{{}}},"steps":[{}]}})"
      "\n",
      path.height, json_text(path.node), path.whole, minus(path.end, path.begin), path.begin,
      path.end, parts, handling, commits, steps);
}

std::string files_text(const std::vector<FileSummary>& files) {
  std::vector<TableRow> rows{
      {"NODE", "WHY", "FROM", "TO", "HEIGHTS", "HOPS", "LOST", "BYTES", "FILE"}};
  for (const FileSummary& f : files)
    rows.push_back({f.node.moniker, f.node.reason, f.hops == 0 ? "-" : time_text(f.time_first),
                    f.hops == 0 ? "-" : time_text(f.time_last),
                    f.height_max == 0 ? "-" : fmt::format("{}-{}", f.height_min, f.height_max),
                    std::to_string(f.hops), std::to_string(f.lost), std::to_string(f.bytes),
                    f.path.string() + (f.damaged > 0 ? " (damaged)" : "")});
  return render_table(rows);
}

std::string files_json(const std::vector<FileSummary>& files) {
  std::string out;
  for (const FileSummary& f : files)
    out += fmt::format(
        R"({{"file":{},"node":{},"nodeId":{},"reason":{},"hops":"{}","lost":"{}","bytes":"{}",)"
        R"("fromNs":"{}","toNs":"{}","heightMin":"{}","heightMax":"{}","damaged":{}}})"
        "\n",
        json_text(f.path.string()), json_text(f.node.moniker), json_text(f.node.id),
        json_text(f.node.reason), f.hops, f.lost, f.bytes, f.time_first, f.time_last, f.height_min,
        f.height_max, f.damaged);
  return out;
}

std::string remarks(const TraceSet& set) {
  std::string out;
  if (set.nodes.size() > 1)
    for (const TraceNode& node : set.nodes) out += "clock: " + clock_text(node) + "\n";
  for (const TraceNode& node : set.nodes)
    if (node.lost > 0)
      out += fmt::format("lost: {}: {} hops were not recorded\n", node.label, node.lost);
  for (std::size_t i = 0; i < std::min(set.damage.size(), damage_shown_max); ++i)
    out += fmt::format("damage: {} at byte {}: {}\n", set.damage[i].file, set.damage[i].offset,
                       set.damage[i].text);
  if (set.damage.size() > damage_shown_max)
    out += fmt::format("damage: {} more places\n", set.damage.size() - damage_shown_max);
  return out;
}

}  // namespace witan::cli
