#include "messages/base/random.hpp"
#include "messages/schema/chain.capnp.h"
#include "messages/schema/peer.capnp.h"
#include "messages/wire/consensus_codec.hpp"
#include "tools/byzantine/behaviours.hpp"

namespace witan::byzantine {
namespace {

// The same message with some fields changed. `change` gets a builder over a copy of it.
template <class T, class F>
Envelope changed(const Envelope& envelope, F&& change) {
  auto builder = std::make_unique<capnp::MallocMessageBuilder>();
  builder->setRoot(Received<T>(envelope).get());
  change(builder->getRoot<T>());
  Envelope out = envelope;
  out.words = std::make_shared<const Words>(std::move(builder));
  return out;
}

// Bytes that passed the cipher and are nothing else: each kind ends a connection in another place.
class Garbage final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void idle(PeerNumber, Instant, Outbox& out) override {
    if (++ticks_ % 8 != 0) return;
    switch (kind_++ % 6) {
      case 0:
        return out.send_packet(random_bytes(1 + random_.below(2000)));
      case 1:
        return out.send_on(Channel::votes, of_type(capnp::typeId<schema::Vote>()));
      case 2:
        return out.send_on(Channel::meta, of_type(0x1122334455667788));
      case 3:
        return out.send_on(Channel::blocks, of_type(capnp::typeId<schema::Certificate>()));
      case 4:
        return out.send_on(Channel::votes, of_type(capnp::typeId<schema::BlockPart>()));
      default:
        return out.send_on(Channel::snapshots, of_type(capnp::typeId<schema::RangeResponse>()));
    }
  }

 private:
  Bytes random_bytes(std::size_t size) {
    Bytes out(size);
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(random_.next());
    return out;
  }
  // Words whose only structure is the segment table.
  Envelope of_type(std::uint64_t type) {
    Bytes flat{0, 0, 0, 0, 16, 0, 0, 0};  // one segment of 16 words
    append(flat, random_bytes(16 * 8));
    auto words = Words::from_flat(flat);
    WITAN_CHECK(words.has_value());
    Envelope out;
    out.type = type;
    out.words = std::move(*words);
    return out;
  }
  Random random_{11};
  std::uint64_t ticks_ = 0;
  std::uint64_t kind_ = 0;
};

// Nothing is wrong with any of its messages but their number.
class Flood final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_vote(const SignedVote& vote, PeerNumber, Outbox& out) override {
    for (int i = 0; i < 20; ++i) out.send(vote);
    last_ = vote;
  }
  void own_block(const SignedProposal& proposal, ByteView block, PeerNumber, Outbox& out) override {
    for (int i = 0; i < 5; ++i) out.send(proposal, block);
  }
  void other(const Envelope& envelope, PeerNumber, Outbox& out) override {
    for (int i = 0; i < (is_consensus(envelope) ? 5 : 1); ++i) out.send(envelope);
  }
  void idle(PeerNumber, Instant, Outbox& out) override {
    Draft<schema::RoundStatus> status;  // each asks for everything its reader has
    status->setHeight(height().get());
    status->setRound(0);
    const Envelope ask = std::move(status).seal();
    for (int i = 0; i < 50; ++i) out.send(ask);
    if (!last_) return;
    for (int i = 0; i < 50; ++i) out.send(*last_);
  }

 private:
  std::optional<SignedVote> last_;
};

// An honest voter and a peer that must not be believed when somebody is behind.
class LyingSync final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void other(const Envelope& e, PeerNumber peer, Outbox& out) override {
    if (e.is<schema::Hello>())
      return out.send(
          changed<schema::Hello>(e, [](auto hello) { hello.setTip(far(hello.getTip())); }));
    if (e.is<schema::SyncStatus>())
      return out.send(
          changed<schema::SyncStatus>(e, [](auto status) { status.setTip(far(status.getTip())); }));
    if (e.is<schema::RoundStatus>())
      return out.send(changed<schema::RoundStatus>(
          e, [](auto status) { status.setHeight(far(status.getHeight())); }));
    if (e.is<schema::RangeResponse>()) return lie_about_blocks(e, out);
    Behaviour::other(e, peer, out);
  }
  void idle(PeerNumber, Instant, Outbox& out) override {
    if (height() == Height(0) || ++ticks_ % 25 != 0) return;
    Draft<schema::SyncStatus> status;
    status->setTip(far(height().get()));
    status->setBase(1);
    out.send(std::move(status).seal());
  }

 private:
  static std::uint64_t far(std::uint64_t height) { return height + 1'000'000; }
  void lie_about_blocks(const Envelope& e, Outbox& out) {
    using Response = schema::RangeResponse;
    const bool empty = Received<Response>(e)->getBlocks().size() == 0;
    switch (answers_++ % 6) {
      case 0:  // never answered
        return;
      case 1:
        return out.send(changed<Response>(e, [](auto r) { r.initBlocks(0); }));
      case 2:
        return out.send(changed<Response>(e, [](auto r) { r.setFirst(r.getFirst() + 1); }));
      case 3:
        if (empty) return;
        return out.send(changed<Response>(e, [](auto r) {
          auto bytes = r.getBlocks()[0].getBytes();
          bytes.begin()[bytes.size() / 2] ^= 1;
        }));
      case 4:
        if (empty) return;
        return out.send(changed<Response>(e, [](auto r) {
          auto certificate = r.getBlocks()[0].getCertificate();
          certificate.getSignatures().begin()[0] ^= 1;
        }));
      default:
        if (empty) return;
        return out.later(Duration::from_s(3)).send(e);  // after its reader gave up
    }
  }
  std::uint64_t ticks_ = 0;
  std::uint64_t answers_ = 0;
};

}  // namespace

MadeBehaviour make_garbage(const Insider& i) { return std::make_unique<Garbage>(i); }
MadeBehaviour make_flood(const Insider& i) { return std::make_unique<Flood>(i); }
MadeBehaviour make_lying_sync(const Insider& i) { return std::make_unique<LyingSync>(i); }

}  // namespace witan::byzantine
