#include "tools/sim/wire_faults.hpp"

#include <algorithm>

#include "actors/runtime/faults/vocabulary.hpp"

namespace witan::sim {

bool names_a_message(const faults::Rule& rule) {
  return rule.target == faults::Target::link && (!rule.message.empty() || !rule.with.empty());
}

WireFaults::WireFaults(WireFaultsOptions options)
    : options_(std::move(options)), name_(node_name(options_.node)) {
  for (std::uint32_t n = 0; n < options_.ids.size(); ++n) numbers_.emplace(options_.ids[n], n);
}

void WireFaults::on_leaving(const NodeId& peer, const Envelope& envelope, Instant now,
                            Departures& departures) {
  Departures leaving;
  if (options_.liar != nullptr)
    options_.liar->on_leaving(peer, envelope, now, leaving);
  else
    leaving.push_back({find_wire_type(envelope.type)->channel, envelope, {}});
  for (Departure& departure : leaving) judge(peer, std::move(departure), now, departures);
}

bool WireFaults::on_arrived(const NodeId& peer, const Envelope& envelope) {
  return options_.liar == nullptr || options_.liar->on_arrived(peer, envelope);
}

void WireFaults::on_tick(const NodeId& peer, Instant now, Departures& departures) {
  auto& waiting = waiting_[peer];
  while (!waiting.empty() && waiting.begin()->first <= now)
    departures.push_back(waiting.extract(waiting.begin()).mapped());
  if (options_.liar == nullptr) return;
  Departures leaving;
  options_.liar->on_tick(peer, now, leaving);
  for (Departure& departure : leaving) judge(peer, std::move(departure), now, departures);
}

void WireFaults::judge(const NodeId& peer, Departure&& departure, Instant now, Departures& out) {
  const auto to = numbers_.find(peer);
  if (!departure.packet.empty() || to == numbers_.end()) return out.push_back(std::move(departure));
  const Envelope& envelope = departure.envelope;
  const std::string to_name = node_name(to->second);
  faults::Site site;
  site.moment = faults::Moment::link;
  site.where = name_;
  site.to = to_name;
  site.message = faults::message_name(envelope.type);
  site.type = envelope.type;
  site.passes = [&](const faults::FieldTest& test) { return faults::passes(envelope, test); };
  const auto decision = options_.rules.decide(site);
  if (!decision) return out.push_back(std::move(departure));
  const auto later = [&](Instant when) { waiting_[peer].emplace(when, std::move(departure)); };
  using faults::Action;
  switch (decision->action) {
    case Action::drop:
      return;
    case Action::duplicate:
      out.push_back(departure);
      break;
    case Action::hang:
      return later(decision->by == Duration{} ? options_.healed : now + decision->by);
    case Action::delay:
    case Action::slow:
    case Action::reorder:
      return later(now + decision->by);
    case Action::kill:
      return options_.network.reset(options_.node, to->second);
    case Action::corrupt:
      options_.network.corrupt_next(options_.node, to->second, *decision);
      break;
    default:
      break;
  }
  out.push_back(std::move(departure));
}

}  // namespace witan::sim
