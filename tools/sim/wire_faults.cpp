#include "tools/sim/wire_faults.hpp"

namespace witan::sim {
namespace {

peers::LinkFaultsOptions options_of(const WireFaultsOptions& in) {
  peers::LinkFaultsOptions out{.rules = in.rules, .name = node_name(in.node), .id = {}};
  out.judges_arrivals = false;  // of two nodes with the same rules one obeys
  out.inner = in.liar;
  for (std::uint32_t n = 0; n < in.ids.size(); ++n) out.names.emplace(in.ids[n], node_name(n));
  return out;
}

}  // namespace

WireFaults::WireFaults(WireFaultsOptions options)
    : network_(options.network), node_(options.node), faults_(options_of(options)) {
  for (std::uint32_t n = 0; n < options.ids.size(); ++n) numbers_.emplace(options.ids[n], n);
}

peers::Interposer::Damage WireFaults::on_leaving(const Line& line, const Envelope& envelope,
                                                 Instant now, Departures& departures) {
  happen(line, faults_.on_leaving(line, envelope, now, departures));
  return {};
}

peers::Interposer::Damage WireFaults::on_arrived(const Line& line, const Envelope& envelope,
                                                 Instant now, Arrivals& arrivals) {
  return faults_.on_arrived(line, envelope, now, arrivals);
}

peers::Interposer::Damage WireFaults::on_tick(const Line& line, Instant now, Departures& departures,
                                              Arrivals& arrivals) {
  happen(line, faults_.on_tick(line, now, departures, arrivals));
  return {};
}

void WireFaults::happen(const Line& line, const Damage& damage) {
  const auto to = numbers_.find(line.peer);
  if (damage.kind == Damage::Kind::none || to == numbers_.end()) return;
  if (damage.kind == Damage::Kind::cut) return network_.reset(node_, to->second);
  faults::Decision bytes;
  bytes.action = faults::Action::corrupt;
  bytes.bytes = damage.bytes;
  bytes.draw = damage.draw;
  network_.corrupt_next(node_, to->second, bytes);
}

}  // namespace witan::sim
