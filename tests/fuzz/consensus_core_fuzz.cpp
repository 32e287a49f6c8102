// Operation sequences against one consensus core of seven validators. Input: 4 bytes per operation
// (what, who, where, value). Whatever happens, the core's invariants hold and its memory stays
// bounded.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "actors/consensus/core/driver/consensus_core.hpp"
#include "messages/base/check.hpp"

namespace {

using namespace witan;
using namespace witan::consensus;

constexpr std::uint32_t validators = 7;
constexpr ValidatorIndex self = 2;

ValidatorSetPtr make_set() {
  std::vector<Validator> all(validators);
  for (std::uint32_t i = 0; i < validators; ++i) {
    all[i].key.data[0] = static_cast<std::uint8_t>(i);
    all[i].power = 1 + i;
  }
  return std::make_shared<const ValidatorSet>(ValidatorSet::make(std::move(all)).value());
}

BlockId block(std::uint8_t n) {
  BlockId out;
  out.data[31] = static_cast<std::uint8_t>(1 + n % 6);
  return out;
}

// Mostly near rounds, some far ones, some nonsense.
Round round_of(std::uint8_t b) {
  if (b < 200) return Round(b % 8);
  if (b < 250) return Round((b - 200) * 37);
  return Round(b == 250 ? -1 : round_max + 252 - b);
}

class Checked {
 public:
  void feed(const Input& input) {
    const RoundState before = core_.state();
    const bool starts = std::holds_alternative<StartHeight>(input);
    if (starts) decided_ = false;
    for (const Effect& e : core_.apply(input)) check(e);
    const RoundState& now = core_.state();
    if (!starts) {
      WITAN_CHECK(now.round >= before.round, now.round.get(), before.round.get());
      WITAN_CHECK(!before.locked || now.locked->first >= before.locked->first);
      WITAN_CHECK(!now.locked || (now.valid && now.valid->first >= now.locked->first));
      WITAN_CHECK(before.step != Step::commit || now == before);
    }
    const StateDump d = core_.dump();
    const std::size_t window = rounds_kept_past + rounds_kept_future + 1;
    WITAN_CHECK(d.votes_held <=
                    validators * 2 * (votes_per_validator_max * window + far_slots_per_validator),
                d.votes_held);
    WITAN_CHECK(d.proofs_held <= proofs_max, d.proofs_held);
    WITAN_CHECK(!to_text(d).empty());
  }
  [[nodiscard]] const RoundState& state() const { return core_.state(); }
  [[nodiscard]] bool wants(const Vote& vote) const { return core_.wants(vote); }

 private:
  void check(const Effect& effect) {
    WITAN_CHECK(!decided_);
    if (const auto* v = std::get_if<SignVote>(&effect)) {
      const std::tuple key{v->vote.height, v->vote.round, v->vote.type};
      WITAN_CHECK(!last_ || key > *last_);
      WITAN_CHECK(v->vote.validator == self && v->vote.pol_round < v->vote.round);
      last_ = key;
    } else if (const auto* p = std::get_if<SignProposal>(&effect)) {
      WITAN_CHECK(p->pol_round < p->round);
    } else if (const auto* d = std::get_if<Decide>(&effect)) {
      WITAN_CHECK(d->certificate.block_id == d->value && d->certificate.round == d->round);
      WITAN_CHECK(!d->certificate.signatures.empty());
      decided_ = true;
    } else if (const auto* q = std::get_if<Equivocation>(&effect)) {
      WITAN_CHECK(q->first.vote.validator == q->second.vote.validator);
      WITAN_CHECK(q->first.vote.value != q->second.vote.value);
    } else if (const auto* a = std::get_if<AmnesiaFound>(&effect)) {
      WITAN_CHECK(is_amnesia(a->precommit.vote, a->prevote.vote));
    }
  }

  ConsensusCore core_;
  std::optional<std::tuple<Height, Round, VoteType>> last_;
  bool decided_ = false;
};

void operate(Checked& node, const ValidatorSetPtr& set, const std::uint8_t* op) {
  const Height height(node.state().height.get() + (op[1] >= 240 ? 1 : 0));
  const Round round = round_of(op[2]);
  const ValidatorIndex who = op[1] % (validators + 1);
  const VoteType type = op[0] & 0x80 ? VoteType::precommit : VoteType::prevote;
  const ValueId value = op[3] < 50 ? std::nullopt : ValueId(block(op[3]));
  switch (op[0] % 8) {
    case 0:
      return node.feed(ProposalComplete{
          height, round, round_of(op[3] / 2), block(op[3]),
          static_cast<ValidatorIndex>(round.get() < 0 ? 0 : round.get() % 7), op[1] < 200});
    case 1: {
      const Vote vote{type, height, round, value, Round::nil(), who};
      (void)node.wants(vote);
      return node.feed(VoteReceived{vote, Signature{}});
    }
    case 2:  // the same vote of several validators
      for (ValidatorIndex v = 0; v < validators; ++v)
        if (op[1] >> (v % 8) & 1)
          node.feed(VoteReceived{Vote{type, height, round, value, {}, v}, {}});
      return;
    case 3: {
      Certificate c{type, height, round, block(op[3]), {}};
      for (ValidatorIndex v = 0; v < validators; ++v)
        if (op[1] >> v & 1) c.signatures.push_back({v, {}, {}});
      return node.feed(CertificateReceived{std::move(c)});
    }
    case 4:
      return node.feed(
          TimeoutFired{static_cast<Step>(op[1] % 5), height, node.state().round, op[3] % 4U});
    case 5:
      return node.feed(ProposeValue{height, node.state().round, block(op[3])});
    case 6:
      if (op[1] < 60) return node.feed(SetReplaying{op[3] % 2 == 0});
      return;
    default:
      if (op[1] < 40)
        node.feed(
            StartHeight{Height(node.state().height.get() + 1), set, {0, 1, 2, 3, 4, 5, 6}, self});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ValidatorSetPtr set = make_set();
  Checked node;
  node.feed(StartHeight{Height(1), set, {0, 1, 2, 3, 4, 5, 6}, self});
  for (std::size_t i = 0; i + 4 <= size && i < 4096; i += 4) operate(node, set, data + i);
  return 0;
}
