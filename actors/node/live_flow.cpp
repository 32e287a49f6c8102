// The flight recorder as the API shows it.
#include <algorithm>
#include <map>

#include "actors/node/sources.hpp"
#include "actors/telemetry/trace/core/live.hpp"
#include "actors/telemetry/trace/core/trace_set.hpp"

namespace witan::node {
namespace {

constexpr Duration flow_window = Duration::from_s(5);
constexpr std::size_t edges_max = 120;
constexpr std::size_t messages_max = 100;

struct LiveNames {
  std::map<std::uint32_t, std::string> actors{{0, "outside"}};
  std::map<std::uint64_t, std::string> types;

  explicit LiveNames(const std::vector<trace::Name>& names) {
    for (const trace::Name& name : names) {
      if (name.kind == trace::NameKind::actor)
        actors.emplace(static_cast<std::uint32_t>(name.number), trace::short_actor(name.text));
      else if (name.kind == trace::NameKind::type)
        types.emplace(name.number, name.text);
    }
  }
  [[nodiscard]] std::string actor(std::uint32_t number) const {
    const auto found = actors.find(number);
    return found == actors.end() ? "#" + std::to_string(number) : found->second;
  }
  [[nodiscard]] std::string type(std::uint64_t id) const {
    const auto found = types.find(id);
    return found == types.end() ? trace::hex64(id) : found->second;
  }
  // A session that came again has a new number: the newest counts.
  [[nodiscard]] Result<std::uint32_t> number(const std::string& field,
                                             std::string_view name) const {
    for (auto it = actors.rbegin(); it != actors.rend(); ++it)
      if (it->second == name) return it->first;
    return fail(ErrorCode::not_found, field, "no message of such an actor is known");
  }
};

std::uint32_t micros(std::int64_t ns) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ns / 1000, 0, UINT32_MAX));
}

void fill(const LiveNames& names, const trace::LiveEdge& edge, schema::FlowEdge::Builder out) {
  out.setFrom(names.actor(edge.from));
  out.setTo(names.actor(edge.to));
  out.setMessages(edge.messages);
  out.setBytes(edge.bytes);
  out.setWaitP50Us(micros(edge.wait_p50));
  out.setWaitP99Us(micros(edge.wait_p99));
  out.setHandleP50Us(micros(edge.handle_p50));
  out.setHandleP99Us(micros(edge.handle_p99));
  out.setDepthMax(edge.depth_max);
  out.setNotHandled(edge.not_handled);
}

void fill(const LiveNames& names, const trace::HopRecord& hop, schema::MessageView::Builder out) {
  out.setFrom(names.actor(hop.from));
  out.setTo(names.actor(hop.to));
  out.setType(names.type(hop.type));
  out.setKind(std::string(trace::kind_names.at(hop.kind)));
  out.setOutcome(std::string(trace::outcome_names.at(hop.outcome)));
  out.setSentNs(trace::begin_of(hop));
  out.setWaitNs(hop.started - trace::begin_of(hop));
  out.setHandleNs(hop.finished - hop.started);
  out.setHeight(hop.height);
  out.setRound(hop.round == trace::no_round ? -1 : hop.round);
  out.setBytes(hop.size);
  out.setDepth(hop.depth);
  out.setTrace(trace::hex64(hop.trace_hi) + trace::hex64(hop.trace_lo));
}

}  // namespace

Status NodeSources::flow(schema::FlowView::Builder out) {
  const Instant now = options_.runtime.clock().now();
  const Duration up = now - started_;
  out.setWindowMs(static_cast<std::uint32_t>(std::min(flow_window, up).ms()));
  if (options_.recorder == nullptr) return {};
  const Instant since{now.ns - flow_window.ns};
  const auto edges = trace::live_edges(options_.recorder->recent(since), edges_max);
  const LiveNames names(options_.recorder->names());
  auto list = out.initEdges(static_cast<kj::uint>(edges.size()));
  for (kj::uint i = 0; i < list.size(); ++i) fill(names, edges[i], list[i]);
  return {};
}

Status NodeSources::messages(schema::GetMessages::Reader which, schema::MessagesView::Builder out) {
  if (options_.recorder == nullptr) return {};
  const std::size_t limit = std::min<std::size_t>(which.getLimit(), messages_max);
  const auto recent = options_.recorder->recent(Instant{});
  const LiveNames names(options_.recorder->names());
  std::vector<trace::HopRecord> hops;
  if (which.isHeight()) {
    hops = trace::first_of_height(recent, which.getHeight(), limit);
  } else {
    const auto edge = which.getEdge();
    WITAN_TRY(const std::uint32_t from, names.number("sender", edge.getSender().cStr()));
    WITAN_TRY(const std::uint32_t to, names.number("receiver", edge.getReceiver().cStr()));
    hops = trace::newest_of_edge(recent, from, to, limit);
  }
  auto list = out.initMessages(static_cast<kj::uint>(hops.size()));
  for (kj::uint i = 0; i < list.size(); ++i) fill(names, hops[i], list[i]);
  return {};
}

}  // namespace witan::node
