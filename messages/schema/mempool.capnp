@0xb1f5c9d4a7e60283;
# What the mempool sends to itself: timers. What others send it is in chain.capnp and api.capnp.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("witan::schema");

struct FlushGossip { generation @0 :UInt64; }  # the oldest collected transaction has waited enough
struct MempoolTick {}                          # overdue waiters, repeated gossip, the chain's tip
