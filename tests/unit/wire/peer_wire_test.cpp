// The table of what may cross a connection, and the seeds of its fuzz targets.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "messages/schema/chain.capnp.h"
#include "messages/schema/evidence.capnp.h"
#include "messages/schema/peer.capnp.h"
#include "messages/wire/evidence_codec.hpp"
#include "messages/wire/peer_wire.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::test {
namespace {

// One valid message of every type of the table.
std::map<std::uint64_t, Bytes> samples() {
  Random r(42);
  std::map<std::uint64_t, Bytes> out;
  const auto put = [&out](auto&& draft, std::uint64_t type) {
    out[type] = flat_of(std::forward<decltype(draft)>(draft));
  };
#define WITAN_SAMPLE(T, ...)                       \
  do {                                             \
    Draft<schema::T> m;                            \
    __VA_ARGS__;                                   \
    put(std::move(m), capnp::typeId<schema::T>()); \
  } while (false)
  WITAN_SAMPLE(Hello, m->setChainId(as_data(any_fixed<Hash32>(r))); m->setMoniker("alpha");
               m->setValidatorKey(as_data(any_fixed<PublicKey>(r)));
               m->setValidatorProof(as_data(any_fixed<Signature>(r))));
  WITAN_SAMPLE(Goodbye, m->setCode("busy"); m->setText("later"));
  WITAN_SAMPLE(Ping, m->setNonce(7));
  WITAN_SAMPLE(Pong, m->setNonce(7));
  WITAN_SAMPLE(Credit, m->setChannel(10); m->setBytes(300'000));
  WITAN_SAMPLE(Vote, write_vote(*m, any_vote(r)));
  WITAN_SAMPLE(Proposal, write_proposal(*m, any_proposal(r)));
  WITAN_SAMPLE(BlockPart, const auto p = any_part(r); write_part(*m, p.part, p.parts_count));
  WITAN_SAMPLE(Certificate, write_certificate(*m, any_certificate(r)));
  WITAN_SAMPLE(RoundStatus, m->setHeight(3); m->setStep(2));
  WITAN_SAMPLE(SyncStatus, m->setTip(9); m->setBase(2));
  WITAN_SAMPLE(RangeRequest, m->setFirst(1); m->setLast(16));
  WITAN_SAMPLE(
      RangeResponse, auto blocks = m->initBlocks(2); for (auto b
                                                          : blocks) {
        b.setBytes(as_data(ByteView(encode_block(any_block(r)))));
        write_certificate(b.initCertificate(), any_certificate(r));
      });
  WITAN_SAMPLE(TransactionBatch, Bytes blob; append_item(blob, Bytes{1, 2});
               append_item(blob, Bytes{3}); m->setTransactions(as_data(ByteView(blob)));
               m->setCount(2));
  WITAN_SAMPLE(RoundCertificate, write_round_certificate(*m, any_round_certificate(r)));
  WITAN_SAMPLE(EvidenceBatch, const Bytes e = encode_evidence(Amnesia{any_vote(r), any_vote(r)});
               m->initItems(1).set(0, as_data(ByteView(e))));
#undef WITAN_SAMPLE
  return out;
}

std::size_t index_of(std::uint64_t type) {
  return static_cast<std::size_t>(find_wire_type(type) - wire_types().data());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(peer_wire_test)

BOOST_AUTO_TEST_CASE(every_type_is_in_the_table_once_and_has_a_check) {
  std::set<std::uint64_t> types;
  std::set<std::string_view> names;
  for (const WireType& type : wire_types()) {
    BOOST_CHECK_MESSAGE(types.insert(type.type).second, type.name);
    BOOST_CHECK_MESSAGE(names.insert(type.name).second, type.name);
    BOOST_CHECK(find_wire_type(type.type) == &type);
    BOOST_CHECK(type.check != nullptr);
    BOOST_CHECK_GT(type.bytes_max, 0u);
    BOOST_CHECK_LE(type.bytes_max, limits::message_bytes_max);
    BOOST_CHECK_LT(static_cast<std::size_t>(type.channel), channel_count);
  }
  BOOST_CHECK_EQUAL(samples().size(), wire_types().size());
}

BOOST_AUTO_TEST_CASE(messages_between_actors_of_one_node_are_not_peer_messages) {
  BOOST_CHECK(find_wire_type(capnp::typeId<schema::OwnVote>()) == nullptr);
  BOOST_CHECK(find_wire_type(capnp::typeId<schema::VerifiedVote>()) == nullptr);
  BOOST_CHECK(find_wire_type(capnp::typeId<schema::CommitBlock>()) == nullptr);
  BOOST_CHECK(find_wire_type(capnp::typeId<schema::SyncedDecision>()) == nullptr);
  BOOST_CHECK(find_wire_type(0) == nullptr);
}

BOOST_AUTO_TEST_CASE(every_channel_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (std::size_t c = 0; c < channel_count; ++c)
    BOOST_CHECK(names.insert(name_of(static_cast<Channel>(c))).second);
  BOOST_CHECK(!names.contains("unknown"));
  BOOST_CHECK_EQUAL(name_of(static_cast<Channel>(channel_count)), "unknown");
}

BOOST_AUTO_TEST_CASE(a_valid_message_of_every_type_passes_its_check) {
  for (const auto& [type, flat] : samples()) {
    const auto words = Words::from_flat(flat);
    WITAN_REQUIRE_OK(words);
    const WireType* entry = find_wire_type(type);
    BOOST_REQUIRE(entry != nullptr);
    BOOST_CHECK_LE(flat.size(), entry->bytes_max);
    const Status status = entry->check(**words);
    BOOST_CHECK_MESSAGE(status, entry->name << ": " << (status ? "" : status.error().to_string()));
  }
}

// The largest honest message of each limited kind fits its limit.
BOOST_AUTO_TEST_CASE(the_largest_honest_messages_fit) {
  Random r(9);
  PartMessage part = any_part(r);
  part.part.bytes.assign(part_size_bytes, 1);
  part.part.proof.assign(limits::merkle_depth_max, Hash32{});
  Draft<schema::BlockPart> part_draft;
  write_part(*part_draft, part.part, part.parts_count);
  BOOST_CHECK_LE(flat_of(std::move(part_draft)).size(),
                 find_wire_type(capnp::typeId<schema::BlockPart>())->bytes_max);
  Certificate certificate = any_certificate(r, 1);
  certificate.signatures.clear();
  for (ValidatorIndex i = 0; i < validators_max; ++i)
    certificate.signatures.push_back({i, Round(), any_fixed<Signature>(r)});
  BOOST_CHECK_LE(encode_certificate(certificate).size(),
                 find_wire_type(capnp::typeId<schema::Certificate>())->bytes_max);
}

WITAN_PROPERTY(a_damaged_message_is_judged_without_a_crash, [](std::uint64_t seed) {
  static const auto all = samples();
  Random r(seed);
  auto it = all.begin();
  std::advance(it, static_cast<std::ptrdiff_t>(r.below(all.size())));
  Bytes flat = it->second;
  for (std::uint64_t n = 1 + r.below(6); n > 0; --n)
    flat[r.below(flat.size())] = static_cast<std::uint8_t>(r.next());
  const auto words = Words::from_flat(flat);
  if (!words) return;
  for (const WireType& type : wire_types()) (void)type.check(**words);
})

// WITAN_WRITE_CORPUS=1 writes the seeds anew; otherwise they must still be what the targets expect.
BOOST_AUTO_TEST_CASE(the_seeds_of_the_fuzz_targets_are_valid) {
  const std::filesystem::path corpus =
      std::filesystem::path(WITAN_SOURCE_DIR) / "tests/fuzz/corpus/fuzz_wire";
  const bool write = std::getenv("WITAN_WRITE_CORPUS") != nullptr;
  if (write) std::filesystem::create_directories(corpus);
  for (const auto& [type, flat] : samples()) {
    const std::filesystem::path file = corpus / std::string(find_wire_type(type)->name);
    if (write) {
      std::ofstream out(file, std::ios::binary);
      out.put(static_cast<char>(index_of(type)));
      out.write(reinterpret_cast<const char*>(flat.data()),
                static_cast<std::streamsize>(flat.size()));
    }
    std::ifstream in(file, std::ios::binary);
    const std::string seed((std::istreambuf_iterator<char>(in)), {});
    BOOST_REQUIRE_MESSAGE(!seed.empty(), file.string());
    const auto index = static_cast<std::size_t>(static_cast<unsigned char>(seed[0]));
    BOOST_REQUIRE_LT(index, wire_types().size());
    BOOST_CHECK_EQUAL(wire_types()[index].name, file.filename().string());
    const auto words = Words::from_flat(as_bytes(std::string_view(seed).substr(1)));
    WITAN_REQUIRE_OK(words);
    WITAN_REQUIRE_OK(wire_types()[index].check(**words));
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
