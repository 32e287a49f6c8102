@0xd3a6f04b1c27e915;
# Between a node and the signer process that holds its validator's key (docs/adr/0017). One
# request, one reply with the same id, inside a Noise_XK session of the two node keys. A refusal is a
# reply: it never ends the connection (P51).
using Cxx = import "/capnp/c++.capnp";
using Common = import "common.capnp";
using Consensus = import "consensus.capnp";
$Cxx.namespace("witan::schema");

struct SignerOpen {
  # First request of a connection: take the lease (0) or go on with the one held before.
  protocol @0 :UInt32;
  chainId @1 :Data;
  validatorKey @2 :Data;       # whose signatures are wanted
  lease @3 :UInt64;
  newest @4 :Consensus.OwnSeen;        # newest own message this node remembers; kind 0: none
  ownCommitHeight @5 :UInt64;  # last height whose stored commit carries the validator's signature
}

struct RaiseMinimum { height @0 :UInt64; round @1 :Int32; }

struct SignerRequest {
  id @0 :UInt64;
  lease @1 :UInt64;            # of `opened`; 0 in open, status and drain
  deadlineMs @2 :UInt32;       # the asker waits no longer; later it is not signed any more
  union {
    open @3 :SignerOpen;
    sign @4 :Consensus.SignIntent;
    raise @5 :RaiseMinimum;    # S13
    seen @6 :Consensus.OwnSeen;        # S16
    ping @7 :Void;
    status @8 :Void;
    drain @9 :Void;            # from the signer's own host only: nothing is signed any more
  }
}

struct SignerOpened {
  lease @0 :UInt64;
  recent @1 :List(Data);       # sign records of the last (height, round) signed in, in order
}

struct SignerStatus {
  chainId @0 :Data;
  validatorKey @1 :Data;
  lease @2 :UInt64;
  holder @3 :Data;             # node id, or empty
  connections @4 :UInt32;
  lastSeq @5 :UInt64;
  height @6 :UInt64;           # of the last signature; 0: none
  round @7 :Int32;
  minimumHeight @8 :UInt64;    # nothing up to here is signed
  signed @9 :UInt64;           # signatures since the process started
  refused @10 :UInt64;
  halted @11 :Text;            # why nothing is signed; empty: it signs
}

struct SignerReply {
  id @0 :UInt64;
  union {
    refused @1 :Common.Failure;
    opened @2 :SignerOpened;
    signed @3 :Data;           # a sign record (crypto/sign_record.hpp), durable at the signer
    done @4 :Void;
    status @5 :SignerStatus;
  }
}
