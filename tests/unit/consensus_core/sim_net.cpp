#include "tests/unit/consensus_core/sim_net.hpp"

#include <algorithm>

#include "tests/support/property.hpp"

namespace witan::consensus::test {
namespace {

StartHeight start_of(const ValidatorSetPtr& set, ValidatorIndex self) {
  return {Height(1), set, {0, 3, 1, 2}, self};
}

}  // namespace

SimNet::SimNet(std::uint64_t seed, SimOptions options)
    : random_(seed), options_(options), set_(make_set({1, 1, 1, 1})), nodes_(correct) {
  for (const char letter : {'x', 'y'}) values_.push_back(block(letter));
  for (ValidatorIndex v = 0; v < correct; ++v) feed(v, start_of(set_, v));
}

BlockId SimNet::some_value() { return values_[random_.below(values_.size())]; }

int SimNet::round_highest() const {
  int highest = 0;
  for (const Node& n : nodes_) highest = std::max(highest, n.core.state().round.get());
  return highest;
}

void SimNet::feed(ValidatorIndex node, const Input& input) {
  Node& n = nodes_[node];
  n.before = n.core.state();
  n.log.push_back(input);
  const auto effects = n.core.apply(input);
  check_step(node);
  for (const Effect& e : effects) perform(node, e);
}

void SimNet::check_step(ValidatorIndex node) {
  const RoundState& a = nodes_[node].before;
  const RoundState& b = nodes_[node].core.state();
  RC_ASSERT(b.round >= a.round);
  RC_ASSERT((b.round > a.round || b.step >= a.step));
  RC_ASSERT((!a.locked || (b.locked && b.locked->first >= a.locked->first)));
  RC_ASSERT((!a.valid || (b.valid && b.valid->first >= a.valid->first)));
  RC_ASSERT((!b.locked || b.valid->first >= b.locked->first));
}

void SimNet::perform(ValidatorIndex node, const Effect& effect) {
  Node& n = nodes_[node];
  if (const auto* e = std::get_if<GetValue>(&effect)) {
    BlockId value = block(static_cast<char>('a' + node));
    value.data[0] = static_cast<std::uint8_t>(e->round.get());
    value.data[1] = static_cast<std::uint8_t>(crashes_);  // a builder that is not deterministic
    values_.push_back(value);
    feed(node, ProposeValue{e->height, e->round, value});
  } else if (const auto* p = std::get_if<SignProposal>(&effect)) {
    n.own_proposals.push_back({p->height, p->round, p->value});
    // As the actor does: a re-proposal goes out with the polka that it leans on. Without it a node
    // that counted another prevote of the equivocator could not follow.
    if (!p->pol_round.is_nil()) {
      const auto polka = n.core.certificate(VoteType::prevote, p->pol_round, p->value);
      if (polka) broadcast(node, CertificateReceived{*polka});  // a lost log took it along
    }
    broadcast(node, ProposalComplete{p->height, p->round, p->pol_round, p->value, node, true});
  } else if (const auto* v = std::get_if<SignVote>(&effect)) {
    const auto [said, is_new] = n.said.try_emplace({v->vote.round, v->vote.type}, v->vote.value);
    RC_ASSERT(is_new);  // never a second own vote, the same or another
    n.own_votes.push_back({SignedVote{v->vote, signature_of(node)}, v->locked, v->valid});
    broadcast(node, VoteReceived{v->vote, signature_of(node)});
  } else if (const auto* t = std::get_if<ScheduleTimeout>(&effect)) {
    const int base = t->step == Step::propose ? 3 : 1;
    n.timers.push_back(
        {{t->step, t->height, t->round, t->generation}, now_ + base + t->round.get()});
  } else if (const auto* f = std::get_if<RoundFailed>(&effect)) {
    if (random_.chance_permille(500))  // the timer goes off now, or later
      feed(node, TimeoutFired{Step::precommit, f->height, f->round, f->generation});
  } else if (const auto* l = std::get_if<NewLock>(&effect)) {
    broadcast(node, CertificateReceived{l->certificate});
  } else if (const auto* d = std::get_if<Decide>(&effect)) {
    const auto known = decisions_.find(node);
    RC_ASSERT((known == decisions_.end() || known->second == d->value));
    for (const auto& [other, value] : decisions_) RC_ASSERT(value == d->value);  // agreement
    decisions_[node] = d->value;
    RC_ASSERT(d->certificate.signatures.size() >= 3U);
    broadcast(node, CertificateReceived{d->certificate});
  } else if (const auto* q = std::get_if<Equivocation>(&effect)) {
    RC_ASSERT(q->first.vote.validator == correct);  // nobody else is ever accused
    RC_ASSERT(q->first.vote.value != q->second.vote.value);
    ++equivocations_;
  } else if (const auto* a = std::get_if<AmnesiaFound>(&effect)) {
    RC_ASSERT(is_amnesia(a->precommit.vote, a->prevote.vote));
    RC_ASSERT(a->prevote.vote.validator == correct);
    ++amnesia_;
  } else if (const auto* pe = std::get_if<ProposalEquivocation>(&effect)) {
    RC_ASSERT(pe->proposer == correct);
  }
}

void SimNet::broadcast(ValidatorIndex from, const Input& input) {
  everything_said_.push_back(input);
  for (ValidatorIndex to = 0; to < correct; ++to) {
    if (to != from && !healed_ && random_.chance_permille(options_.loss_permille)) continue;
    under_way_.push_back({to, input});
    if (!healed_ && random_.chance_permille(options_.repeat_permille))
      under_way_.push_back({to, input});
  }
}

void SimNet::deliver_one() {
  const std::size_t i = random_.below(under_way_.size());
  const Letter letter = std::move(under_way_[i]);
  under_way_[i] = std::move(under_way_.back());
  under_way_.pop_back();
  feed(letter.to, letter.input);
}

void SimNet::fire_timer(ValidatorIndex node) {
  auto& timers = nodes_[node].timers;
  if (timers.empty()) return;
  const std::size_t i = random_.below(timers.size());
  const TimeoutFired timer = timers[i].timeout;
  timers.erase(timers.begin() + static_cast<std::ptrdiff_t>(i));
  feed(node, timer);
}

bool SimNet::fire_nearest_timer() {
  Node* nearest = nullptr;
  std::size_t place = 0;
  for (Node& n : nodes_)
    for (std::size_t i = 0; i < n.timers.size(); ++i)
      if (nearest == nullptr || n.timers[i].due < nearest->timers[place].due)
        nearest = &n, place = i;
  if (nearest == nullptr) return false;
  const Timer timer = nearest->timers[place];
  nearest->timers.erase(nearest->timers.begin() + static_cast<std::ptrdiff_t>(place));
  now_ = std::max(now_, timer.due);
  feed(static_cast<ValidatorIndex>(nearest - nodes_.data()), timer.timeout);
  return true;
}

// The equivocator says anything to anyone, in rounds around the current ones.
void SimNet::lie() {
  const Round round(
      static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(round_highest()) + 2)));
  const auto to = static_cast<ValidatorIndex>(random_.below(correct));
  Input input;
  if (random_.chance_permille(300)) {
    const Round pol(
        static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(round.get()) + 1)) - 1);
    if (round.get() % 4 != 1) return;  // not its turn
    input = ProposalComplete{Height(1), round, pol, some_value(), correct, true};
  } else {
    const VoteType type = random_.chance_permille(500) ? VoteType::prevote : VoteType::precommit;
    const ValueId value = random_.chance_permille(300) ? std::nullopt : ValueId(some_value());
    input = test::vote(type, 1, round.get(), value, correct);
  }
  everything_said_.push_back(input);
  under_way_.push_back({to, input});
}

