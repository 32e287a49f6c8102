// The part of a session that speaks with the stage before its peer (interposer.hpp).
#include <algorithm>
#include <utility>

#include "actors/peers/session_actor.hpp"

namespace witan::peers {
namespace {

Error cut_by_rule() { return {ErrorCode::network, "link", "cut by a fault rule"}; }

}  // namespace

Interposer* SessionActor::active_stage() const {
  Interposer* stage = options_.interposer;
  return stage != nullptr && stage->active() ? stage : nullptr;
}

Interposer::Line SessionActor::line() const { return {options_.connection, noise_->remote_static}; }

Status SessionActor::pass_arrived(Interposer& stage, const Envelope& envelope) {
  Interposer::Arrivals arrivals;
  const auto damage = stage.on_arrived(line(), envelope, context().now(), arrivals);
  for (Envelope& arrival : arrivals)
    if (!ended_) arrive(*find_wire_type(arrival.type), arrival);
  if (damage.kind == Interposer::Damage::Kind::cut) return fail(cut_by_rule());
  if (damage.kind == Interposer::Damage::Kind::corrupt)
    return fail(ErrorCode::decrypt_failed, "link", "bytes changed by a fault rule");
  if (!ended_ && stage.holds_back(line())) tick_while_needed();
  return {};
}

void SessionActor::depart(const Interposer::Departures& departures,
                          const Interposer::Damage& damage) {
  if (damage.kind == Interposer::Damage::Kind::corrupt) corrupts_ = damage;
  for (const Interposer::Departure& d : departures) {
    if (ended_) return;
    if (d.packet.empty())
      push(d.channel, find_wire_type(d.envelope.type), d.envelope);
    else
      send_packet(d.packet);
  }
  if (damage.kind == Interposer::Damage::Kind::cut) end(cut_by_rule());
}

// One timer at a time: while the session is ready if the stage wants it, and while something waits.
void SessionActor::tick_while_needed() {
  Interposer* stage = options_.interposer;
  if (interposer_timer_ || !((ready_ && stage->ticks()) || stage->holds_back(line()))) return;
  interposer_timer_ = true;
  context().send_after(interposer_period, Draft<schema::InterposerTimer>());
}

void SessionActor::on_interposer_timer(schema::InterposerTimer::Reader, const Envelope&) {
  interposer_timer_ = false;
  if (ended_) return;
  Interposer::Departures departures;
  Interposer::Arrivals arrivals;
  const auto damage = options_.interposer->on_tick(line(), context().now(), departures, arrivals);
  depart(departures, damage);
  for (Envelope& arrival : arrivals)
    if (!ended_) arrive(*find_wire_type(arrival.type), arrival);
  if (!ended_) tick_while_needed();
}

void SessionActor::corrupt(Bytes& bytes) {
  if (!corrupts_ || bytes.empty()) return;
  const auto damage = *std::exchange(corrupts_, std::nullopt);
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(1, damage.bytes); ++i)
    bytes[(damage.draw + i) % bytes.size()] ^= 0x5a;
}

}  // namespace witan::peers
