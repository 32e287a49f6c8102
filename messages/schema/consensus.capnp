@0xb6f3d5e0c1a27a02;
# Consensus messages: on the wire between validators, in the write-ahead log, and between actors.
# Hashes are 32 bytes, signatures 64; rounds use -1 for nil. What is signed is laid out in
# crypto/sign_bytes, never the serialisation below.
using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
$Cxx.namespace("witan::schema");

# ---- on the wire -----------------------------------------------------------------------------------

enum VoteType { unspecified @0; prevote @1; precommit @2; }

struct Vote {
  # A signed prevote or precommit.
  type @0 :VoteType;
  height @1 :UInt64;
  round @2 :Int32;
  polRound @3 :Int32 = -1;
  validator @4 :UInt32;        # index in the height's validator set
  value @5 :Data;              # block id, or empty for nil
  signature @6 :Data;
}

struct Proposal {
  # The proposer's signed choice of a block; the block itself travels as parts.
  height @0 :UInt64;
  round @1 :Int32;
  polRound @2 :Int32 = -1;
  proposer @3 :UInt32;
  blockId @4 :Data;
  partsCount @5 :UInt32;
  partsBytes @6 :UInt32;
  partsRoot @7 :Data;
  signature @8 :Data;
  polka @9 :Certificate;       # with polRound >= 0: the prevotes of that round for blockId; not signed over
}

struct BlockPart {
  # One part of a block's encoded bytes with its RFC 6962 audit path.
  height @0 :UInt64;
  round @1 :Int32;
  partsRoot @2 :Data;
  index @3 :UInt32;
  partsCount @4 :UInt32;
  bytes @5 :Data;
  proof @6 :Data;              # concatenated 32-byte hashes, leaf side first
}

struct Certificate {
  # More than two thirds of the power voted `type` for `blockId` in (height, round).
  type @0 :VoteType;
  height @1 :UInt64;
  round @2 :Int32;
  blockId @3 :Data;
  validators @4 :List(UInt32); # strictly increasing; the three lists run in parallel
  polRounds @5 :List(Int32);
  signatures @6 :Data;         # concatenated 64-byte signatures
}

struct RoundCertificate {
  # Why everybody may be in a round: messages/types/certificate.hpp.
  kind @0 :UInt8;              # 1 precommit, 2 skip
  height @1 :UInt64;
  round @2 :Int32;
  votes @3 :List(Vote);        # of this height and round, validators strictly increasing
}

struct RoundStatus {
  # Where a peer is: sent on connect and on the rebroadcast tick, so that others can help it.
  height @0 :UInt64;
  round @1 :Int32;
  step @2 :UInt8;
}

# ---- blocks ----------------------------------------------------------------------------------------

struct Header {
  version @0 :UInt32;
  chainId @1 :Data;
  height @2 :UInt64;
  originRound @3 :Int32;
  timeNs @4 :Int64;            # proposer's clock, nanoseconds since the Unix epoch
  epoch @5 :UInt64;
  proposer @6 :Data;
  prevBlockId @7 :Data;
  prevCommitHash @8 :Data;
  txRoot @9 :Data;
  evidenceRoot @10 :Data;
  stateRoot @11 :Data;
  moduleRoots @12 :Data;       # seven concatenated 32-byte roots, in the order of Module
  validatorsHash @13 :Data;
  nextValidatorsHash @14 :Data;
  cfgVersion @15 :UInt64;
  rulesVersion @16 :UInt64;
  vrfEntropy @17 :Data;
  proofRoot @18 :Data;
}

struct Block {
  header @0 :Header;
  transactions @1 :Data;       # each: u32 little-endian length, then the canonical transaction
  transactionCount @2 :UInt32;
  evidence @3 :List(Data);
  lastCommit @4 :Certificate;
}

# ---- between the actors of one node ----------------------------------------------------------------

struct VerifiedVote { vote @0 :Vote; peer @1 :UInt32; }            # signature checked by the pool
struct VerifiedProposal { proposal @0 :Proposal; peer @1 :UInt32; }
struct VerifiedCertificate { certificate @0 :Certificate; peer @1 :UInt32; }
struct VerifiedRoundCertificate { certificate @0 :RoundCertificate; peer @1 :UInt32; }

struct CheckSignatures {
  # Signatures of a certificate whose shape and power were checked: a slice, for another worker.
  certificate @0 :Certificate;
}
struct SignaturesChecked { valid @0 :Bool; }

struct TimeoutFired { step @0 :UInt8; height @1 :UInt64; round @2 :Int32; generation @3 :UInt64; }
struct HeightTimer { height @0 :UInt64; }        # paced start of the next height
struct RebroadcastTimer { height @0 :UInt64; generation @1 :UInt64; }
struct HeightStarted { height @0 :UInt64; round @1 :Int32; }  # lets the verifiers drop late votes
struct PeerReady { peer @0 :UInt32; }            # a session finished its handshake: push our state
struct TransactionsAvailable { height @0 :UInt64; }  # mempool became non-empty after this height

struct LogRecord {
  # One record of the write-ahead log; kinds and payloads: actors/consensus/log_records.hpp.
  kind @0 :UInt8;
  payload @1 :Data;
  height @2 :UInt64;           # in Persist: 0 = the batch's; always set when read back
}

struct GetRecovery { fromHeight @0 :UInt64; }     # to the effect runner; reply: Recovery
struct Recovery { records @0 :List(LogRecord); }  # in log order, heights >= fromHeight

struct SignIntent {
  # What the core asks the signer to sign (crypto/signer.hpp Intent).
  kind @0 :UInt8;              # 1 proposal, 2 prevote, 3 precommit
  height @1 :UInt64;
  round @2 :Int32;
  polRound @3 :Int32 = -1;
  value @4 :Data;
  partsCount @5 :UInt32;
  partsBytes @6 :UInt32;
  partsRoot @7 :Data;
  lockedRound @8 :Int32 = -1;
  lockedValue @9 :Data;
  validRound @10 :Int32 = -1;
  validValue @11 :Data;
  validator @12 :UInt32;
  polka @13 :Certificate;      # of `value`: published with a re-proposal, and what lets a guarded signer unlock
                               # (S8); not signed over
}

struct Persist {
  # One ordered batch of effects: append the records, then sign the intents and append their sign
  # records, then one fdatasync (only if something must be durable), and only then publish.
  height @0 :UInt64;
  records @1 :List(LogRecord);
  intents @2 :List(SignIntent);
  sync @3 :Bool;               # true: sync even without an intent
  pruneBelow @4 :UInt64;       # stores are durable below this height: older segments may go
}

struct OwnVote { vote @0 :Vote; }                 # durable: it counts now
struct OwnProposal { proposal @0 :Proposal; }
struct SignRefused {
  intent @0 :SignIntent;
  failure @1 :Common.Failure;
  remote @2 :Bool;             # by a signer process: this node stays, and is silent
}

struct RaiseWatermark { height @0 :UInt64; }      # decided by sync: never sign at or below it (S13)
struct OwnSeen {
  # A message with this validator's signature came from a peer: did this node sign it (S11, S16)?
  kind @0 :UInt8;              # as in SignIntent
  height @1 :UInt64;
  round @2 :Int32;
  value @3 :Data;              # empty: nil
}
struct SignerTick {}                              # own timer of the effect runner: look after the remote signer
struct ObservationOver {}                         # own timer: nothing forbids signing any more
