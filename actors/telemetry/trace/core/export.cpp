#include "actors/telemetry/trace/core/export.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "messages/base/utf8.hpp"

namespace witan::trace {
namespace {

std::string trace_text(const Flow& flow, const HopRecord& hop) {
  const bool common = flow.trace_hi != 0 || flow.trace_lo != 0;
  return hex64(common ? flow.trace_hi : hop.trace_hi) +
         hex64(common ? flow.trace_lo : hop.trace_lo);
}

std::int64_t span_of_time(std::int64_t from, std::int64_t to) {
  return std::max<std::int64_t>(0, minus(to, from));
}

// Where an arrow leaves the bar of a message's handling: on it, and its end is not on it. Readers
// drop an arrow that begins outside.
std::int64_t within(const HopRecord& handled, std::int64_t time) {
  const std::int64_t last = std::max(handled.started, minus(handled.finished, 1));
  return std::clamp(time, handled.started, last);
}

// "Vote h42 r0 v3"
std::string message_text(const TraceSet& set, const HopRecord& hop) {
  std::string out = set.type_name(hop.type);
  if (hop.height != 0) out += fmt::format(" h{}", hop.height);
  if (hop.round != no_round) out += fmt::format(" r{}", hop.round);
  if (hop.validator != no_validator) out += fmt::format(" v{}", hop.validator);
  return out;
}

// Letters, digits and a few harmless marks: what no diagram language takes for its own.
std::string plain(std::string_view text, std::string_view marks = " ._/+-,()") {
  std::string out;
  for (const char c : text) {
    const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      marks.find(c) != std::string_view::npos;
    out += good ? c : '_';
  }
  return out;
}

// For lines of their own.
std::string remark(std::string_view text) { return plain(text, " ._/+-,():*"); }

// ---- sequence diagrams

struct Diagram {
  std::vector<std::string> participants;  // labels, in order of appearance, nodes together
  std::map<std::string, std::string> alias;
  std::size_t steps = 0;
};

Diagram diagram_of(const TraceSet& set, const Flow& flow, std::size_t steps_max) {
  Diagram out;
  out.steps = std::min(flow.steps.size(), steps_max);
  for (std::size_t i = 0; i < out.steps; ++i) {
    const HopRecord& hop = set.hops()[flow.steps[i].hop];
    for (const std::string& label : {set.from_label(hop), set.to_label(hop)})
      if (out.alias.emplace(label, "").second) out.participants.push_back(label);
  }
  std::stable_sort(out.participants.begin(), out.participants.end(),
                   [](const std::string& a, const std::string& b) {
                     return a.substr(0, a.find(' ')) < b.substr(0, b.find(' '));
                   });
  for (std::size_t i = 0; i < out.participants.size(); ++i)
    out.alias[out.participants[i]] = fmt::format("p{}", i);
  return out;
}

std::string arrow_text(const TraceSet& set, const HopRecord& hop, std::int64_t begin) {
  return plain(fmt::format("{} (+{}, {})", message_text(set, hop),
                           duration_text(minus(hop.sent, begin)),
                           hop.outcome == 0 ? duration_text(span_of_time(hop.started, hop.finished))
                                            : std::string(outcome_names[hop.outcome])));
}

std::int64_t begin_of(const TraceSet& set, const Flow& flow) {
  return flow.steps.empty() ? 0 : set.hops()[flow.steps.front().hop].sent;
}

std::string clocks_text(const TraceSet& set) {
  std::string out;
  for (const TraceNode& node : set.nodes) out += (out.empty() ? "" : ", ") + clock_text(node);
  return out;
}

// ---- JSON

std::string attribute(std::string_view key, const std::string& value) {
  return fmt::format(R"({{"key":{},"value":{{"stringValue":{}}}}})", json_text(key),
                     json_text(value));
}
std::string attribute(std::string_view key, std::int64_t value) {
  return fmt::format(R"({{"key":{},"value":{{"intValue":"{}"}}}})", json_text(key), value);
}

std::string transactions_json(const TraceSet& set, std::uint32_t hop) {
  std::string out = "[";
  for (const std::uint64_t id : set.transactions_of(hop))
    out += (out.size() > 1 ? "," : "") + json_text(hex64(id));
  return out + "]";
}

std::string otlp_span(const TraceSet& set, const Flow& flow, const FlowStep& step) {
  const HopRecord& hop = set.hops()[step.hop];
  std::vector<std::string> attributes{
      attribute("witan.from", set.from_label(hop)),
      attribute("witan.to", set.to_label(hop)),
      attribute("witan.kind", std::string(kind_names[hop.kind])),
      attribute("witan.outcome", std::string(outcome_names[hop.outcome])),
      attribute("witan.mailbox", std::string(mailbox_names[hop.mailbox])),
      attribute("witan.bytes", hop.size),
      attribute("witan.depth", hop.depth),
      attribute("witan.sent_ns", hop.sent),
      attribute("witan.trace", hex64(hop.trace_hi) + hex64(hop.trace_lo))};
  if (hop.height != 0) attributes.push_back(attribute("witan.height", std::to_string(hop.height)));
  if (hop.round != no_round) attributes.push_back(attribute("witan.round", hop.round));
  if (hop.validator != no_validator)
    attributes.push_back(attribute("witan.validator", hop.validator));
  if (step.by_content) attributes.push_back(attribute("witan.parent", std::string("by content")));
  std::string parent;
  if (step.parent >= 0)
    parent =
        fmt::format(R"("parentSpanId":"{}",)",
                    hex64(set.hops()[flow.steps[static_cast<std::size_t>(step.parent)].hop].span));
  const std::int64_t finished = plus(hop.started, span_of_time(hop.started, hop.finished));
  return fmt::format(
      R"({{"traceId":"{}","spanId":"{}",{}"name":{},"kind":{},"startTimeUnixNano":"{}",)"
      R"("endTimeUnixNano":"{}","attributes":[{}],"status":{{"code":{}}}}})",
      trace_text(flow, hop), hex64(hop.span), parent, json_text(message_text(set, hop)),
      hop.kind == kind_network ? 5 : 1, hop.started, finished, fmt::join(attributes, ","),
      hop.outcome == 0 ? 1 : 2);
}

// Microseconds with three decimals.
std::string us_text(std::int64_t ns) {
  const bool negative = ns < 0;
  const std::uint64_t v =
      negative ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  return fmt::format("{}{}.{:03}", negative ? "-" : "", v / 1000, v % 1000);
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const std::size_t length = utf8_length(text);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[0];
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += length == 0 ? "\\ufffd" : text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + "\"";
}

std::string clock_text(const TraceNode& node) {
  if (node.error_ns < 0) return node.label + ": clock not measured, taken as equal";
  if (node.error_ns == 0 && node.shift_ns == 0) return node.label + ": reference clock";
  return fmt::format("{}: shifted by {}, right within {}", node.label, duration_text(node.shift_ns),
                     duration_text(node.error_ns));
}

std::string to_mermaid(const TraceSet& set, const Flow& flow, std::size_t steps_max) {
  const Diagram d = diagram_of(set, flow, steps_max);
  std::string out =
      fmt::format("%% {}\n%% {}\nsequenceDiagram\n", remark(flow.title), remark(clocks_text(set)));
  for (const std::string& label : d.participants)
    out += fmt::format("  participant {} as {}\n", d.alias.at(label), plain(label));
  const std::int64_t begin = begin_of(set, flow);
  for (std::size_t i = 0; i < d.steps; ++i) {
    const HopRecord& hop = set.hops()[flow.steps[i].hop];
    const std::string_view arrow = hop.outcome != 0           ? "-x"
                                   : hop.kind == kind_reply   ? "-->>"
                                   : hop.kind == kind_network ? "-)"
                                                              : "->>";
    out += fmt::format("  {}{}{}: {}\n", d.alias.at(set.from_label(hop)), arrow,
                       d.alias.at(set.to_label(hop)), arrow_text(set, hop, begin));
  }
  if (d.steps < flow.steps.size() && !d.participants.empty())
    out += fmt::format("  Note over p0: {} more messages\n", flow.steps.size() - d.steps);
  return out;
}

std::string to_plantuml(const TraceSet& set, const Flow& flow, std::size_t steps_max) {
  const Diagram d = diagram_of(set, flow, steps_max);
  std::string out =
      fmt::format("@startuml\ntitle {}\nfooter {}\n", remark(flow.title), remark(clocks_text(set)));
  for (const std::string& label : d.participants)
    out += fmt::format("participant \"{}\" as {}\n", plain(label), d.alias.at(label));
  const std::int64_t begin = begin_of(set, flow);
  for (std::size_t i = 0; i < d.steps; ++i) {
    const HopRecord& hop = set.hops()[flow.steps[i].hop];
    const std::string_view arrow = hop.outcome != 0 ? "->x" : hop.kind == kind_reply ? "-->" : "->";
    out += fmt::format("{} {} {} : {}\n", d.alias.at(set.from_label(hop)), arrow,
                       d.alias.at(set.to_label(hop)), arrow_text(set, hop, begin));
  }
  if (d.steps < flow.steps.size() && !d.participants.empty())
    out += fmt::format("note over p0 : {} more messages\n", flow.steps.size() - d.steps);
  return out + "@enduml\n";
}

std::string step_json(const TraceSet& set, const FlowStep& step) {
  const HopRecord& hop = set.hops()[step.hop];
  std::string out = fmt::format(
      R"({{"trace":"{}","span":"{}","parent":"{}","node":{},"from":{},"to":{},"type":{},)"
      R"("kind":"{}","outcome":"{}","mailbox":"{}","sent":"{}","sentNs":"{}","startedNs":"{}",)"
      R"("finishedNs":"{}","waitNs":"{}","handlingNs":"{}","bytes":{},"depth":{},"hops":{})",
      hex64(hop.trace_hi) + hex64(hop.trace_lo), hex64(hop.span), hex64(hop.parent),
      json_text(set.nodes[hop.node].label), json_text(set.from_label(hop)),
      json_text(set.to_label(hop)), json_text(set.type_name(hop.type)), kind_names[hop.kind],
      outcome_names[hop.outcome], mailbox_names[hop.mailbox], time_text(hop.sent), hop.sent,
      hop.started, hop.finished, minus(hop.started, hop.sent), minus(hop.finished, hop.started),
      hop.size, hop.depth, hop.hops);
  if (hop.height != 0) out += fmt::format(R"(,"height":"{}")", hop.height);
  if (hop.round != no_round) out += fmt::format(R"(,"round":{})", hop.round);
  if (hop.validator != no_validator) out += fmt::format(R"(,"validator":{})", hop.validator);
  if (hop.transactions != 0)
    out += fmt::format(R"(,"transactions":{})", transactions_json(set, step.hop));
  return out + "}";
}

std::string to_chrome(const TraceSet& set, const Flow& flow) {
  std::vector<std::string> events;
  for (std::size_t n = 0; n < set.nodes.size(); ++n)
    events.push_back(
        fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"tid":0,"args":{{"name":{}}}}})",
                    n + 1, json_text(set.nodes[n].label)));
  std::vector<std::pair<std::size_t, std::uint32_t>> actors;
  for (const FlowStep& step : flow.steps)
    actors.emplace_back(set.hops()[step.hop].node, set.hops()[step.hop].to);
  std::sort(actors.begin(), actors.end());
  actors.erase(std::unique(actors.begin(), actors.end()), actors.end());
  for (const auto& [node, actor] : actors)
    events.push_back(
        fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":{}}}}})",
                    node + 1, actor, json_text(set.actor_name(node, actor))));
  const std::int64_t begin = begin_of(set, flow);
  for (std::size_t i = 0; i < flow.steps.size(); ++i) {
    const FlowStep& step = flow.steps[i];
    const HopRecord& hop = set.hops()[step.hop];
    events.push_back(fmt::format(
        R"({{"ph":"X","name":{},"cat":"{}","pid":{},"tid":{},"ts":{},"dur":{},"args":{}}})",
        json_text(message_text(set, hop)), kind_names[hop.kind], hop.node + 1, hop.to,
        us_text(minus(hop.started, begin)), us_text(span_of_time(hop.started, hop.finished)),
        step_json(set, step)));
    if (step.parent < 0) continue;
    const HopRecord& cause = set.hops()[flow.steps[static_cast<std::size_t>(step.parent)].hop];
    events.push_back(fmt::format(
        R"({{"ph":"s","name":"message","cat":"flow","id":{},"pid":{},"tid":{},"ts":{}}})", i + 1,
        cause.node + 1, cause.to, us_text(minus(within(cause, hop.sent), begin))));
    events.push_back(fmt::format(
        R"({{"ph":"f","bp":"e","name":"message","cat":"flow","id":{},"pid":{},"tid":{},"ts":{}}})",
        i + 1, hop.node + 1, hop.to, us_text(minus(hop.started, begin))));
  }
  return fmt::format(
      "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"title\":{},\"begin\":\"{}\",\"clocks\":{}}},"
      "\n"
      "\"traceEvents\":[\n{}\n]}}\n",
      json_text(flow.title), time_text(begin), json_text(clocks_text(set)),
      fmt::join(events, ",\n"));
}

