// decode_evidence on any bytes: never crashes; what it accepts has exactly this encoding; judging
// it never crashes, and whatever is judged a contradiction accuses one validator by its own
// statements.
#include "crypto/verify_evidence.hpp"
#include "messages/base/check.hpp"
#include "messages/wire/evidence_codec.hpp"

namespace {

using namespace witan;

// Both statements are of the accused and of the height of the key.
struct Accuses {
  EvidenceKey key;
  void operator()(const DuplicateVote& e) const {
    check(e.first.vote);
    check(e.second.vote);
    WITAN_CHECK(!(e.first.vote == e.second.vote));
  }
  void operator()(const DuplicateProposal& e) const {
    WITAN_CHECK(e.first.proposal.proposer == key.validator);
    WITAN_CHECK(e.second.proposal.proposer == key.validator);
    WITAN_CHECK(!(e.first.proposal == e.second.proposal));
  }
  void operator()(const Amnesia& e) const {
    check(e.precommit.vote);
    check(e.prevote.vote);
    WITAN_CHECK(e.prevote.vote.pol_round < e.precommit.vote.round);
  }
  void operator()(const ForgedHeader& e) const { check(e.forged.precommit.vote); }
  void operator()(const ConflictingHeaders& e) const {
    check(e.first.precommit.vote);
    check(e.second.precommit.vote);
    WITAN_CHECK(contradict(e.first.header, e.second.header));
  }
  void check(const Vote& vote) const {
    WITAN_CHECK(vote.validator == key.validator && vote.height == key.height);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto evidence = decode_evidence(bytes);
  if (!evidence) return 0;
  const Bytes again = encode_evidence(*evidence);
  WITAN_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  if (check_contradiction(*evidence)) std::visit(Accuses{key_of(*evidence)}, *evidence);
  return 0;
}
