@0xa7d9c0b1e4f25605;
# A transaction in its one canonical form (messages/wire/tx_codec.hpp): a single segment without
# segment table, objects in preorder, trailing zero words cut. Its hash is the transaction id.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("witan::schema");

struct Transaction {
  union {
    transfer @0 :Transfer;
    opaque @1 :Opaque;
  }
}

struct Transfer {
  amount @0 :UInt64;
  fee @1 :UInt64;
  nonce @2 :UInt64;     # the sender's next one; the first is 0
  from @3 :Data;        # 32 bytes, x-only key
  to @4 :Data;          # 32 bytes
  signature @5 :Data;   # 64 bytes, by `from`
  memo @6 :Data;        # at most 256 bytes; null when empty
}

struct Opaque {
  lastHeight @0 :UInt64;
  payload @1 :Data;     # null when empty
}
