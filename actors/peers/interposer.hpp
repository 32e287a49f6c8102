// A stage between the sessions and their peers: rules for links (link_faults.hpp), and validators
// that misbehave on purpose (tools/byzantine, linked into test programs only). On a live chain
// there is none: the pointer in SessionOptions is null. What `witan` may put here never signs and
// never makes a message: it loses, holds back, repeats and damages what others made
// (docs/adr/0019-link-faults-at-the-session.md).
//
// Every message of every session but Credit passes here while the stage is active: those about to
// leave, hello and goodbye included, and those that came after the peer's hello and were decoded.
// What leaves and arrives instead is up to the stage. A stage of a test program may also sign with
// a key of its own: the node's signer, which refuses contradictions, is not asked.
//
// Thread rule: called by all sessions, from their threads, at the same time.
#pragma once
#include <string_view>
#include <vector>

#include "actors/peers/transport.hpp"
#include "messages/base/time.hpp"
#include "messages/wire/peer_wire.hpp"

namespace witan::peers {

class Interposer {
 public:
  // A session, by its connection: a peer may have two for a moment.
  struct Line {
    ConnectionId connection = 0;
    NodeId peer;
  };
  struct Departure {
    Channel channel = Channel::control;
    Envelope envelope;
    Bytes packet{};  // not empty: these bytes leave as the plaintext of a packet, no envelope
  };
  using Departures = std::vector<Departure>;
  using Arrivals = std::vector<Envelope>;
  // What happens to the connection itself.
  struct Damage {
    enum class Kind : std::uint8_t {
      none,
      corrupt,  // bytes are changed: of the packet that leaves next, or of the one that came
      cut,      // it ends, without a goodbye
    };
    Kind kind = Kind::none;
    std::uint64_t bytes = 1;  // of corrupt: so many
    std::uint64_t draw = 0;   // of corrupt: random bits that say where
  };

  virtual ~Interposer() = default;
  // False: every message passes as if there were no stage. Asked for each message: one load or two.
  [[nodiscard]] virtual bool active() const { return true; }
  // Asked once we know whom a new connection leads to, before anything is said. False: it ends.
  [[nodiscard]] virtual bool lets_connect(const Line&) { return true; }
  // The session is ready; what the peer calls itself, which nobody has checked. Also when inactive.
  virtual void on_ready(const Line&, std::string_view /*moniker*/) {}
  // `departures` is what leaves now, instead of `envelope`.
  virtual Damage on_leaving(const Line& line, const Envelope& envelope, Instant now,
                            Departures& departures) = 0;
  // `arrivals` is what the node gets now, instead of `envelope`.
  virtual Damage on_arrived(const Line& line, const Envelope& envelope, Instant now,
                            Arrivals& arrivals) = 0;
  // Every interposer_period: while the session is ready if the stage ticks(), and as long as it
  // holds something back.
  virtual Damage on_tick(const Line& line, Instant now, Departures& departures,
                         Arrivals& arrivals) = 0;
  [[nodiscard]] virtual bool ticks() const { return true; }
  [[nodiscard]] virtual bool holds_back(const Line&) { return false; }
  // The session is over: what it waits for is lost. Also when inactive.
  virtual void on_ended(const Line&) {}
  // True: evidence against this node's own key does not stop it.
  [[nodiscard]] virtual bool misbehaves() const { return true; }
};

inline constexpr Duration interposer_period = Duration::from_ms(20);

}  // namespace witan::peers