std::string to_otlp(const TraceSet& set, const Flow& flow) {
  std::string resources;
  for (std::size_t n = 0; n < set.nodes.size(); ++n) {
    const TraceNode& node = set.nodes[n];
    std::vector<std::string> spans;
    for (const FlowStep& step : flow.steps)
      if (set.hops()[step.hop].node == n) spans.push_back(otlp_span(set, flow, step));
    if (spans.empty()) continue;
    const std::vector<std::string> attributes{attribute("service.name", std::string("witan")),
                                              attribute("service.instance.id", node.info.id),
                                              attribute("service.version", node.info.software),
                                              attribute("host.name", node.label),
                                              attribute("witan.clock", clock_text(node))};
    resources += fmt::format(
        "{}{{\"resource\":{{\"attributes\":[{}]}},\"scopeSpans\":[{{\"scope\":{{\"name\":"
        "\"witan.trace\"}},\"spans\":[\n{}\n]}}]}}",
        resources.empty() ? "" : ",\n", fmt::join(attributes, ","), fmt::join(spans, ",\n"));
  }
  return "{\"resourceSpans\":[\n" + resources + "\n]}\n";
}

std::string to_csv(const TraceSet& set, const Flow& flow) {
  std::string out =
      "sent,sent_ns,started_ns,finished_ns,node,from,to,type,kind,outcome,mailbox,height,round,"
      "validator,bytes,depth,hops,trace,span,parent,parent_by_content\n";
  for (const FlowStep& step : flow.steps) {
    const HopRecord& hop = set.hops()[step.hop];
    const std::uint64_t parent =
        step.parent < 0 ? hop.parent
                        : set.hops()[flow.steps[static_cast<std::size_t>(step.parent)].hop].span;
    out += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", time_text(hop.sent),
        hop.sent, hop.started, hop.finished, csv_text(set.nodes[hop.node].label),
        csv_text(set.from_label(hop)), csv_text(set.to_label(hop)),
        csv_text(set.type_name(hop.type)), kind_names[hop.kind], outcome_names[hop.outcome],
        mailbox_names[hop.mailbox], hop.height == 0 ? "" : std::to_string(hop.height),
        hop.round == no_round ? "" : std::to_string(hop.round),
        hop.validator == no_validator ? "" : std::to_string(hop.validator), hop.size, hop.depth,
        hop.hops, trace_text(flow, hop), hex64(hop.span), hex64(parent), step.by_content ? 1 : 0);
  }
  return out;
}

}  // namespace witan::trace
