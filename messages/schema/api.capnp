@0x9bb8d44d6a104bdb;
# What the HTTP API asks and answers (docs/reference/api.md). The JSON of a route is its reply struct:
# 64-bit numbers are strings, Data is lower-case hex, absent pointers are left out.
# An actor that cannot answer replies with a Failure (common.capnp).
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("witan::schema");

# ---- questions to the query actor (QueryRole) ------------------------------------------------------

struct GetStatus {}                                    # -> NodeStatus
struct GetReadiness {}                                 # -> Readiness
struct GetBlock {                                      # -> BlockView
  union {
    latest @0 :Void;
    height @1 :UInt64;
    id @2 :Data;
  }
  withTransactions @3 :Bool;                           # else BlockView.transactions stays empty
}
struct GetBlocks { from @0 :UInt64; to @1 :UInt64; }   # -> BlockList, newest first, at most 20; both 0: the last 20
struct GetTransaction { id @0 :Data; }                 # -> TxView
struct GetAccount {                                    # -> AccountView
  id @0 :Data;                                         # 32 bytes
  prove @1 :Bool;
}
struct GetValidators { height @0 :UInt64; }            # 0 = the height being decided -> ValidatorsView
struct GetLightBlock { height @0 :UInt64; withBlock @1 :Bool; }  # 0 = the last one -> LightBlockView
struct GetPeers {}                                     # -> PeersView
struct GetConsensusState {}                            # -> ConsensusStateView
struct GetTree {}                                      # -> TreeView
struct GetFlow {}                                      # -> FlowView
struct GetMessages {                                   # -> MessagesView
  limit @0 :UInt32;
  union {
    height @1 :UInt64;                                 # those that name it, oldest first
    edge :group { sender @2 :Text; receiver @3 :Text; }  # names of FlowEdge; newest first
  }
}
struct GetMempool { limit @0 :UInt32; }                # -> MempoolView
struct GetGenesis {}                                   # -> GenesisView
# To the mempool: the nonce after the account's pending transfers, 0 when there are none. -> PendingNonce
struct GetPendingNonce { account @0 :Data; }
struct PendingNonce { nonce @0 :UInt64; }

# ---- answers ---------------------------------------------------------------------------------------

struct NodeStatus {
  nodeId @0 :Data;
  moniker @1 :Text;
  version @2 :Text;
  chainName @3 :Text;
  chainId @4 :Data;
  chainType @5 :Text;
  latestHeight @6 :UInt64;
  latestBlockId @7 :Data;
  latestBlockTime @8 :Text;      # RFC 3339, UTC
  latestStateRoot @9 :Data;
  earliestHeight @10 :UInt64;    # lowest block still kept
  catchingUp @11 :Bool;
  validatorKey @12 :Data;        # absent when this node does not validate
  validatorPower @13 :UInt64;
  peers @14 :UInt32;
  mempoolSize @15 :UInt64;
  uptimeSeconds @16 :UInt64;
  listenAddress @17 :Text;
  apiAddress @18 :Text;
  faultRules @19 :UInt32;        # fault rules in force: this node misbehaves on purpose
}

struct Readiness {
  ready @0 :Bool;
  reasons @1 :List(Text);        # why not
}

struct HeaderView {
  height @0 :UInt64;
  id @1 :Data;
  time @2 :Text;
  originRound @3 :Int32;
  epoch @4 :UInt64;
  proposer @5 :Data;
  prevBlockId @6 :Data;
  prevCommitHash @7 :Data;
  txRoot @8 :Data;
  evidenceRoot @9 :Data;
  stateRoot @10 :Data;
  moduleRoots @11 :List(Data);
  validatorsHash @12 :Data;
  nextValidatorsHash @13 :Data;
  rulesVersion @14 :UInt64;
  cfgVersion @15 :UInt64;
  version @16 :UInt32;
  chainId @17 :Data;
  proofRoot @18 :Data;
  vrfEntropy @19 :Data;
}

struct SignerView {
  validator @0 :Data;            # public key
  index @1 :UInt32;              # place in the validator set
  polRound @2 :Int32;
  signature @3 :Data;
  address @4 :Text;
  blockIdFlag @5 :UInt8 = 2;     # as in CometBFT: 2 signed this block; who is not listed is absent (1)
}
struct CommitView {
  height @0 :UInt64;
  round @1 :Int32;
  blockId @2 :Data;
  signers @3 :List(SignerView);  # by index
  time @4 :Text;                 # of the block that is committed: votes carry no clock
  validators @5 :UInt32;         # size of the set, signers or not
}

struct ReceiptView { code @0 :Text; feeCharged @1 :UInt64; }

