#include "actors/peers/link_faults.hpp"

#include <algorithm>

#include "actors/runtime/faults/vocabulary.hpp"
#include "messages/base/hex.hpp"

namespace witan::peers {
namespace {

using faults::Action;

std::size_t bytes_of(const Interposer::Departure& departure) {
  return departure.packet.empty() ? departure.envelope.words->flat_bytes()
                                  : departure.packet.size();
}

// Two messages may leave at one tick: the worst that happens to the line counts.
void suffer(Interposer::Damage& damage, const Interposer::Damage& more) {
  if (more.kind >= damage.kind) damage = more;
}

}  // namespace

LinkFaults::LinkFaults(LinkFaultsOptions options)
    : options_(std::move(options)), names_(std::move(options_.names)) {}

bool LinkFaults::active() const {
  return options_.rules.any(faults::Moment::link) || held_.load(std::memory_order_relaxed) != 0 ||
         (options_.inner != nullptr && options_.inner->active());
}

bool LinkFaults::ticks() const { return options_.inner != nullptr && options_.inner->ticks(); }

bool LinkFaults::misbehaves() const {
  return options_.inner != nullptr && options_.inner->misbehaves();
}

bool LinkFaults::holds_back(const Line& line) {
  if (held_.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard lock(mutex_);
  const auto at = lanes_.find(line.connection);
  return at != lanes_.end() && !(at->second.out.held.empty() && at->second.in.held.empty());
}

// ---- whom it is about

void LinkFaults::on_ready(const Line& line, std::string_view moniker) {
  if (options_.inner != nullptr) options_.inner->on_ready(line, moniker);
  const std::lock_guard lock(mutex_);
  if (names_.size() < names_known_max || names_.contains(line.peer)) names_[line.peer] = moniker;
}

void LinkFaults::on_ended(const Line& line) {
  if (options_.inner != nullptr) options_.inner->on_ended(line);
  const std::lock_guard lock(mutex_);
  const auto at = lanes_.find(line.connection);
  if (at == lanes_.end()) return;
  held_ -= at->second.out.held.size() + at->second.in.held.size();
  lanes_.erase(at);
}

// `message`: null for a connection that is being made.
std::optional<faults::Decision> LinkFaults::ask(const Line& line, Way way,
                                                const Envelope* message) {
  if (!options_.rules.any(faults::Moment::link)) return std::nullopt;
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = names_.find(line.peer); at != names_.end()) name = at->second;
  }
  const std::string id = to_hex(line.peer);
  faults::Site site;
  site.moment = faults::Moment::link;
  site.node = options_.name;
  site.where = way == Way::out ? options_.name : name;
  site.where_id = way == Way::out ? options_.id : id;
  site.to = way == Way::out ? name : options_.name;
  site.to_id = way == Way::out ? id : options_.id;
  if (message != nullptr) {
    site.message = faults::message_name(message->type);
    site.type = message->type;
    site.passes = [message](const faults::FieldTest& test) { return passes(*message, test); };
  }
  return options_.rules.decide(site);
}

bool LinkFaults::lets_connect(const Line& line) {
  for (const Way way : {Way::out, Way::in}) {
    const auto decision = ask(line, way, nullptr);
    if (decision && (decision->action == Action::drop || decision->action == Action::hang ||
                     decision->action == Action::kill))
      return false;
  }
  return options_.inner == nullptr || options_.inner->lets_connect(line);
}

// ---- what passes

Interposer::Damage LinkFaults::on_leaving(const Line& line, const Envelope& envelope, Instant now,
                                          Departures& departures) {
  Departures leaving;
  Damage damage;
  if (options_.inner != nullptr && options_.inner->active())
    damage = options_.inner->on_leaving(line, envelope, now, leaving);
  else
    leaving.push_back({find_wire_type(envelope.type)->channel, envelope, {}});
  for (Departure& departure : leaving)
    suffer(damage, judge(line, Way::out, std::move(departure), now, departures));
  return damage;
}

Interposer::Damage LinkFaults::on_arrived(const Line& line, const Envelope& envelope, Instant now,
                                          Arrivals& arrivals) {
  Departures came;
  Damage damage;
  if (options_.judges_arrivals)
    damage = judge(line, Way::in, {Channel::control, envelope, {}}, now, came);
  else
    came.push_back({Channel::control, envelope, {}});
  suffer(damage, let_in(line, std::move(came), now, arrivals));
  return damage;
}

Interposer::Damage LinkFaults::on_tick(const Line& line, Instant now, Departures& departures,
                                       Arrivals& arrivals) {
  Departures came, added;
  if (held_.load(std::memory_order_relaxed) != 0) {
    const std::lock_guard lock(mutex_);
    if (const auto at = lanes_.find(line.connection); at != lanes_.end()) {
      release(at->second.out, now, departures);
      release(at->second.in, now, came);
      if (at->second.out.held.empty() && at->second.in.held.empty()) lanes_.erase(at);
    }
  }
  Damage damage = let_in(line, std::move(came), now, arrivals);
  if (options_.inner == nullptr || !options_.inner->ticks()) return damage;
  suffer(damage, options_.inner->on_tick(line, now, added, arrivals));
  for (Departure& departure : added)
    suffer(damage, judge(line, Way::out, std::move(departure), now, departures));
  return damage;
}

