#include "actors/runtime/faults/plan.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

#include "actors/runtime/faults/vocabulary.hpp"

namespace witan::faults {

// Called with the lock held; gives it back before it tells anybody.
void Rules::changed(std::unique_lock<std::mutex>& lock) {
  unsigned moments = 0;
  for (const Moment m : {Moment::send, Moment::handle, Moment::link, Moment::disk, Moment::clock})
    if (set_.any(m)) moments |= 1U << static_cast<unsigned>(m);
  moments_.store(moments, std::memory_order_release);
  const std::size_t size = set_.size();
  lock.unlock();
  released_.notify_all();
  if (options_.on_change) options_.on_change(size);
}

Result<std::vector<RuleId>> Rules::add(std::vector<Rule> rules) {
  for (const Rule& rule : rules) {
    const auto& obeyed = options_.obeyed;
    if (std::find(obeyed.begin(), obeyed.end(), rule.target) == obeyed.end())
      return fail(ErrorCode::bad_rule, to_text(rule),
                  "nothing in this program obeys rules for a " + std::string(name_of(rule.target)));
    if (options_.accepts) WITAN_TRY_VOID(options_.accepts(rule));
  }
  std::unique_lock lock(mutex_);
  WITAN_TRY(auto ids, set_.add(std::move(rules), now()));
  changed(lock);
  return ids;
}

Result<std::vector<RuleId>> Rules::add_text(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) {
    WITAN_TRY(Rule rule, parse_rule(text, &schema_vocabulary()));
    return add({std::move(rule)});
  }
  WITAN_TRY(std::vector<Rule> rules, parse_rules(text, "rules", &schema_vocabulary()));
  return add(std::move(rules));
}

Status Rules::remove(RuleId id) {
  std::unique_lock lock(mutex_);
  if (!set_.remove(id))
    return fail(ErrorCode::not_found, std::to_string(id), "there is no fault rule of this number");
  changed(lock);
  return {};
}

std::size_t Rules::clear() {
  std::unique_lock lock(mutex_);
  const std::size_t out = set_.clear();
  changed(lock);
  return out;
}

std::vector<RuleStatus> Rules::list() const {
  const std::lock_guard lock(mutex_);
  return set_.list(now());
}

std::uint64_t Rules::hits(RuleId id) const {
  for (const RuleStatus& status : list())
    if (status.id == id) return status.hits;
  return 0;
}

bool Rules::has(RuleId id) const {
  const std::lock_guard lock(mutex_);
  return set_.has(id);
}

std::optional<Decision> Rules::decide(const Site& site) {
  if (!any(site.moment)) return std::nullopt;
  std::optional<Decision> out;
  std::string rule;
  {
    const std::lock_guard lock(mutex_);
    out = set_.decide(site, now());
    if (!out || !options_.on_hit) return out;
    rule = to_text(*set_.find(out->rule));
  }
  options_.on_hit(*out, rule, site.where);
  return out;
}

Duration Rules::clock_offset(std::string_view node, Instant at) {
  const std::lock_guard lock(mutex_);
  return set_.clock_offset(node, at);
}

void Rules::wait(RuleId id, Duration by) {
  std::unique_lock lock(mutex_);
  const auto gone = [&] { return !set_.has(id); };
  if (by.ns > 0)
    released_.wait_for(lock, std::chrono::nanoseconds(by.ns), gone);
  else
    released_.wait(lock, gone);
}

std::optional<Decision> ActorFaults::ask(Moment moment, const Envelope& envelope,
                                         std::string_view from, std::string_view to) {
  if (!rules_.any(moment)) return std::nullopt;
  Site site;
  site.moment = moment;
  site.node = node_;
  site.where = to;
  site.sender = from;
  site.message = message_name(envelope.type);
  site.type = envelope.type;
  site.passes = [&envelope](const FieldTest& test) { return passes(envelope, test); };
  return rules_.decide(site);
}

rt::FaultVerdict ActorFaults::on_deliver(const Envelope& envelope, std::string_view from,
                                         std::string_view to) {
  const auto decision = ask(Moment::send, envelope, from, to);
  if (!decision) return {};
  switch (decision->action) {
    case Action::drop:
      return {rt::FaultVerdict::drop, {}};
    case Action::duplicate:
      return {rt::FaultVerdict::duplicate, {}};
    case Action::delay:
    case Action::reorder:
      return {rt::FaultVerdict::delay, decision->by};
    default:
      return {};
  }
}

void ActorFaults::on_handle(const Envelope& envelope, std::string_view path) {
  const auto decision = ask(Moment::handle, envelope, {}, path);
  if (!decision) return;
  switch (decision->action) {
    case Action::throw_:
      throw std::runtime_error(decision->text);
    case Action::kill:
      throw rt::ActorKilled{};
    case Action::slow:
    case Action::hang:
      if (waiting_ == Waiting::held) throw rt::ActorHeld{decision->by, decision->rule};
      return rules_.wait(decision->rule, decision->by);
    default:
      return;
  }
}

}  // namespace witan::faults