// The process dies and comes back: own records first, then the log, then life goes on.
void SimNet::crash(ValidatorIndex node) {
  Node& n = nodes_[node];
  ++crashes_;
  const RoundState before = n.core.state();
  n.core = ConsensusCore();
  n.timers.clear();
  if (random_.chance_permille(options_.lost_log_permille)) return restart_without_log(node);
  const auto quiet = [&](const Input& input) {
    for (const Effect& e : n.core.apply(input))
      RC_ASSERT((std::holds_alternative<Decide>(e) || std::holds_alternative<Equivocation>(e) ||
                 std::holds_alternative<AmnesiaFound>(e) ||
                 std::holds_alternative<ProposalEquivocation>(e)));
  };
  for (const RestoreOwnVote& v : n.own_votes) {
    RestoreOwnVote guard = v;  // with the whole log at hand the lock is rebuilt from it
    guard.locked = guard.valid = std::nullopt;
    quiet(guard);
  }
  for (const RestoreOwnProposal& p : n.own_proposals) quiet(p);
  quiet(SetReplaying{true});
  for (const Input& input : n.log) quiet(input);
  const auto effects = n.core.apply(SetReplaying{false});
  RC_ASSERT(n.core.state() == before);
  for (const Effect& e : effects) {
    RC_ASSERT((!std::holds_alternative<SignVote>(e) && !std::holds_alternative<SignProposal>(e)));
    perform(node, e);
  }
}

