#include "tests/campaign/liars.hpp"

#include <algorithm>

namespace witan::campaign {

Twist::Twist(Liar liar, ValidatorSetPtr set, Stage& stage, Plot& plot, Random random)
    : key_(liar.validator), set_(std::move(set)), stage_(stage), plot_(plot), random_(random) {}

void Twist::to(ValidatorIndex v, const Content& content, Duration later) {
  if (v != key_.owner()) stage_.whisper(key_.owner(), v, content, later);
}

void Twist::to_all(const Content& content, Duration later) {
  for (ValidatorIndex v = 0; v < set_->size(); ++v) to(v, content, later);
}

void Twist::to_half(bool second, const Content& content) {
  for (ValidatorIndex v = 0; v < set_->size(); ++v)
    if (plot_.second_half.contains(v) == second) to(v, content);
}

ValidatorIndex Twist::somebody() {
  return static_cast<ValidatorIndex>(random_.below(set_->size()));
}

BlockId Twist::another_block(Height height, bool valid, bool timely) {
  return block_of({height, key_.owner(), ++blocks_made_, valid, timely});
}

Content Twist::vote(VoteType type, Height height, Round round, ValueId value, Round pol) const {
  if (type == VoteType::precommit || !value || pol >= round) pol = Round::nil();
  return key_.sign(Vote{type, height, round, value, pol, key_.owner()});
}

ValueId Twist::proposed(Round round) const {
  for (const SignedBlock& b : stage_.shadow(key_.owner()).blocks())
    if (b.round == round) return b.value;
  return std::nullopt;
}

namespace {

// Proposes up to three values in a round, each to some, and votes for the value that each was told.
class EquivocatingProposer final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    if (const auto* b = std::get_if<SignedBlock>(&content)) {
      if (b->proposer != key_.owner()) return to_all(content);
      told_.clear();
      round_ = b->round;
      std::vector<SignedBlock> variants{*b};
      for (std::uint64_t i = 0; i <= random_.below(4); ++i) {
        SignedBlock other = *b;
        other.value = another_block(b->height);
        other.pol_round = Round::nil();
        variants.push_back(key_.sign(other));
      }
      for (ValidatorIndex v = 0; v < set_->size(); ++v) {
        const SignedBlock& choice = variants[random_.below(variants.size())];
        told_[v] = choice.value;
        to(v, choice);
      }
    } else if (const auto* v = std::get_if<SignedVote>(&content);
               v != nullptr && v->vote.validator == key_.owner() && v->vote.round == round_) {
      for (const auto& [who, value] : told_)
        to(who, vote(v->vote.type, v->vote.height, v->vote.round, value));
    } else {
      to_all(content);
    }
  }

 private:
  Round round_;
  std::map<ValidatorIndex, BlockId> told_;
};

// Votes for everything: the right value to some, nil or another value to others, both to a few.
class EquivocatingVoter final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    const auto* s = std::get_if<SignedVote>(&content);
    if (s == nullptr || s->vote.validator != key_.owner()) return to_all(content);
    const Vote& v = s->vote;
    const ValueId seen = proposed(v.round);
    const ValueId other = v.value ? (random_.chance_permille(500) ? ValueId() : another(v)) : seen;
    for (ValidatorIndex who = 0; who < set_->size(); ++who) {
      const std::uint64_t choice = random_.below(5);
      if (choice != 0) to(who, choice < 3 ? content : vote(v.type, v.height, v.round, other));
      if (choice == 4) to(who, content);
    }
  }

 private:
  // A value that somebody proposed in this height, or one that nobody did.
  ValueId another(const Vote& v) {
    const auto& blocks = stage_.shadow(key_.owner()).blocks();
    if (blocks.empty() || random_.chance_permille(200)) return another_block(v.height);
    return blocks[random_.below(blocks.size())].value;
  }
};

class Silent final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content&) override {}
};

// Tells each thing to some only, often to one; never passes on what others said.
class Withholding final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    const auto* s = std::get_if<SignedVote>(&content);
    if (s != nullptr && s->vote.validator != key_.owner()) return;
    if (std::holds_alternative<Certificate>(content)) return;
    if (random_.chance_permille(400)) return to(somebody(), content);
    const auto permille = static_cast<std::uint32_t>(random_.below(1001));
    for (ValidatorIndex v = 0; v < set_->size(); ++v)
      if (random_.chance_permille(permille)) to(v, content);
  }
};

