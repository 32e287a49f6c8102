// Two signed headers of one height: how that is proved, and what it proves about whom.
//
// An attack is two blocks that both follow from a common trusted one and have different ids. Either
// side may be the chain; the evidence against each side is given, and full nodes, who know which
// one is, drop the other. A provider that cannot prove its block is merely a liar.
// Source: consensus.md §6.4, §0; decisions.md D4 (only for a valid signature). Pure.
#pragma once
#include "crypto/light/provider.hpp"

namespace witan::light {

// As data: the height both chains share, and the block that should not exist.
struct AttackEvidence {
  Height common_height;
  LightBlock conflicting;
};
[[nodiscard]] Bytes encode_attack(const AttackEvidence& evidence);
// Errors: those of decode_light_block; malformed.
[[nodiscard]] Result<AttackEvidence> decode_attack(ByteView bytes);

enum class AttackKind : std::uint8_t {
  lunatic,       // the header contradicts what the chain before it prescribes
  equivocation,  // a valid header, committed in the same round as the other one
  amnesia        // a valid header, committed in another round: somebody forgot a lock
};
[[nodiscard]] std::string_view name_of(AttackKind kind);

struct AttackFinding {
  AttackKind kind = AttackKind::lunatic;
  // Who signed what a correct validator never signs, by key. Of a lunatic block: the signers that
  // the common block's set trusts; of an equivocation: who is in both commits. Of amnesia nobody
  // can be named from two commits.
  std::vector<PublicKey> accused;
  std::uint64_t accused_power = 0;  // in the common block's next set
};

// Verifies evidence against the chain: `common` and `trusted` are the chain's blocks of the common
// and of the conflicting height. Every signature counts (P47).
// Errors: wrong_height, invalid_block (it is the chain's own block), those of verify_link and
// verify_commit.
[[nodiscard]] Result<AttackFinding> judge_attack(HeaderVerifier& verifier,
                                                 const AttackEvidence& evidence,
                                                 const LightBlock& common,
                                                 const LightBlock& trusted);

struct Attack {
  std::string primary;
  std::string witness;
  LightBlock common;               // the last block both agree on, of those compared
  AttackEvidence against_primary;  // send it to the witness and its like
  AttackEvidence against_witness;  // send it to the primary
  AttackFinding primary_finding;   // if the witness has the chain
  // If the primary has it; absent when it did not answer, so that its chain is not known.
  std::optional<AttackFinding> witness_finding;
};

// The witness has another block than trace.back(). Walks the trace to where they part and makes the
// witness prove its block from there. Errors: whatever keeps the witness from proving it; then it
// is not to be asked again.
[[nodiscard]] Result<Attack> examine_conflict(HeaderVerifier& verifier, const Trace& trace,
                                              Provider& primary, Provider& witness,
                                              const Clock& clock);

}  // namespace witan::light
