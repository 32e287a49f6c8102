@0xc4d1a7f05b92e618;
# Evidence of misbehaviour: on the wire, in blocks, in the pool's store, and between actors.
# Where it is a Data field it is the canonical encoding of `Evidence` (messages/wire/evidence_codec).
using Cxx = import "/capnp/c++.capnp";
using Consensus = import "consensus.capnp";
$Cxx.namespace("witan::schema");

struct HeaderVote {
  header @0 :Consensus.Header;
  precommit @1 :Consensus.Vote;     # for the header's block id
}

struct Evidence {
  # What each kind proves: messages/types/evidence.hpp.
  union {
    duplicateVote :group {
      first @0 :Consensus.Vote;
      second @1 :Consensus.Vote;
    }
    duplicateProposal :group {
      first @2 :Consensus.Proposal;
      second @3 :Consensus.Proposal;
    }
    amnesia :group {
      precommit @4 :Consensus.Vote;
      prevote @5 :Consensus.Vote;
    }
    forgedHeader @6 :HeaderVote;
    conflictingHeaders :group {
      first @7 :HeaderVote;
      second @8 :HeaderVote;
    }
  }
}

# ---- on the wire -----------------------------------------------------------------------------------

struct EvidenceBatch { items @0 :List(Data); }   # at most 16 KiB of canonical encodings

# ---- inside the node ---------------------------------------------------------------------------------

struct EvidenceFound {
  # By the consensus actor, among the votes that it has. The peers that sent the first and the second
  # of its two votes, where nobody has looked at that signature yet; 0: it is verified.
  item @0 :Data;
  firstFrom @1 :UInt32;
  secondFrom @2 :UInt32;
}
struct PendingEvidence {
  # The pool to the ledger: all that may go into a block, best first. Reply: EvidenceVerdicts.
  items @0 :List(Data);
}
struct EvidenceVerdicts {
  # Same order; a code of messages/base/error_codes.hpp: "ok", "wrong_height" (not yet decided),
  # "duplicate" (committed), "expired", or why it is refused.
  codes @0 :List(Text);
}
struct EvidenceCommitted {
  height @0 :UInt64;
  items @1 :List(Data);
}
struct EvidenceTick {}                        # expiry, repeated gossip
