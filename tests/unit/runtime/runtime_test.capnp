@0xb6a2d90c4f7e1153;
# Messages of the runtime's own tests.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("witan::test");

struct Note { text @0 :Text; number @1 :UInt64; }      # consensus class
struct Order { number @0 :UInt64; }                    # control class
struct Load { number @0 :UInt64; data @1 :Data; }      # bulk class
struct Question { number @0 :UInt64; }
struct Answer { number @0 :UInt64; }
struct Tick { generation @0 :UInt64; }                 # timers
struct Crash { text @0 :Text; }
struct Gate { number @0 :UInt64; }                     # blocks its receiver until the test opens it