struct BlockView {
  header @0 :HeaderView;
  commit @1 :CommitView;         # certificate that decided this block
  txCount @2 :UInt32;
  bytes @3 :UInt32;
  txIds @4 :List(Data);
  receipts @5 :List(ReceiptView);
  transactions @6 :List(Data);   # canonical encodings
  lastCommit @7 :CommitView;     # what this block holds for the one before it; absent in the first
  evidence @8 :List(Data);       # canonical encodings of the evidence in it
}
struct BlockSummary {
  height @0 :UInt64;
  id @1 :Data;
  time @2 :Text;
  proposer @3 :Data;
  txCount @4 :UInt32;
  bytes @5 :UInt32;
  round @6 :Int32;
  signed @7 :Data;               # who is in the certificate that decided it: bit i of byte i / 8 (lowest
                                 # first) is validator i of its set
}
struct BlockList { latestHeight @0 :UInt64; blocks @1 :List(BlockSummary); }

struct TxView {
  id @0 :Data;
  status @1 :Text;               # committed
  kind @2 :Text;                 # transfer, opaque
  height @3 :UInt64;
  index @4 :UInt32;
  code @5 :Text;                 # outcome in the block; ok or an error code
  feeCharged @6 :UInt64;
  sender @7 :Text;               # addresses
  recipient @8 :Text;
  amount @9 :UInt64;
  fee @10 :UInt64;
  nonce @11 :UInt64;
  bytes @12 :Data;               # canonical encoding
}

struct AccountView {
  address @0 :Text;
  key @1 :Data;
  balance @2 :UInt64;
  nonce @3 :UInt64;              # the next one after this block
  height @4 :UInt64;             # state after this block
  proof @5 :Data;                # of the account in the state tree, when asked for
  stateRoot @6 :Data;
  exists @7 :Bool;
  pendingNonce @8 :UInt64;       # the next one after this node's pending transfers; at least `nonce`
}

struct ValidatorView {
  key @0 :Data;
  address @1 :Text;
  power @2 :UInt64;
  tier @3 :UInt8;
  timetokeHours @4 :UInt64;
}
struct ValidatorsView {
  height @0 :UInt64;
  powerTotal @1 :UInt64;
  validators @2 :List(ValidatorView);
}

struct LightBlockView {
  # What a light client verifies (crypto/light/light_block.hpp): header, commit and validator sets.
  height @0 :UInt64;
  id @1 :Data;
  bytes @2 :Data;                # fixed layout, one encoding
  block @3 :Data;                # the whole block's encoding, when asked for
}

struct PeerView {
  nodeId @0 :Data;
  address @1 :Text;
  moniker @2 :Text;
  outbound @3 :Bool;
  height @4 :UInt64;
  connectedSeconds @5 :UInt64;
  sendQueue @6 :UInt32;
  score @7 :Int32;
}
struct PeersView {
  listening @0 :Bool;
  listenAddress @1 :Text;
  peers @2 :List(PeerView);
  banned @3 :UInt32;
}

struct RoundView {
  round @0 :Int32;
  prevotePower @1 :UInt64;
  precommitPower @2 :UInt64;
  proposal @3 :Data;
}
struct ConsensusStateView {
  height @0 :UInt64;
  round @1 :Int32;
  step @2 :Text;
  proposer @3 :Data;
  lockedRound @4 :Int32 = -1;
  lockedBlock @5 :Data;
  validRound @6 :Int32 = -1;
  validBlock @7 :Data;
  powerTotal @8 :UInt64;
  rounds @9 :List(RoundView);
  heightStarted @10 :Text;
}

struct ActorView {
  path @0 :Text;
  state @1 :Text;
  supervisor @2 :Bool;
  restarts @3 :UInt32;
  handled @4 :UInt64;
  depth @5 :List(UInt32);        # per mailbox class: control, consensus, bulk
  shed @6 :List(UInt64);
  lastReason @7 :Text;
}
struct TreeView { actors @0 :List(ActorView); }

struct FlowEdge {                # messages between two actors
  from @0 :Text;                 # path without /node/; "outside"
  to @1 :Text;
  messages @2 :UInt64;
  bytes @3 :UInt64;
  waitP50Us @4 :UInt32;          # in the mailbox
  waitP99Us @5 :UInt32;
  handleP50Us @6 :UInt32;        # in the handler
  handleP99Us @7 :UInt32;
  depthMax @8 :UInt32;           # most that waited in one class when one was sent
  notHandled @9 :UInt64;         # shed, lost, dropped, thrown at, ...
}
struct FlowView { windowMs @0 :UInt32; edges @1 :List(FlowEdge); }  # most messages first
struct MessageView {
  from @0 :Text;
  to @1 :Text;
  type @2 :Text;
  kind @3 :Text;
  outcome @4 :Text;
  sentNs @5 :Int64;              # of the node's monotonic clock
  waitNs @6 :Int64;
  handleNs @7 :Int64;
  height @8 :UInt64;             # 0: it names none
  round @9 :Int32;               # -1: it names none
  bytes @10 :UInt32;
  depth @11 :UInt32;
  trace @12 :Text;               # 32 hex digits: the tree of messages it belongs to
}
struct MessagesView { messages @0 :List(MessageView); }

struct MempoolView {
  size @0 :UInt64;
  bytes @1 :UInt64;
  txIds @2 :List(Data);          # the first of the asked number
}
struct GenesisView { json @0 :Text; chainId @1 :Data; }

