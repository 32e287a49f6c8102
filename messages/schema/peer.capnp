@0x9c51e7f8a0d46b04;
# The peer protocol: what travels on a connection besides consensus, transactions and sync.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("witan::schema");

struct Hello {
  # First message of both sides after the Noise handshake.
  protocol @0 :UInt32;         # peer protocol version
  blockProtocol @1 :UInt32;
  chainId @2 :Data;
  chainName @3 :Text;
  moniker @4 :Text;
  software @5 :Text;           # "witan/0.1.0"
  listenPort @6 :UInt16;       # 0 = does not listen
  tip @7 :UInt64;
  validatorKey @8 :Data;       # empty, or the validator this node signs for
  validatorProof @9 :Data;     # signature by validatorKey over handshake_hash(chain, node ids)
}

struct Goodbye { code @0 :Text; text @1 :Text; }   # typed refusal or farewell, then close
struct Ping { nonce @0 :UInt64; }
struct Pong { nonce @0 :UInt64; }
