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
struct Ping { nonce @0 :UInt64; sentNs @1 :Int64; }      # the sender's Unix time; 0 = not said
struct Pong {
  nonce @0 :UInt64;
  pingSentNs @1 :Int64;        # of the ping, unchanged
  receivedNs @2 :Int64;        # the answerer's Unix time when the ping came; 0 = not said
  sentNs @3 :Int64;            # and when this left
}
struct Credit {
  # So many more bytes of a bulk channel may come (actors/peers/frame.hpp).
  channel @0 :UInt8;
  bytes @1 :UInt32;            # of frames' payload; at most what the other side has spent
}

# ---- inside the node: between the transport, the sessions and their manager --------------------------

struct ConnectionOpened { connection @0 :UInt64; host @1 :Text; port @2 :UInt16; outbound @3 :Bool; }
struct ConnectionFailed { connection @0 :UInt64; code @1 :Text; text @2 :Text; }  # a dial that never opened
struct SocketBytes { bytes @0 :Data; }
struct SocketDrained {}
struct SocketClosed { code @0 :Text; text @1 :Text; }
struct CloseSession { code @0 :Text; text @1 :Text; }
struct SessionReady {
  # Handshake and hello are done; `peer` is the session's slot number.
  peer @0 :UInt32;
  nodeId @1 :Data;
  moniker @2 :Text;
  validatorKey @3 :Data;
  software @4 :Text;
  tip @5 :UInt64;
  outbound @6 :Bool;
  connection @7 :UInt64;
}
struct SessionEnded {
  peer @0 :UInt32;
  nodeId @1 :Data;
  code @2 :Text;
  text @3 :Text;
  outbound @4 :Bool;
  ready @5 :Bool;
  connection @6 :UInt64;
  offence @7 :Bool;            # the peer broke the protocol: costs it points
}
struct SessionProgress { connection @0 :UInt64; tip @1 :UInt64; }  # the peer's tip as it tells it
struct ProgressTimer {}
struct PingTimer { generation @0 :UInt64; }
struct DialTimer { generation @0 :UInt64; }
struct HandshakeTimer {}
struct CreditTimer {}
struct InterposerTimer {}   # only in programs made to misbehave
