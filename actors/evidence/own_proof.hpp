// Proof against this node's own key (S16), as the disk holds it: what a start looks at before
// anything is signed, and what an operator acknowledges.
//
// A proof is found among what is pending, among what decided blocks hold, and in stored blocks that
// the index has not taken in yet. So it is of no matter when the process died after it had a proof
// (before the alarm was written, too), nor whether the proof came before the key was given to this
// home. One that was acknowledged stops nothing any more, wherever it turns up again.
//
// Reads the index (columns pending_evidence, committed_evidence, own_alarm, own_acknowledged) and
// the blocks above its height. Safe beside a running ledger. Errors of all: io, corrupt.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/types/evidence.hpp"
#include "storage/block_store.hpp"
#include "storage/kv.hpp"

namespace witan::evidence {

struct OwnProof {
  EvidenceKey key;
  Bytes bytes;  // canonical encoding
};

// Everything known against validator `who`, the alarm first; not what is acknowledged. `blocks` may
// be null: then only the index is looked at.
[[nodiscard]] Result<std::vector<OwnProof>> proofs_against(ValidatorIndex who, const KvStore& index,
                                                           const BlockStore* blocks);
[[nodiscard]] Result<std::optional<OwnProof>> alarm_in(const KvStore& index);
[[nodiscard]] Result<std::set<EvidenceKey>> acknowledged_in(const KvStore& index);

// As long as the alarm is there the node does not start.
[[nodiscard]] Status raise_alarm(KvStore& index, const OwnProof& proof);
// Removes the alarm and remembers these: the node may start.
[[nodiscard]] Status acknowledge(KvStore& index, const std::vector<OwnProof>& proofs);

// What the operator reads when the node ends because of it.
[[nodiscard]] std::string advice_about(const EvidenceKey& key);

}  // namespace witan::evidence