// Holds to the first value it ever saw: proposes it again and again with the claim of an early
// polka (true or not), and votes for nothing else.
class StaleLock final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    if (const auto* b = std::get_if<SignedBlock>(&content)) {
      if (b->proposer != key_.owner()) return;
      remember(b->height, b->value);
      SignedBlock stale = *b;
      stale.value = *value_;
      stale.pol_round = b->round > Round(0) && random_.chance_permille(700)
                            ? Round(static_cast<std::int32_t>(
                                  random_.below(static_cast<std::uint64_t>(b->round.get()))))
                            : Round::nil();
      to_all(key_.sign(stale));
    } else if (const auto* s = std::get_if<SignedVote>(&content)) {
      if (s->vote.validator != key_.owner()) return;
      if (const ValueId seen = proposed(s->vote.round)) remember(s->vote.height, *seen);
      to_all(vote(s->vote.type, s->vote.height, s->vote.round,
                  height_ == s->vote.height ? value_ : ValueId(), Round(0)));
    }
  }

 private:
  void remember(Height height, const BlockId& value) {
    if (height_ == height && value_) return;
    height_ = height;
    value_ = value;
  }
  Height height_;
  ValueId value_;
};

// Forgets every lock: prevotes and precommits whatever is proposed, polka or not.
class Amnesia final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    const auto* s = std::get_if<SignedVote>(&content);
    if (s == nullptr || s->vote.validator != key_.owner()) return to_all(content);
    const ValueId value = proposed(s->vote.round);
    to_all(vote(s->vote.type, s->vote.height, s->vote.round, value ? value : s->vote.value));
  }
};

// Proposes blocks that no executor accepts, of a lying time, or of another height; votes for them.
class InvalidBlock final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    if (const auto* b = std::get_if<SignedBlock>(&content);
        b != nullptr && b->proposer == key_.owner()) {
      SignedBlock bad = *b;
      const std::uint64_t kind = random_.below(3);
      bad.value = kind == 0   ? another_block(b->height, false)
                  : kind == 1 ? another_block(b->height, true, false)
                              : another_block(b->height + 1);
      bad_ = bad.value;
      round_ = b->round;
      to_all(key_.sign(bad));
      to_all(vote(VoteType::prevote, b->height, b->round, bad_));
      to_all(vote(VoteType::precommit, b->height, b->round, bad_));
    } else if (const auto* v = std::get_if<SignedVote>(&content);
               v == nullptr || v->vote.validator != key_.owner() || v->vote.round != round_) {
      to_all(content);
    }
  }

 private:
  Round round_;
  BlockId bad_;
};

// Speaks of rounds far ahead, each time of another one, besides what it should say.
class FarRounds final : public Twist {
 public:
  using Twist::Twist;
  void tick() override {
    const Participant& shadow = stage_.shadow(key_.owner());
    for (int i = 0; i < 12; ++i) {
      const std::uint64_t span = random_.chance_permille(500) ? 40 : 900'000;
      const Round round(static_cast<std::int32_t>(1 + random_.below(span)));
      const BlockId value = another_block(shadow.height());
      if (random_.chance_permille(200)) {
        to(somebody(),
           key_.sign(SignedBlock{shadow.height(), round, Round::nil(), value, key_.owner(), {}}));
      } else {
        const VoteType type =
            random_.chance_permille(500) ? VoteType::prevote : VoteType::precommit;
        to(somebody(), vote(type, shadow.height(), round, value));
      }
    }
  }
};

// Certificates that prove nothing: forged, too small, doubled, unordered, of nobody, relabelled.
class GarbageCertificates final : public Twist {
 public:
  using Twist::Twist;
  void heard(const Message& m) override {
    const auto* c = std::get_if<Certificate>(&m.content);
    const auto* d = std::get_if<Decided>(&m.content);
    if (c == nullptr && d == nullptr) return;
    const Certificate& real = c != nullptr ? *c : d->certificate;
    if (real.signatures.empty() || spoiled_ >= 8) return;  // two of these would feed each other
    ++spoiled_;
    to_all(spoil(real));
  }
  void tick() override {
    spoiled_ = 0;
    const Participant& shadow = stage_.shadow(key_.owner());
    Certificate forged{random_.chance_permille(500) ? VoteType::prevote : VoteType::precommit,
                       shadow.height(),
                       Round(static_cast<std::int32_t>(random_.below(3))),
                       another_block(shadow.height()),
                       {}};
    for (ValidatorIndex v = 0; v < set_->size(); ++v) {
      Signature signature;
      const std::uint64_t noise = random_.next();
      std::memcpy(signature.data.data(), &noise, sizeof noise);
      forged.signatures.push_back({v, Round::nil(), signature});
    }
    if (random_.chance_permille(500))
      to(somebody(), forged);
    else
      to(somebody(), Decided{forged});
  }

 private:
  Content spoil(Certificate c) {
    switch (random_.below(6)) {
      case 0:  // too few
        c.signatures.resize(c.signatures.size() / 2);
        break;
      case 1:  // one member many times
        std::fill(c.signatures.begin(), c.signatures.end(), c.signatures.front());
        break;
      case 2:
        std::reverse(c.signatures.begin(), c.signatures.end());
        break;
      case 3:
        c.signatures.back().validator += 1000;
        break;
      case 4:  // a polka sold as a decision
        c.type = VoteType::precommit;
        c.round = c.round.next();
        return Decided{c};
      default:
        c.block_id = another_block(c.height);
    }
    return c;
  }
  int spoiled_ = 0;  // since the last tick
};

