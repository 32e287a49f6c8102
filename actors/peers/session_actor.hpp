// SessionActor: one connection to one peer. Noise handshake, hello, then framed messages both ways.
// Everything a peer sends is decrypted, reassembled under limits, decoded once, rate-limited, and
// only then sent on to the actor it concerns (law 8). Ends with its connection; never restarted.
//
// Back-pressure: read credit goes back to the socket when the bytes are processed and the verifier
// takes votes; bulk is granted to the peer again, channel by channel, when the mailbox it went to
// has room; writes wait in the SendQueue while the socket is full or credit is spent, urgent ones
// first.
#pragma once
#include <array>
#include <functional>
#include <optional>

#include "actors/api/interface.hpp"
#include "actors/consensus/interface.hpp"
#include "actors/evidence/interface.hpp"
#include "actors/mempool/interface.hpp"
#include "actors/peers/clock_estimate.hpp"
#include "actors/peers/frame.hpp"
#include "actors/peers/interface.hpp"
#include "actors/peers/interposer.hpp"
#include "actors/peers/token_bucket.hpp"
#include "actors/peers/transport.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/sync/interface.hpp"
#include "actors/telemetry/services.hpp"
#include "crypto/keys.hpp"
#include "crypto/noise.hpp"
#include "crypto/random.hpp"
#include "crypto/sign_bytes.hpp"

namespace witan::peers {

// Who we are on every connection. Outlives the sessions.
struct Identity {
  SecretKey node_key;
  std::optional<SecretKey> validator_key;  // to claim our seat in the hello
  ChainId chain_id;
  std::string chain_name;
  std::string moniker;
  std::string software;
  std::uint16_t listen_port = 0;
  std::function<std::uint64_t()> tip;                        // height of the last stored block
  std::function<Bytes(std::size_t)> entropy = random_bytes;  // of the handshakes' keys
};

struct SessionOptions {
  ConnectionId connection = 0;
  Endpoint remote;
  std::optional<NodeId> expected;  // outbound: whom we dial
  std::size_t verifier_workers = 2;
  Duration handshake_timeout = Duration::from_s(20);
  Duration ping_interval = Duration::from_s(10);
  SendQueue::Limits queue;
  Interposer* interposer = nullptr;  // outlives the sessions; null on a live chain
};

class SessionActor final : public rt::ActorFor<SessionRole> {
 public:
  SessionActor(rt::ActorContext& context, Services services, Transport& transport,
               const Identity& identity, SessionOptions options);
  ~SessionActor() override;
  void started() override;
  void stopping() override;

 private:
  // ---- the connection
  void on_bytes(schema::SocketBytes::Reader in, const Envelope& envelope);
  void on_drained(schema::SocketDrained::Reader in, const Envelope& envelope);
  void on_closed(schema::SocketClosed::Reader in, const Envelope& envelope);
  void on_close(schema::CloseSession::Reader in, const Envelope& envelope);
  void on_handshake_timer(schema::HandshakeTimer::Reader in, const Envelope& envelope);
  void on_credit_timer(schema::CreditTimer::Reader in, const Envelope& envelope);
  void on_ping_timer(schema::PingTimer::Reader in, const Envelope& envelope);
  void on_progress_timer(schema::ProgressTimer::Reader in, const Envelope& envelope);
  void on_interposer_timer(schema::InterposerTimer::Reader in, const Envelope& envelope);
  Status process();
  Status process_handshake();
  Result<bool> process_packet();  // false: needs more bytes
  void return_credit();
  [[nodiscard]] bool has_room(Channel channel) const;
  void send_credit(Channel channel);
  Status on_credit(schema::Credit::Reader credit);
  void say_goodbye(std::string_view code, std::string_view text);
  void end(const Error& reason, bool offence = false);
  void announce_end(const Error& reason);
  [[nodiscard]] bool is_offence(ErrorCode code) const;

  // ---- messages in
  Status on_message(WireMessage message);
  Status on_hello(const Envelope& envelope);
  void arrive(const WireType& type, Envelope& envelope);
  void route(const WireType& type, const Envelope& envelope);
  void become_ready(schema::Hello::Reader hello);
  void note_tip(std::uint64_t tip);
  void send_ping(std::uint64_t nonce);
  void ping_after(std::uint64_t generation);
  void on_ping(schema::Ping::Reader ping);
  void on_pong(schema::Pong::Reader pong);

  // ---- counting
  struct TypeCounters {
    CounterHandle received, received_bytes, sent_bytes;
  };
  [[nodiscard]] const TypeCounters& counters_of(const WireType* type) const;

  // ---- messages out
  template <class T>
  void forward(typename T::Reader in, const Envelope& envelope);
  template <class T>
  void enqueue(Draft<T>&& draft);
  void enqueue(const WireType& type, const Envelope& envelope);
  void push(Channel channel, const WireType* type, const Envelope& envelope);
  void depart(const Interposer::Departures& departures, const Interposer::Damage& damage);
  void send_packet(ByteView packet);
  void pump();
  void send_hello();

  // ---- the stage between us and the peer (session_stage.cpp)
  [[nodiscard]] Interposer* active_stage() const;
  [[nodiscard]] Interposer::Line line() const;
  Status pass_arrived(Interposer& stage, const Envelope& envelope);
  void tick_while_needed();
  void corrupt(Bytes& bytes);

  Services services_;
  Transport& transport_;
  const Identity& identity_;
  SessionOptions options_;
  std::optional<NoiseHandshake> handshake_;
  std::optional<NoiseSession> noise_;
  std::size_t body_bytes_ = 0;  // of the packet being received; 0: its length comes next
  Bytes in_;                    // received, not yet processed
  std::size_t in_offset_ = 0;
  FrameReader reader_;
  SendQueue queue_;
  bool blocked_ = false;  // the socket has not taken everything
  bool ready_ = false;
  bool ended_ = false;
  UnixTime ping_sent_{};
  ClockEstimator peer_clock_;
  std::string peer_name_;  // node id in hex, for traces
  bool farewell_said_ = false;
  std::size_t credit_held_ = 0;  // processed bytes whose credit is held back
  bool credit_timer_ = false;
  Instant last_heard_{};
  std::uint64_t tip_ = 0;  // of the peer, as it tells it
  bool progress_timer_ = false;
  bool interposer_timer_ = false;
  std::optional<Interposer::Damage> corrupts_;  // what leaves next
  std::array<TokenBucket, channel_count> limits_;
  std::vector<TypeCounters> counters_;             // in the order of wire_types()
  std::optional<GaugeHandle> pending_send_bytes_;  // once we know who the peer is
  rt::ActorRef<PeersRole> manager_;
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<SyncRole> sync_;
  rt::ActorRef<MempoolRole> mempool_;
  rt::ActorRef<EvidenceRole> evidence_;
  rt::ActorRef<EventsRole> events_;
  rt::ActorRef<VerifierRole> verifier_;
};

}  // namespace witan::peers
