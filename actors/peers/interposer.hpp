// A stage between the sessions and their peers, for validators that misbehave on purpose. `witan`
// has none: nothing in its binary implements this, and the pointer in SessionOptions stays null.
// What implements it is linked into test programs only (tools/byzantine).
//
// Every message of every session passes here, hello and goodbye included: those that are about to
// leave, and those that came and were decoded. What leaves instead is up to the stage, which may
// also sign with a key of its own: the node's signer, which refuses contradictions, is not asked.
//
// Thread rule: called by all sessions, from their threads, at the same time.
#pragma once
#include <vector>

#include "messages/base/time.hpp"
#include "messages/wire/peer_wire.hpp"

namespace witan::peers {

class Interposer {
 public:
  struct Departure {
    Channel channel = Channel::control;
    Envelope envelope;
    Bytes packet{};  // not empty: these bytes leave as the plaintext of a packet, no envelope
  };
  using Departures = std::vector<Departure>;

  virtual ~Interposer() = default;
  // `departures` is what leaves for `peer` now, instead of `envelope`.
  virtual void on_leaving(const NodeId& peer, const Envelope& envelope, Instant now,
                          Departures& departures) = 0;
  // False: this node does not get it.
  [[nodiscard]] virtual bool on_arrived(const NodeId& peer, const Envelope& envelope) = 0;
  // Every interposer_period while the session is ready.
  virtual void on_tick(const NodeId& peer, Instant now, Departures& departures) = 0;
  // True: evidence against this node's own key does not stop it.
  [[nodiscard]] virtual bool misbehaves() const { return true; }
};

inline constexpr Duration interposer_period = Duration::from_ms(20);

}  // namespace witan::peers