// Says everything when the others' timers are about to fire.
class Delaying final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    const std::int64_t round = std::max(0, stage_.shadow(key_.owner()).state().round.get());
    for (ValidatorIndex v = 0; v < set_->size(); ++v)
      to(v, content,
         Duration::from_ms(70 + 40 * round + static_cast<std::int64_t>(random_.below(60))));
  }
};

// Repeats what anybody ever said, of any height, to anybody.
class Replaying final : public Twist {
 public:
  using Twist::Twist;
  void heard(const Message& m) override {
    if (kept_.size() < 4000) kept_.push_back(m.content);
  }
  void tick() override {
    for (int i = 0; i < 20 && !kept_.empty(); ++i)
      to(somebody(), kept_[random_.below(kept_.size())]);
  }

 private:
  std::vector<Content> kept_;
};

// Two stories: as proposer another block for each half; as voter each half's own story, prevote
// and precommit at once. What correct validators propose gets the liars' votes half of the time.
class SplitBrain final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    if (const auto* b = std::get_if<SignedBlock>(&content)) {
      if (b->proposer != key_.owner()) return;
      SignedBlock other = *b;
      other.value = another_block(b->height);
      other.pol_round = Round::nil();
      plot_.stories[{b->height, b->round}] = {b->value, other.value};
      to_half(false, content);
      to_half(true, key_.sign(other));
    } else if (const auto* s = std::get_if<SignedVote>(&content)) {
      if (s->vote.validator == key_.owner()) tell(s->vote.height, s->vote.round);
    }
  }

 private:
  void tell(Height height, Round round) {
    const auto [at, is_new] = plot_.stories.try_emplace({height, round});
    if (is_new && random_.chance_permille(500)) at->second = {proposed(round), proposed(round)};
    for (const VoteType type : {VoteType::prevote, VoteType::precommit}) {
      to_half(false, vote(type, height, round, at->second.first));
      to_half(true, vote(type, height, round, at->second.second));
    }
  }
};

// Helps the first half to decide in even rounds and leaves the other in the dark; forgets that in
// odd rounds, and helps the other half to decide something else, in heights long decided too.
class AmnesiaFork final : public Twist {
 public:
  using Twist::Twist;
  void said(const Content& content) override {
    const auto* b = std::get_if<SignedBlock>(&content);
    if (b == nullptr || b->proposer != key_.owner()) return;
    SignedBlock fresh = *b;
    fresh.value = another_block(b->height);
    fresh.pol_round = Round::nil();
    proposed_.insert_or_assign({b->height, b->round}, fresh.value);
    to_all(key_.sign(fresh));
  }
  void heard(const Message& m) override {
    if (const auto* b = std::get_if<SignedBlock>(&m.content))
      proposed_.insert_or_assign({b->height, b->round}, b->value);
    const auto* s = std::get_if<SignedVote>(&m.content);
    if (s == nullptr || s->vote.type != VoteType::prevote) return;
    const Vote& v = s->vote;
    const bool second = plot_.second_half.contains(v.validator);
    if (!answered_.insert({v.height, v.round, second}).second) return;
    const auto known = proposed_.find({v.height, v.round});
    const bool helps = (v.round.get() % 2 == 1) == second && known != proposed_.end();
    const ValueId value = helps ? ValueId(known->second) : std::nullopt;
    for (const VoteType type : {VoteType::prevote, VoteType::precommit})
      to_half(second, vote(type, v.height, v.round, value));
  }

 private:
  std::map<std::pair<Height, Round>, BlockId> proposed_;
  std::set<std::tuple<Height, Round, bool>> answered_;
};

}  // namespace

std::unique_ptr<Twist> make_twist(Liar liar, ValidatorSetPtr set, Stage& stage, Plot& plot,
                                  Random random) {
  const auto make = [&]<class T>() -> std::unique_ptr<Twist> {
    return std::make_unique<T>(liar, set, stage, plot, random);
  };
  switch (liar.lie) {
    case Lie::equivocating_proposer:
      return make.operator()<EquivocatingProposer>();
    case Lie::equivocating_voter:
      return make.operator()<EquivocatingVoter>();
    case Lie::silent:
      return make.operator()<Silent>();
    case Lie::withholding:
      return make.operator()<Withholding>();
    case Lie::stale_lock:
      return make.operator()<StaleLock>();
    case Lie::amnesia:
      return make.operator()<Amnesia>();
    case Lie::invalid_block:
      return make.operator()<InvalidBlock>();
    case Lie::far_rounds:
      return make.operator()<FarRounds>();
    case Lie::garbage_certificates:
      return make.operator()<GarbageCertificates>();
    case Lie::delaying:
      return make.operator()<Delaying>();
    case Lie::replaying:
      return make.operator()<Replaying>();
    case Lie::split_brain:
      return make.operator()<SplitBrain>();
    case Lie::amnesia_fork:
      return make.operator()<AmnesiaFork>();
  }
  return nullptr;
}

}  // namespace witan::campaign
