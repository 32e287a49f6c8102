@0xe2a94b7d10c35d03;
# Between consensus, ledger, mempool and sync of one node, and their wire messages.
using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
using Consensus = import "consensus.capnp";
$Cxx.namespace("witan::schema");

# ---- consensus <-> ledger --------------------------------------------------------------------------

struct GetTip {}                # reply: ChainTip
struct ChainTip {
  # The last committed block; height 0 and zero ids before the first one.
  height @0 :UInt64;
  blockId @1 :Data;
  timeNs @2 :Int64;
  stateRoot @3 :Data;
  certificate @4 :Consensus.Certificate;
  durableHeight @5 :UInt64;
}

struct BuildBlock {
  # Build, execute and keep a block on top of the committed state. Reply: BlockBuilt.
  height @0 :UInt64;
  round @1 :Int32;
  timeNs @2 :Int64;
  lastCommit @3 :Consensus.Certificate;
}
struct BlockBuilt {
  height @0 :UInt64;
  round @1 :Int32;
  blockId @2 :Data;
  bytes @3 :Data;              # flat Consensus.Block
}

struct CheckBlock {
  # Check a proposed block against the committed state and execute it. Reply: BlockChecked.
  height @0 :UInt64;
  partsRoot @1 :Data;          # names the bytes; comes back in the reply
  bytes @2 :Data;
}
struct BlockChecked {
  height @0 :UInt64;
  partsRoot @1 :Data;
  blockId @2 :Data;            # hash of the header found; empty if the bytes do not decode
  valid @3 :Bool;
  failure @4 :Common.Failure;
  timeNs @5 :Int64;            # of the header, if valid: whether it is timely is consensus' question
}

struct CommitBlock {
  # Apply the prepared result of a decided block. The block was checked before.
  height @0 :UInt64;
  certificate @1 :Consensus.Certificate;
  bySync @2 :Bool;
}
struct BlockCommitted {
  height @0 :UInt64;
  blockId @1 :Data;
  stateRoot @2 :Data;
  timeNs @3 :Int64;
  transactionCount @4 :UInt32;
  bytes @5 :UInt32;
  round @6 :Int32;
  proposer @7 :Data;
  durableHeight @8 :UInt64;    # stores are synced up to here: older log segments may go
}

# ---- ledger <-> mempool ----------------------------------------------------------------------------

struct Reap { height @0 :UInt64; bytesMax @1 :UInt32; countMax @2 :UInt32; }
struct Reaped {
  transactions @0 :Data;       # u32 length-prefixed canonical transactions
  ids @1 :Data;                # 32 bytes each, same order
}
struct KnownTransactions { ids @0 :Data; }          # which of these have a verified signature?
struct SignaturesVerified { ids @0 :Data; }         # by the ledger, for a proposed block
struct KnownReply { known @0 :Data; }               # one byte each: 1 = verified
struct TransactionsCommitted {
  height @0 :UInt64;
  ids @1 :Data;                # 32 bytes each
  codes @2 :List(UInt16);      # receipt codes, same order
  fees @3 :List(UInt64);
  senders @4 :Data;            # 32-byte accounts that changed
  nonces @5 :List(UInt64);     # their next nonces
  balances @6 :List(UInt64);
}
struct AccountState { account @0 :Data; balance @1 :UInt64; nonce @2 :UInt64; }
struct GetAccounts { accounts @0 :Data; }           # mempool asks for balance and nonce
struct Accounts { accounts @0 :List(AccountState); }

# ---- verification of transaction signatures ---------------------------------------------------------

struct VerifyTransfers { transactions @0 :Data; count @1 :UInt32; }   # u32 length-prefixed
struct VerifyBlockTransfers {
  # The same for a proposed block: overtakes what the mempool asked.
  transactions @0 :Data;
  count @1 :UInt32;
}
struct TransfersVerified { valid @0 :Data; }        # one byte each

# ---- on the wire: transactions and block sync --------------------------------------------------------

struct TransactionBatch { transactions @0 :Data; count @1 :UInt32; }  # u32 length-prefixed

struct SyncStatus { tip @0 :UInt64; base @1 :UInt64; }
struct RangeRequest { first @0 :UInt64; last @1 :UInt64; bytesMax @2 :UInt32; id @3 :UInt64; }
struct SyncedBlock { bytes @0 :Data; certificate @1 :Consensus.Certificate; }
struct RangeResponse {
  id @0 :UInt64;
  first @1 :UInt64;
  blocks @2 :List(SyncedBlock);  # contiguous from `first`; may be a prefix of what was asked
}

# ---- sync inside the node ----------------------------------------------------------------------------

struct PeerAhead { peer @0 :UInt32; height @1 :UInt64; }   # a verified vote of a later height was seen
struct SyncedDecision {
  # A block with its verified commit certificate: consensus decides it like its own.
  bytes @0 :Data;
  certificate @1 :Consensus.Certificate;
}
struct SyncTick { generation @0 :UInt64; }
struct SyncStatusTick {}            # time to tell peers our tip
struct SyncContinue {}              # verify the next slice of what was received
struct GetSyncState {}              # reply: SyncState
struct SyncState {
  syncing @0 :Bool;                 # decided blocks are being fetched
  height @1 :UInt64;                # own last committed height
  target @2 :UInt64;                # highest credible tip of a peer; at least `height`
  peers @3 :UInt32;                 # peers that have told their tip
}
struct PeerGone { peer @0 :UInt32; }
struct PeerMisbehaved { peer @0 :UInt32; code @1 :Text; text @2 :Text; }