// Only the sign-state survives: the guard and the lock it recorded must keep us from contradicting
// ourselves, in a node that is back in round 0 and remembers no message.
void SimNet::restart_without_log(ValidatorIndex node) {
  Node& n = nodes_[node];
  n.log.clear();
  for (const RestoreOwnVote& v : n.own_votes) feed(node, v);
  for (const RestoreOwnProposal& p : n.own_proposals) feed(node, p);
  feed(node, start_of(set_, node));
  const RoundState& s = n.core.state();
  for (const RestoreOwnVote& v : n.own_votes)
    RC_ASSERT((!v.locked || (s.locked && s.locked->first >= v.locked->first)));
}

std::size_t SimNet::check_nobody_correct_is_accused() const {
  std::size_t unlocked = 0;
  for (const Node& n : nodes_) {
    for (const RestoreOwnVote& a : n.own_votes) {
      for (const RestoreOwnVote& b : n.own_votes) {
        const Vote& first = a.vote.vote;
        const Vote& second = b.vote.vote;
        RC_ASSERT(!is_amnesia(first, second));
        RC_ASSERT((first == second || first.round != second.round || first.type != second.type));
        if (first.type == VoteType::precommit && second.type == VoteType::prevote && first.value &&
            second.value && first.value != second.value && first.round < second.round)
          ++unlocked;
      }
    }
    for (const RestoreOwnProposal& a : n.own_proposals)
      for (const RestoreOwnProposal& b : n.own_proposals)
        RC_ASSERT((a.round != b.round || a.value == b.value));
  }
  return unlocked;
}

void SimNet::run(std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) {
    const auto node = static_cast<ValidatorIndex>(random_.below(correct));
    if (random_.chance_permille(options_.crash_permille)) crash(node);
    if (random_.chance_permille(options_.lie_permille)) lie();
    if (under_way_.empty() || random_.chance_permille(options_.timer_permille))
      fire_timer(node);
    else
      deliver_one();
  }
}

// What the actor does when a quorum stands behind a block it does not have (P17): fetch it by id.
// An equivocating proposer may have filled the four places of its round before the right one came.
bool SimNet::fetch_wanted_blocks() {
  const std::size_t before = decisions_.size();
  for (ValidatorIndex v = 0; v < correct; ++v) {
    if (decisions_.contains(v)) continue;
    const std::vector<RoundValue> wanted = nodes_[v].core.commit_quorums();
    for (const Input& said : std::vector<Input>(everything_said_))
      if (const auto* p = std::get_if<ProposalComplete>(&said))
        for (const auto& [round, value] : wanted)
          if (p->round == round && p->value == value) feed(v, said);
  }
  return decisions_.size() > before;
}

bool SimNet::heal_and_decide(int rounds_max) {
  healed_ = true;
  under_way_.clear();
  const std::vector<Input> said = everything_said_;
  for (const Input& input : said)
    for (ValidatorIndex to = 0; to < correct; ++to) under_way_.push_back({to, input});
  const int last = round_highest() + rounds_max;
  while (decisions_.size() < correct && round_highest() <= last) {
    while (!under_way_.empty()) deliver_one();
    if (decisions_.size() == correct) break;
    if (fetch_wanted_blocks()) continue;
    if (!fire_nearest_timer()) return false;  // deadlock: nothing under way and no timer alive
  }
  return decisions_.size() == correct;
}

}  // namespace witan::consensus::test
