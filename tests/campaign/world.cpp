#include "tests/campaign/world.hpp"

#include <algorithm>

#include "actors/consensus/core/proposer_order.hpp"

namespace witan::campaign {
namespace {

constexpr std::int64_t ms = 1000;  // microseconds
constexpr std::int64_t tick_us = 250 * ms;
constexpr std::int64_t fair_delay_us = 20 * ms;
constexpr std::int64_t patience_us = 180'000 * ms;  // after healing; rounds are counted besides
constexpr std::size_t events_max = 2'000'000;
constexpr std::int64_t patience_short_us = 5'000 * ms;

ValidatorSetPtr make_set(const std::vector<std::uint64_t>& powers) {
  std::vector<Validator> validators(powers.size());
  for (std::size_t i = 0; i < powers.size(); ++i) {
    validators[i].key.data[0] = static_cast<std::uint8_t>(i);
    validators[i].power = powers[i];
  }
  return std::make_shared<const ValidatorSet>(ValidatorSet::make(std::move(validators)).value());
}

}  // namespace

World::World(const Scenario& scenario, std::ostream* log)
    : scenario_(scenario),
      set_(make_set(scenario.powers)),
      monitor_(scenario_, set_),
      network_(Random(scenario.seed).fork("network")),
      schedule_(Random(scenario.seed).fork("schedule")),
      lives_(scenario.powers.size(), 0),
      down_(scenario.powers.size(), false),
      log_(log) {
  const std::size_t n = set_->size();
  last_arrival_.assign(n, std::vector<std::int64_t>(n, 0));
  participants_.reserve(n);
  twists_.resize(n);
  for (ValidatorIndex v = 0; v < n; ++v)
    participants_.emplace_back(v, set_, *this, scenario_.is_liar(v) ? nullptr : &monitor_);
  for (const Liar& liar : scenario_.liars)
    twists_[liar.validator] =
        make_twist(liar, set_, *this, plot_,
                   Random(scenario.seed).fork("liar " + std::to_string(liar.validator)));
  plan_hostilities();
}

void World::plan_hostilities() {
  const std::size_t n = set_->size();
  heal_us_ = static_cast<std::int64_t>(1000 + schedule_.below(5000)) * ms;
  loss_permille_ = has(Fault::loss) ? 50 + static_cast<std::uint32_t>(schedule_.below(450)) : 0;
  delay_us_ = (has(Fault::delay) ? static_cast<std::int64_t>(50 + schedule_.below(350)) : 15) * ms;
  std::vector<ValidatorIndex> correct;
  for (ValidatorIndex v = 0; v < n; ++v)
    if (!scenario_.is_liar(v)) correct.push_back(v);
  draw_halves(correct);
  if (has(Fault::partition)) {
    const auto half = static_cast<std::uint64_t>(heal_us_ / 2);
    cut_from_us_ = scenario_.over ? 0 : static_cast<std::int64_t>(schedule_.below(half));
    cut_until_us_ = scenario_.over || schedule_.chance_permille(500)
                        ? heal_us_
                        : heal_us_ - static_cast<std::int64_t>(schedule_.below(half));
  }
  for (ValidatorIndex v = 0; v < n; ++v) {
    plan(static_cast<std::int64_t>(schedule_.below(30)) * ms,
         {.kind = Kind::next_height, .node = v});
    plan(static_cast<std::int64_t>(schedule_.below(250)) * ms, {.kind = Kind::tick, .node = v});
  }
  const std::uint64_t crashes = has(Fault::crash) ? 1 + schedule_.below(6) : 0;
  for (std::uint64_t i = 0; i < crashes; ++i)
    plan(static_cast<std::int64_t>(schedule_.below(static_cast<std::uint64_t>(heal_us_))),
         {.kind = Kind::crash, .node = correct[schedule_.below(correct.size())]});
  plan(heal_us_, {.kind = Kind::heal});
}

// Anywhere, with a correct validator on both sides; in the middle when both are to be deceived.
void World::draw_halves(const std::vector<ValidatorIndex>& correct) {
  std::set<ValidatorIndex>& half = plot_.second_half;
  half.insert(correct[schedule_.below(correct.size())]);
  for (const ValidatorIndex v : correct) {
    const bool full = scenario_.over && half.size() >= correct.size() / 2;
    if (half.size() + 1 < correct.size() && !full &&
        schedule_.chance_permille(scenario_.over ? 900 : 400))
      half.insert(v);
  }
}

void World::plan(std::int64_t after_us, Event event) {
  event.at_us = now_us_ + after_us;
  event.number = ++planned_;
  event.life = lives_[event.node];
  events_.push(std::move(event));
}

void World::note(ValidatorIndex node, const std::string& what) {
  const std::string line = std::to_string(now_us_) + " " + std::to_string(node) + " " + what + "\n";
  for (const char c : line)
    log_hash_ = (log_hash_ ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  if (log_ != nullptr) *log_ << line;
}

// ---- what participants ask for

void World::say(ValidatorIndex from, Content content) {
  if (twists_[from]) return twists_[from]->said(content);
  const auto message = std::make_shared<const Message>(Message{from, std::move(content)});
  for (ValidatorIndex to = 0; to < set_->size(); ++to)
    if (to != from) transmit(from, to, message);
}

void World::tell(ValidatorIndex from, ValidatorIndex to, Content content) {
  if (twists_[from]) return;  // liars help nobody to catch up
  transmit(from, to, std::make_shared<const Message>(Message{from, std::move(content)}));
}

void World::return_own(ValidatorIndex self, Content content) {
  plan(static_cast<std::int64_t>(schedule_.below(1000)),
       {.kind = Kind::own,
        .node = self,
        .message = std::make_shared<const Message>(Message{self, std::move(content)})});
}

void World::start_timer(ValidatorIndex self, Duration after, const consensus::TimeoutFired& timer) {
  plan(after.ns / 1000, {.kind = Kind::timer, .node = self, .timer = timer});
}

void World::plan_next_height(ValidatorIndex self) {
  if (healed_ && participants_[self].height() >= target_) return;
  plan(static_cast<std::int64_t>(50 + schedule_.below(200)) * ms,
       {.kind = Kind::next_height, .node = self});
}

std::vector<ValidatorIndex> World::proposers(Height height) const {
  Hash32 entropy;
  entropy.data[0] = static_cast<std::uint8_t>(scenario_.seed);
  entropy.data[1] = static_cast<std::uint8_t>(scenario_.seed >> 8U);
  return proposer_order(*set_, entropy, height);
}

// ---- the network

bool World::is_cut(ValidatorIndex a, ValidatorIndex b) const {
  return now_us_ >= cut_from_us_ && now_us_ < cut_until_us_ &&
         plot_.second_half.contains(a) != plot_.second_half.contains(b) && !twists_[a] &&
         !twists_[b];
}

void World::transmit(ValidatorIndex from, ValidatorIndex to, const MessagePtr& message) {
  if (!healed_) {
    if (is_cut(from, to) || network_.chance_permille(loss_permille_)) return;
    if (has(Fault::duplicate) && network_.chance_permille(80)) {
      const auto late = static_cast<std::int64_t>(network_.below(500)) * ms;
      plan(late, {.kind = Kind::deliver, .node = to, .message = message});
    }
  }
  const std::int64_t most = healed_ ? fair_delay_us : delay_us_;
  std::int64_t after =
      500 + static_cast<std::int64_t>(network_.below(static_cast<std::uint64_t>(most - 500)));
  if (!has(Fault::reorder)) {  // links keep the order
    std::int64_t& last = last_arrival_[from][to];
    if (!healed_) after = std::max(after, last - now_us_);
    last = now_us_ + after;
  }
  plan(after, {.kind = Kind::deliver, .node = to, .message = message});
}

void World::whisper(ValidatorIndex from, ValidatorIndex to, Content content, Duration later) {
  plan(500 + static_cast<std::int64_t>(network_.below(5000)) + later.ns / 1000,
       {.kind = Kind::deliver,
        .node = to,
        .message = std::make_shared<const Message>(Message{from, std::move(content)})});
}

// ---- the run

void World::heal() {
  healed_ = true;
  Height highest{0};
  std::vector<consensus::RoundState> states;
  for (ValidatorIndex v = 0; v < set_->size(); ++v) {
    if (twists_[v]) continue;
    highest = std::max(highest, participants_[v].height());
    states.push_back(participants_[v].state());
  }
  target_ = highest + static_cast<std::uint64_t>(scenario_.heights);
  for (ValidatorIndex v = 0; v < set_->size(); ++v)
    if (down_[v]) happen({.kind = Kind::restart, .node = v});
  monitor_.healed(states, must_decide());
}

bool World::must_decide() const {
  std::uint64_t power = scenario_.power_of_liars();
  for (const ValidatorIndex v : lost_logs_) power += scenario_.powers[v];
  return 3 * power < scenario_.power_total();
}

void World::happen(const Event& e) {
  Participant& p = participants_[e.node];
  switch (e.kind) {
    case Kind::heal:
      note(0, "healed");
      return heal();
    case Kind::restart: {
      if (!down_[e.node]) return;
      down_[e.node] = false;
      const bool with_log = !has(Fault::lost_logs) || schedule_.chance_permille(300);
      if (!with_log) lost_logs_.insert(e.node);
      note(e.node, with_log ? "restarts with its log" : "restarts with its sign-state only");
      return p.restart(with_log);
    }
    case Kind::crash:
      if (down_[e.node] || healed_) return;
      note(e.node, "crashes");
      down_[e.node] = true;
      ++lives_[e.node];
      return plan(static_cast<std::int64_t>(schedule_.below(400)) * ms,
                  {.kind = Kind::restart, .node = e.node});
    case Kind::tick:
      plan(tick_us, {.kind = Kind::tick, .node = e.node});
      if (down_[e.node]) return;
      if (twists_[e.node]) twists_[e.node]->tick();
      return p.tick();
    default:
      break;
  }
  if (down_[e.node]) return;
  if (e.kind == Kind::deliver) {
    note(e.node, "from " + std::to_string(e.message->from) + ": " + text_of(e.message->content));
    if (twists_[e.node]) twists_[e.node]->heard(*e.message);
    return p.receive(*e.message);
  }
  if (e.life != lives_[e.node]) return;
  if (e.kind == Kind::own) {
    note(e.node, "own: " + text_of(e.message->content));
    p.own(e.message->content);
  } else if (e.kind == Kind::timer) {
    note(e.node,
         "timer " + std::string(name_of(e.timer.step)) + " " + std::to_string(e.timer.round.get()));
    p.fire(e.timer);
  } else if (!p.running()) {
    note(e.node, "starts height " + std::to_string(p.height().get() + 1));
    p.start_height(p.height() + 1);
  }
}

bool World::finished() const {
  if (!healed_) return false;
  for (ValidatorIndex v = 0; v < set_->size(); ++v)
    if (!twists_[v] && participants_[v].decided_up_to() < target_) return false;
  return true;
}

Outcome World::run() {
  Outcome out;
  try {
    while (!finished()) {
      const Event event = events_.top();
      events_.pop();
      now_us_ = event.at_us;
      if (now_us_ > heal_us_ + (must_decide() ? patience_us : patience_short_us)) {
        if (!must_decide()) break;
        throw Violation("no decision after the network healed");
      }
      if (++happened_ > events_max) throw Violation("more events than any run needs");
      happen(event);
    }
    monitor_.finish();
  } catch (const Violation& violation) {
    out.violation = violation.what();
    note(0, "VIOLATION: " + out.violation);
  }
  out.log_hash = log_hash_;
  out.events = happened_;
  out.decisions = monitor_.decisions();
  out.rounds_after_healing = monitor_.rounds_after_healing();
  out.disagreed = monitor_.disagreed();
  out.guilty_permille = monitor_.guilty_permille();
  for (ValidatorIndex v = 0; v < set_->size(); ++v)
    if (!twists_[v]) out.equivocations += participants_[v].equivocations();
  return out;
}

Outcome run(const Scenario& scenario, std::ostream* log) { return World(scenario, log).run(); }

}  // namespace witan::campaign