# ---- submission: answered by the mempool -----------------------------------------------------------

enum SubmitMode {
  sync @0;                       # answer when admitted or refused
  commit @1;                     # answer when it is in a decided block, refused or expired
}
struct SubmitTx { bytes @0 :Data; mode @1 :SubmitMode; }   # one canonical encoding -> SubmitResult
struct SubmitResult {
  code @0 :Text;                 # ok, or the name of an error code
  text @1 :Text;                 # why it was refused
  txId @2 :Data;
  height @3 :UInt64;             # 0 until it is in a block
  index @4 :UInt32;
  feeCharged @5 :UInt64;
}
struct SubmitBatch {
  # u32 little-endian length before each canonical encoding. -> SubmitBatchResult
  transactions @0 :Data;
  wait @1 :Bool;                 # answer when every admitted one is in a decided block or gone
}
struct SubmitBatchFailure { position @0 :UInt32; code @1 :Text; text @2 :Text; }
struct SubmitBatchResult {
  accepted @0 :UInt32;
  rejected @1 :UInt32;
  committed @2 :UInt32;          # with wait: of the accepted ones, how many are in a block
  height @3 :UInt64;             # with wait: highest block that holds one of them
  failures @4 :List(SubmitBatchFailure);  # the first 64
}

# ---- evidence (EvidenceRole submits, QueryRole answers) ------------------------------------------------

struct GetEvidence {                                   # -> EvidenceList
  limit @0 :UInt32;              # of each kind of status
  hash @1 :Data;                 # not empty: only this one
}
struct EvidenceView {
  hash @0 :Data;
  status @1 :Text;               # pending or committed
  kind @2 :Text;
  validator @3 :Data;            # the accused
  height @4 :UInt64;             # of the offence
  round @5 :Int32;
  committedHeight @6 :UInt64;    # of the block that holds it; 0 while pending
  bytes @7 :Data;                # canonical encoding
}
struct AccusedView { validator @0 :Data; committed @1 :UInt64; lastHeight @2 :UInt64; }
struct EvidenceList {
  evidence @0 :List(EvidenceView);     # pending first, then committed, newest block first
  pending @1 :UInt32;
  accused @2 :List(AccusedView);       # validators with committed evidence, from the state
  maxAgeBlocks @3 :UInt64;
  maxAgeSeconds @4 :UInt64;
}
struct SubmitEvidence {                                # -> SubmitEvidenceResult
  union {
    evidence @0 :Data;           # canonical encoding
    attack @1 :Data;             # light::AttackEvidence: accuses whom it can
  }
}
struct SubmitEvidenceResult { hashes @0 :List(Data); }  # now known here, pending or committed

# ---- events: sent to the events actor (EventsRole), read at GET /api/v1/events ------------------------

struct PublishedEvent {
  # The events actor adds the time and files it under its `height` (without one: under the last).
  union {
    newBlock @0 :NewBlockEvent;
    newRound @1 :NewRoundEvent;
    txCommitted @2 :TxCommittedEvent;
    validatorSetUpdates @3 :ValidatorSetUpdatesEvent;
    polka @4 :StepEvent;
    lock @5 :StepEvent;
    timeout @6 :TimeoutEvent;
    completeProposal @7 :StepEvent;
    newEvidence @8 :EvidenceEvent;
    peerUp @9 :PeerEvent;
    peerDown @10 :PeerEvent;
    peerBanned @11 :PeerEvent;
    syncProgress @12 :SyncProgressEvent;
    snapshotTaken @13 :SnapshotEvent;
    signRefused @14 :SignRefusedEvent;
  }
}
struct NewBlockEvent {
  height @0 :UInt64;
  id @1 :Data;
  time @2 :Text;
  txCount @3 :UInt32;
  proposer @4 :Data;
  stateRoot @5 :Data;
  round @6 :Int32;
  bytes @7 :UInt32;
}
struct NewRoundEvent { height @0 :UInt64; round @1 :Int32; proposer @2 :Data; }
struct TxCommittedEvent { height @0 :UInt64; index @1 :UInt32; id @2 :Data; code @3 :Text; }
struct ValidatorSetUpdatesEvent { height @0 :UInt64; epoch @1 :UInt64; validators @2 :UInt32; powerTotal @3 :UInt64; }
struct StepEvent { height @0 :UInt64; round @1 :Int32; blockId @2 :Data; }
struct TimeoutEvent { height @0 :UInt64; round @1 :Int32; step @2 :Text; }
struct EvidenceEvent { height @0 :UInt64; kind @1 :Text; validator @2 :Data; }
struct PeerEvent { nodeId @0 :Data; address @1 :Text; reason @2 :Text; }
struct SyncProgressEvent { height @0 :UInt64; target @1 :UInt64; }
struct SnapshotEvent { height @0 :UInt64; bytes @1 :UInt64; }
struct SignRefusedEvent { height @0 :UInt64; round @1 :Int32; step @2 :Text; rule @3 :Text; }
