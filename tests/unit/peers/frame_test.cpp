// Framing: whole messages come out as they went in, urgent ones first, in bounded memory.
#include "actors/peers/frame.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "messages/base/codec_bytes.hpp"
#include "messages/schema/chain.capnp.h"
#include "messages/schema/peer.capnp.h"
#include "tests/support/property.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::peers {
namespace {

using namespace witan::test;  // NOLINT(google-build-using-namespace): generators

Envelope vote(Random& r) {
  Draft<schema::Vote> draft;
  write_vote(*draft, any_vote(r));
  return std::move(draft).seal();
}
Envelope batch(std::size_t bytes) {
  Bytes blob;
  append_item(blob, Bytes(bytes, 3));
  Draft<schema::TransactionBatch> draft(bytes / 8 + 32);
  draft->setTransactions(as_data(ByteView(blob)));
  draft->setCount(1);
  return std::move(draft).seal();
}
Envelope part(Random& r) {
  PartMessage p = any_part(r);
  p.part.bytes.assign(part_size_bytes, 5);
  Draft<schema::BlockPart> draft(part_size_bytes / 8 + 64);
  write_part(*draft, p.part, p.parts_count);
  return std::move(draft).seal();
}
Bytes flat(const Envelope& e) {
  Bytes out;
  e.words->append_flat(out);
  return out;
}
struct Out {
  std::vector<WireMessage> messages;
  FrameReader reader;
  Status read(ByteView packet) {
    return reader.read_packet(packet, [this](WireMessage m) { messages.push_back(std::move(m)); });
  }
};
// One frame by hand.
Bytes frame(std::uint8_t channel, std::uint8_t flags, ByteView payload) {
  return ByteWriter()
      .u8(channel)
      .u8(flags)
      .u16(static_cast<std::uint16_t>(payload.size()))
      .raw(payload)
      .take();
}
Bytes head(std::uint64_t type, std::uint32_t flat_bytes) {
  return ByteWriter().u64(type).u32(flat_bytes).u64(1).u64(2).u64(3).u16(4).take();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frame_test)

WITAN_PROPERTY(messages_of_all_channels_come_out_whole_and_in_order, [](std::uint64_t seed) {
  Random r(seed);
  SendQueue queue({});
  std::map<std::uint64_t, std::vector<Bytes>> sent;
  std::map<std::uint64_t, std::vector<Bytes>> got;
  Out out;
  Bytes packet;
  const auto take_packet = [&] {
    if (!queue.next_packet(packet)) return;
    RC_ASSERT(packet.size() <= packet_bytes_max);
    RC_ASSERT(out.read(packet).has_value());
  };
  const auto grant = [&] {
    RC_ASSERT(queue.grant(Channel::transactions, out.reader.grant(Channel::transactions)));
  };
  for (int i = 0; i < 20; ++i) {
    Envelope e = r.chance_permille(400)   ? vote(r)
                 : r.chance_permille(500) ? part(r)
                                          : batch(1 + r.below(60'000));
    e.trace = {r.next(), r.next(), r.next(), 0, 7};
    RC_ASSERT(queue.push(find_wire_type(e.type)->channel, e));
    sent[e.type].push_back(flat(e));
    if (r.chance_permille(500)) take_packet();  // frames of channels interleave
    if (r.chance_permille(50)) grant();
  }
  while (!queue.empty()) {
    take_packet();
    if (r.chance_permille(100)) grant();
  }
  for (const WireMessage& m : out.messages) {
    RC_ASSERT((m.type->type == m.envelope.type && m.envelope.trace.hops == 7));
    got[m.envelope.type].push_back(flat(m.envelope));
  }
  RC_ASSERT(got == sent);
  RC_ASSERT(queue.bytes() == 0u);
})

BOOST_AUTO_TEST_CASE(a_vote_waits_for_at_most_one_packet_of_bulk) {
  Random r(1);
  SendQueue queue({});
  for (int i = 0; i < 20; ++i) BOOST_REQUIRE(queue.push(Channel::transactions, batch(60'000)));
  Bytes packet;
  BOOST_REQUIRE(queue.next_packet(packet));
  BOOST_CHECK_LE(packet.size(), bulk_packet_bytes_max);
  BOOST_REQUIRE(queue.push(Channel::votes, vote(r)));
  BOOST_REQUIRE(queue.next_packet(packet));
  BOOST_CHECK_EQUAL(packet[0], static_cast<std::uint8_t>(Channel::votes));
  BOOST_CHECK_EQUAL(packet[1], 3);  // first and last: whole in this packet
}

// All that may leave now, read by the other side.
void flush(SendQueue& queue, Out& out) {
  Bytes packet;
  while (queue.next_packet(packet)) WITAN_REQUIRE_OK(out.read(packet));
}
struct SpentWindow {
  SpentWindow() {
    for (int i = 0; i < 40; ++i) BOOST_REQUIRE(queue.push(Channel::transactions, batch(60'000)));
    flush(queue, out);
  }
  SendQueue queue{{}};
  Out out;
};

BOOST_AUTO_TEST_CASE(bulk_without_credit_waits_and_what_decides_passes_it) {
  Random r(1);
  SpentWindow w;
  BOOST_CHECK_LE(w.out.reader.ungranted(Channel::transactions), credit_window_bytes);
  BOOST_CHECK_GT(w.out.reader.ungranted(Channel::transactions), credit_window_bytes - 100);
  const std::size_t batches = w.out.messages.size();
  BOOST_CHECK_EQUAL(batches, credit_window_bytes / 60'000);
  BOOST_REQUIRE(w.queue.push(Channel::votes, vote(r)));
  flush(w.queue, w.out);
  BOOST_REQUIRE_EQUAL(w.out.messages.size(), batches + 1);
  BOOST_CHECK(w.out.messages.back().envelope.is<schema::Vote>());
  int grants = 0;
  for (; !w.queue.empty(); ++grants) {
    WITAN_REQUIRE_OK(
        w.queue.grant(Channel::transactions, w.out.reader.grant(Channel::transactions)));
    flush(w.queue, w.out);
  }
  BOOST_CHECK_EQUAL(grants, 2);
  BOOST_CHECK_EQUAL(w.out.messages.size(), 41u);
}

BOOST_AUTO_TEST_CASE(bulk_beyond_its_credit_is_refused) {
  SpentWindow w;
  SendQueue another({});
  BOOST_REQUIRE(another.push(Channel::transactions, batch(1000)));
  Bytes packet;
  BOOST_REQUIRE(another.next_packet(packet));
  const Status status = w.out.read(packet);
  BOOST_REQUIRE(!status);
  BOOST_CHECK(status.error().code == ErrorCode::not_allowed);
}

BOOST_AUTO_TEST_CASE(a_grant_of_more_than_was_sent_is_refused) {
  SpentWindow w;
  BOOST_CHECK(!w.queue.grant(Channel::transactions, credit_window_bytes + 1));
  BOOST_CHECK(!w.queue.grant(Channel::snapshots, 1));
}

BOOST_AUTO_TEST_CASE(bulk_leaves_half_of_the_room_to_what_decides) {
  Random r(1);
  SendQueue queue({.bytes_max = 300'000, .channel_bytes_max = 200'000});
  while (queue.push(Channel::transactions, batch(60'000))) {
  }
  while (queue.push(Channel::snapshots, batch(10'000))) {
  }
  BOOST_CHECK_LE(queue.bytes(), 150'000u);
  BOOST_CHECK(queue.push(Channel::votes, vote(r)));
  std::size_t parts = 0;
  while (queue.push(Channel::blocks, part(r))) ++parts;
  BOOST_CHECK_LE(queue.bytes(), 300'000u);
  BOOST_CHECK_GE(parts, 2u);
  Bytes packet;
  while (queue.next_packet(packet)) {
  }
  BOOST_CHECK(queue.empty());
  BOOST_CHECK(queue.push(Channel::transactions, batch(60'000)));
}

BOOST_AUTO_TEST_CASE(what_waits_can_be_dropped_and_what_has_begun_ends_whole) {
  Random r(1);
  SendQueue queue({});
  for (int i = 0; i < 3; ++i) BOOST_REQUIRE(queue.push(Channel::blocks, part(r)));
  BOOST_REQUIRE(queue.push(Channel::votes, vote(r)));
  Out out;
  Bytes packet;
  BOOST_REQUIRE(queue.next_packet(packet));  // the vote and the beginning of the first part
  WITAN_REQUIRE_OK(out.read(packet));
  BOOST_CHECK_EQUAL(queue.drop_waiting(Channel::blocks), 2u);
  BOOST_CHECK_EQUAL(queue.drop_waiting(Channel::blocks), 0u);
  BOOST_REQUIRE(queue.push(Channel::blocks, part(r)));
  while (queue.next_packet(packet)) WITAN_REQUIRE_OK(out.read(packet));
  BOOST_CHECK_EQUAL(out.messages.size(), 3u);
  BOOST_CHECK_EQUAL(queue.bytes(), 0u);
}

BOOST_AUTO_TEST_CASE(hostile_frames_end_in_their_error) {
  const auto refused = [](const Bytes& packet, ErrorCode code, const char* why) {
    Out out;
    const Status status = out.read(packet);
    BOOST_CHECK_MESSAGE(!status, why);
    if (!status) BOOST_CHECK_MESSAGE(status.error().code == code, why << ": " << status.error());
    BOOST_CHECK(out.messages.empty());
  };
  const std::uint64_t ping = capnp::typeId<schema::Ping>();
  refused({1}, ErrorCode::malformed, "frame header cut short");
  refused({0, 1, 9, 0, 1}, ErrorCode::malformed, "payload cut short");
  refused(frame(11, 1, head(ping, 16)), ErrorCode::out_of_range, "channel");
  refused(frame(0, 1, Bytes(37)), ErrorCode::malformed, "message header cut short");
  refused(frame(0, 1, head(7, 16)), ErrorCode::unknown_type, "type");
  refused(frame(1, 1, head(ping, 16)), ErrorCode::malformed, "a ping is not a vote");
  refused(frame(0, 1, head(ping, 1 << 20)), ErrorCode::too_large, "above the type's limit");
  refused(frame(0, 1, head(ping, 15)), ErrorCode::malformed, "not words");
  refused(frame(0, 1, head(ping, 0)), ErrorCode::malformed, "empty");
  refused(frame(0, 0, Bytes(8)), ErrorCode::malformed, "continuation without a beginning");
  refused(frame(0, 3, head(ping, 16)), ErrorCode::malformed, "ends before its bytes came");
  Bytes twice = frame(0, 1, head(ping, 16));
  append(twice, frame(0, 1, head(ping, 16)));
  refused(twice, ErrorCode::malformed, "a message inside another");
  Bytes longer = head(ping, 16);
  longer.resize(longer.size() + 24);
  refused(frame(0, 3, longer), ErrorCode::malformed, "longer than announced");
}

WITAN_PROPERTY(damaged_packets_are_judged_without_a_crash, [](std::uint64_t seed) {
  Random r(seed);
  SendQueue queue({});
  (void)queue.push(Channel::votes, vote(r));
  (void)queue.push(Channel::transactions, batch(100));
  Bytes packet;
  RC_ASSERT(queue.next_packet(packet));
  for (std::uint64_t n = 1 + r.below(4); n > 0; --n)
    packet[r.below(packet.size())] ^= static_cast<std::uint8_t>(1 + r.below(255));
  Out out;
  (void)out.read(packet);
})

// WITAN_WRITE_CORPUS=1 writes the seed of fuzz_frame anew: u16 length, then the packet, repeated.
BOOST_AUTO_TEST_CASE(the_seed_of_the_fuzz_target_is_valid) {
  const auto file =
      std::filesystem::path(WITAN_SOURCE_DIR) / "tests/fuzz/corpus/fuzz_frame/two_channels";
  if (std::getenv("WITAN_WRITE_CORPUS") != nullptr) {
    Random r(1);
    SendQueue queue({});
    BOOST_REQUIRE(queue.push(Channel::transactions, batch(17'000)));
    Bytes packet;
    ByteWriter seed;
    BOOST_REQUIRE(queue.next_packet(packet));
    seed.u16(static_cast<std::uint16_t>(packet.size())).raw(packet);
    BOOST_REQUIRE(queue.push(Channel::votes, vote(r)));
    BOOST_REQUIRE(queue.next_packet(packet));
    seed.u16(static_cast<std::uint16_t>(packet.size())).raw(packet);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << as_text(seed.view());
  }
  std::ifstream in(file, std::ios::binary);
  const std::string kept((std::istreambuf_iterator<char>(in)), {});
  ByteReader bytes(as_bytes(kept));
  Out out;
  while (bytes.left() > 0) {
    const std::size_t size = bytes.u16();
    WITAN_REQUIRE_OK(out.read(bytes.raw(size)));
  }
  BOOST_REQUIRE_EQUAL(out.messages.size(), 2u);
  BOOST_CHECK(out.messages[0].envelope.is<schema::Vote>());  // overtook the rest of the batch
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::peers
