// The file of a message in quarantine, its identity, and a folder of them on a hostile disk.
#include "actors/runtime/quarantine/record.hpp"

#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"
#include "messages/base/hex.hpp"
#include "storage/atomic_file.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/quarantine/messages.hpp"

namespace witan::test {
namespace {

using namespace quarantine;  // NOLINT(google-build-using-namespace): the code under test

Record record_of(const Envelope& envelope) {
  Record out;
  out.state = State::quarantined;
  out.mailbox = MailboxClass::consensus;
  out.throws = 2;
  out.first = {1'700'000'000'000'000'001};
  out.last = {1'700'000'000'000'000'002};
  out.type = envelope.type;
  out.trace = {1, 2, 3, 0, 0};
  out.receiver = "/node/chain/verifier/1";
  out.sender = "/node/peers/session/7";
  out.reasons = {"the first reason", "another"};
  out.size = envelope.words->flat_bytes();
  envelope.words->append_flat(out.words);
  out.id = identity_of(out.receiver, out.type, canonical_of(out.type, *envelope.words));
  return out;
}

Hash32 id_of(const Envelope& envelope, std::string_view path = place) {
  return identity_of(path, envelope.type, canonical_of(envelope.type, *envelope.words));
}

Bytes with_crc(Bytes body) {
  body.resize(body.size() - 4);
  const std::uint32_t crc = crc32c(body);
  return ByteWriter().raw(body).u32(crc).take();
}

void put(FileSystem& files, const std::string& name, ByteView bytes) {
  WITAN_REQUIRE_OK(files.create_directories(folder));
  WITAN_REQUIRE_OK(write_file_atomically(files, folder / name, bytes));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record_test)

BOOST_AUTO_TEST_CASE(a_record_reads_as_it_was_written) {
  const Record record = record_of(sealed("hello"));
  const Bytes bytes = encode(record);
  const auto read = decode(bytes);
  WITAN_REQUIRE_OK(read);
  BOOST_CHECK(encode(*read) == bytes);
  BOOST_CHECK(read->id == record.id && read->state == State::quarantined && read->throws == 2);
  BOOST_CHECK(read->words == record.words && read->trace.span == 3);
  BOOST_CHECK_EQUAL(read->receiver, record.receiver);
  check_lines(read->reasons, record.reasons);
}

BOOST_AUTO_TEST_CASE(any_damage_is_noticed) {
  const Bytes good = encode(record_of(sealed("hello")));
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 0x10;
    BOOST_CHECK(!decode(bad));
    BOOST_CHECK(!decode(ByteView(good).first(i)));
  }
  Bytes longer = good;
  longer.push_back(0);
  BOOST_CHECK(!decode(longer));
}

BOOST_AUTO_TEST_CASE(a_file_with_a_good_checksum_is_checked_all_the_same) {
  const Record good = record_of(sealed("hello"));
  const auto refused = [&](const std::function<void(Record&)>& change) {
    Record bad = good;
    change(bad);
    return !decode(encode(bad));
  };
  BOOST_CHECK(refused([](Record& r) { r.id.data[0] ^= 1; }));
  BOOST_CHECK(refused([](Record& r) { r.type ^= 1; }));
  BOOST_CHECK(refused([](Record& r) { r.receiver = "/node/chain/ledger"; }));
  BOOST_CHECK(refused([](Record& r) { r.words[9] ^= 1; }));
  BOOST_CHECK(refused([](Record& r) { r.words.clear(); }));
  BOOST_CHECK(refused([](Record& r) { r.size += 8; }));
  BOOST_CHECK(refused([](Record& r) { r.sender = "a\x1b[2J"; }));
  BOOST_CHECK(refused([](Record& r) { r.sender = std::string(path_bytes_max + 1, 'x'); }));
  BOOST_CHECK(refused([](Record& r) { r.reasons.assign(reasons_max + 1, "x"); }));
  BOOST_CHECK(refused([](Record& r) { r.state = static_cast<State>(2); }));
  Bytes version = encode(good);
  version[8] = 2;
  WITAN_CHECK_ERROR(decode(with_crc(version)), ErrorCode::wrong_version);
  WITAN_CHECK_ERROR(decode(Bytes(file_bytes_max + 1)), ErrorCode::too_large);
}

BOOST_AUTO_TEST_CASE(the_same_content_for_the_same_kind_of_receiver_is_the_same_message) {
  const Hash32 id = id_of(sealed("x"));
  BOOST_CHECK(id == id_of(sealed("x")));
  BOOST_CHECK(id != id_of(sealed("y")));
  BOOST_CHECK(id != id_of(crash("x").seal()));
  BOOST_CHECK(id != id_of(sealed("x"), "/node/b"));
  BOOST_CHECK(id_of(sealed("x"), "/node/peers/session/1") ==
              id_of(sealed("x"), "/node/peers/session/22"));
  BOOST_CHECK(id_of(sealed("x"), "/node/peers/session/1") !=
              id_of(sealed("x"), "/node/peers/session"));
}

BOOST_AUTO_TEST_CASE(neither_layout_nor_session_makes_another_message) {
  Draft<Note> scattered(1);  // many segments
  scattered->setNumber(5);
  scattered->setText("a text that does not fit into the first segment");
  Draft<Note> dense(64);
  dense->setText("forgotten, but its words stay in the segment");
  dense->setText("a text that does not fit into the first segment");
  dense->setNumber(5);
  const Envelope a = std::move(scattered).seal();
  const Envelope b = std::move(dense).seal();
  BOOST_CHECK(a.words->flat_bytes() != b.words->flat_bytes());
  BOOST_CHECK(id_of(a) == id_of(b));
  BOOST_CHECK(id_of(vote(7, 1)) == id_of(vote(7, 2)));
  BOOST_CHECK(id_of(vote(7, 1)) != id_of(vote(8, 1)));
}

BOOST_AUTO_TEST_CASE(words_that_are_no_message_stand_for_themselves) {
  // A struct pointer far outside of its segment.
  const Bytes bad = ByteWriter().u32(0).u32(1).u64(0x0001000100fffff0).take();
  const auto words = Words::from_flat(bad);
  WITAN_REQUIRE_OK(words);
  BOOST_CHECK(canonical_of(1, **words) == bad);
}

BOOST_AUTO_TEST_CASE(a_folder_is_read_without_its_damaged_files) {
  MemoryFileSystem files;
  BOOST_CHECK(read_folder(files, folder).records.empty());
  const Record good = record_of(sealed("good"));
  Record suspect = record_of(sealed("suspect"));
  suspect.state = State::suspect;
  suspect.last = {good.last.ns + 1};
  put(files, file_of(folder, good.id).filename(), encode(good));
  put(files, file_of(folder, suspect.id).filename(), encode(suspect));
  put(files, "notes.txt", as_bytes("left alone"));
  put(files, "short.msg", as_bytes("x"));
  put(files, std::string(64, 'a') + ".msg", encode(good));  // under the name of another
  const Listing all = read_folder(files, folder);
  BOOST_REQUIRE_EQUAL(all.records.size(), 2u);
  BOOST_CHECK(all.records[0].id == good.id && all.records[1].id == suspect.id);
  BOOST_CHECK_EQUAL(all.damages.size(), 2u);
  BOOST_CHECK_EQUAL(read_folder(files, folder, 1).damages.size(),
                    2u);  // one, and that it is not all
  BOOST_CHECK_EQUAL(names_in(files).size(), 5u);
}

BOOST_AUTO_TEST_CASE(an_id_is_found_by_how_it_begins) {
  const std::vector<Hash32> ids{Hash32::from(Bytes(32, 0xab)), Hash32::from(Bytes(32, 0xcd))};
  WITAN_REQUIRE_OK(find_id(ids, "abab"));
  BOOST_CHECK(*find_id(ids, "CDCDC") == ids[1]);
  WITAN_CHECK_ERROR(find_id(ids, "aba"), ErrorCode::usage);
  WITAN_CHECK_ERROR(find_id(ids, "zzzz"), ErrorCode::usage);
  WITAN_CHECK_ERROR(find_id(ids, "0000"), ErrorCode::not_found);
  WITAN_CHECK_ERROR(find_id({ids[0], ids[0]}, "abab"), ErrorCode::usage);
}

WITAN_PROPERTY(what_decodes_has_one_encoding, [](const std::vector<std::uint8_t>& noise) {
  Bytes bytes = encode(record_of(sealed("hello")));
  for (std::size_t i = 0; i + 1 < noise.size(); i += 2)
    bytes[(noise[i] * 7U) % (bytes.size() - 4)] = noise[i + 1];
  const auto read = decode(with_crc(bytes));
  if (read) RC_ASSERT(encode(*read) == with_crc(bytes));
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
