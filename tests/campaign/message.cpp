#include "tests/campaign/message.hpp"

#include <cstring>

namespace witan::campaign {
namespace {

// splitmix64 as a mixing function: enough to tell every message apart.
std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  std::uint64_t z = (state ^ word) + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::uint64_t word_at(const BlockId& id, std::size_t at) {
  std::uint64_t out = 0;
  std::memcpy(&out, id.data.data() + at, sizeof out);
  return out;
}

std::uint64_t mix_value(std::uint64_t state, const ValueId& value) {
  if (!value) return mix(state, 1);
  return mix(mix(state, word_at(*value, 0)), word_at(*value, 8));
}

std::uint64_t position(std::uint64_t kind, Height height, Round round, Round pol_round) {
  const auto rounds = static_cast<std::uint64_t>(static_cast<std::uint32_t>(round.get())) << 32U |
                      static_cast<std::uint32_t>(pol_round.get());
  return mix(mix(kind, height.get()), rounds);
}

Signature stamp(ValidatorIndex owner, std::uint64_t content) {
  const std::uint64_t word = mix(content, owner + 1000U);
  Signature out;
  std::memcpy(out.data.data(), &word, sizeof word);
  return out;
}

Signature stamp(ValidatorIndex owner, const Vote& v) {
  const auto kind = static_cast<std::uint64_t>(v.type);
  return stamp(owner, mix_value(position(kind, v.height, v.round, v.pol_round), v.value));
}

Signature stamp(ValidatorIndex owner, const SignedBlock& b) {
  return stamp(owner, mix_value(position(7, b.height, b.round, b.pol_round), b.value));
}

std::string at(Height height, Round round) {
  return " " + std::to_string(height.get()) + "/" + std::to_string(round.get()) + " ";
}

}  // namespace

BlockId block_of(const BlockFacts& facts) {
  BlockId id;
  const std::uint64_t height = facts.height.get();
  std::memcpy(id.data.data(), &height, 8);
  std::memcpy(id.data.data() + 8, &facts.number, 4);
  id.data[12] = static_cast<std::uint8_t>(facts.builder);
  id.data[13] = facts.valid ? 1 : 0;
  id.data[14] = facts.timely ? 1 : 0;
  return id;
}

BlockFacts facts_of(const BlockId& id) {
  BlockFacts facts;
  facts.height = Height(word_at(id, 0));
  std::memcpy(&facts.number, id.data.data() + 8, 4);
  facts.builder = id.data[12];
  facts.valid = id.data[13] == 1;
  facts.timely = id.data[14] == 1;
  return facts;
}

SignedVote Key::sign(Vote vote) const {
  vote.validator = owner_;
  return {vote, stamp(owner_, vote)};
}

SignedBlock Key::sign(SignedBlock block) const {
  block.proposer = owner_;
  block.signature = stamp(owner_, block);
  return block;
}

// Shape first: a vote that claims a polka of its own or a later round is nobody's.
bool is_signed(const SignedVote& v, const ValidatorSet& set) {
  const bool may_claim = v.vote.type == VoteType::prevote && v.vote.value.has_value();
  if (!v.vote.pol_round.is_nil() && (!may_claim || v.vote.pol_round >= v.vote.round)) return false;
  return v.vote.validator < set.size() && v.signature == stamp(v.vote.validator, v.vote);
}

bool is_signed(const SignedBlock& b, const ValidatorSet& set) {
  return b.proposer < set.size() && b.signature == stamp(b.proposer, b);
}

bool is_proven(const Certificate& c, const ValidatorSet& set) {
  std::uint64_t power = 0;
  for (std::size_t i = 0; i < c.signatures.size(); ++i) {
    const CertificateSignature& s = c.signatures[i];
    if (s.validator >= set.size()) return false;
    if (i > 0 && s.validator <= c.signatures[i - 1].validator) return false;
    power += set.at(s.validator).power;
  }
  if (!set.is_quorum(power)) return false;
  for (const CertificateSignature& s : c.signatures) {
    const Vote vote{c.type, c.height, c.round, c.block_id, s.pol_round, s.validator};
    if (!is_signed(SignedVote{vote, s.signature}, set)) return false;
  }
  return true;
}

std::string text_of(const ValueId& value) {
  if (!value) return "nil";
  const BlockFacts f = facts_of(*value);
  return (f.valid ? f.timely ? "b" : "?b" : "!b") + std::to_string(f.height.get()) + "." +
         std::to_string(f.builder) + "." + std::to_string(f.number);
}

std::string text_of(const Content& content) {
  if (const auto* b = std::get_if<SignedBlock>(&content))
    return "proposal" + at(b->height, b->round) + text_of(ValueId(b->value)) + " pol " +
           std::to_string(b->pol_round.get()) + " by " + std::to_string(b->proposer);
  if (const auto* v = std::get_if<SignedVote>(&content))
    return std::string(name_of(v->vote.type)) + at(v->vote.height, v->vote.round) +
           text_of(v->vote.value) + " pol " + std::to_string(v->vote.pol_round.get()) + " by " +
           std::to_string(v->vote.validator);
  if (const auto* c = std::get_if<Certificate>(&content))
    return "certificate " + std::string(name_of(c->type)) + at(c->height, c->round) +
           text_of(ValueId(c->block_id)) + " of " + std::to_string(c->signatures.size());
  if (const auto* d = std::get_if<Decided>(&content))
    return "decided" + at(d->certificate.height, d->certificate.round) +
           text_of(ValueId(d->certificate.block_id));
  if (const auto* s = std::get_if<Status>(&content)) return "status" + at(s->height, s->round);
  const auto& w = std::get<WantBlock>(content);
  return "want" + at(w.height, w.round) + text_of(ValueId(w.value));
}

}  // namespace witan::campaign
