@0xd1c0c6f3a0b14e01;
# Shared field types of every schema. Field numbers are never reused.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("witan::schema");

struct Failure {
  # A typed error as it crosses an actor or the API; `code` is a name of messages/base/error_codes.hpp.
  code @0 :Text;
  field @1 :Text;
  text @2 :Text;
}