// Past the rules: what the inner stage makes of it.
Interposer::Damage LinkFaults::let_in(const Line& line, Departures&& came, Instant now,
                                      Arrivals& arrivals) {
  Damage damage;
  for (Departure& arrival : came) {
    if (options_.inner != nullptr && options_.inner->active())
      suffer(damage, options_.inner->on_arrived(line, arrival.envelope, now, arrivals));
    else
      arrivals.push_back(std::move(arrival.envelope));
  }
  return damage;
}

Interposer::Damage LinkFaults::judge(const Line& line, Way way, Departure&& departure, Instant now,
                                     Departures& out) {
  std::optional<faults::Decision> decision;
  if (departure.packet.empty()) decision = ask(line, way, &departure.envelope);
  if (!decision) {
    pass(line, way, std::move(departure), now, out);
    return {};
  }
  const Action action = decision->action;
  switch (action) {
    case Action::drop:
      return {};
    case Action::kill:
      return {.kind = Damage::Kind::cut};
    case Action::delay:
    case Action::slow:
    case Action::reorder:
    case Action::hang:
      hold(line, way,
           {.due = now + decision->by,
            .for_good = action == Action::hang && decision->by == Duration{},
            .in_line = !decision->of_message,
            .rule = decision->rule,
            .departure = std::move(departure)});
      return {};
    default:
      break;
  }
  if (action == Action::duplicate && decision->of_message)
    pass(line, way, Departure(departure), now, out);
  pass(line, way, std::move(departure), now, out);
  if (action != Action::corrupt) return {};
  return {Damage::Kind::corrupt, decision->bytes, decision->draw};
}

// No rule holds it back; it does not overtake what a rule about the connection holds back.
void LinkFaults::pass(const Line& line, Way way, Departure&& departure, Instant now,
                      Departures& out) {
  if (held_.load(std::memory_order_relaxed) != 0) {
    std::unique_lock lock(mutex_);
    if (const auto at = lanes_.find(line.connection); at != lanes_.end()) {
      Lane& lane = at->second.of(way);
      if (lane.in_line != 0) release(lane, now, out);
      if (lane.in_line != 0) {
        lock.unlock();
        return hold(line, way, {.due = now, .in_line = true, .departure = std::move(departure)});
      }
    }
  }
  out.push_back(std::move(departure));
}

// ---- what waits

void LinkFaults::hold(const Line& line, Way way, Held&& held) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[line.connection].of(way);
  const std::size_t bytes = bytes_of(held.departure);
  if (lane.held.size() >= held_messages_max || lane.bytes + bytes > held_bytes_max) return;
  if (lane.in_line != 0) held.in_line = true;
  lane.bytes += bytes;
  lane.in_line += held.in_line ? 1U : 0U;
  lane.held.push_back(std::move(held));
  ++held_;
}

bool LinkFaults::is_over(const Held& held, Instant now) const {
  if (!held.for_good && held.due <= now) return true;
  return held.rule != 0 && !options_.rules.has(held.rule);
}

// By the time it is due, those of one time in the order they came; what stands in line waits for
// those before it. Called with the lock held.
void LinkFaults::release(Lane& lane, Instant now, Departures& out) {
  std::vector<Held> over;
  std::deque<Held> stay;
  bool open = true;   // nobody before this one in the line stays
  bool loose = true;  // nobody of `over` stood in line
  for (Held& held : lane.held) {
    const bool goes = is_over(held, now) && (open || !held.in_line);
    if (held.in_line && !goes) open = false;
    if (!goes) {
      stay.push_back(std::move(held));
      continue;
    }
    lane.bytes -= bytes_of(held.departure);
    lane.in_line -= held.in_line ? 1U : 0U;
    loose = loose && !held.in_line;
    over.push_back(std::move(held));
  }
  lane.held = std::move(stay);
  held_ -= over.size();
  if (loose)
    std::stable_sort(over.begin(), over.end(),
                     [](const Held& a, const Held& b) { return a.due < b.due; });
  for (Held& held : over) out.push_back(std::move(held.departure));
}

Status check_link_end(const faults::Rule& rule, const std::string& name, const std::string& id) {
  if (rule.target != faults::Target::link) return {};
  for (const std::string& glob : {rule.where, rule.to})
    if (faults::glob_matches(glob, name) || faults::glob_matches(glob, id)) return {};
  return fail(ErrorCode::bad_rule, to_text(rule),
              "this node is called " + name + " and " + id +
                  ", and neither end of the link is: add the rule to a node that is one");
}

}  // namespace witan::peers
