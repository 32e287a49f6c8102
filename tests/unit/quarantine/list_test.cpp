// Which messages are kept and refused: throws in a row, acquittal, bounds, disk, operator.
#include <thread>

#include "messages/base/hex.hpp"
#include "storage/atomic_file.hpp"
#include "tests/unit/quarantine/messages.hpp"

namespace witan::test {
namespace {

using namespace quarantine;  // NOLINT(google-build-using-namespace): the code under test

std::string id_text(const Envelope& envelope, const std::string& path = place) {
  return to_hex(identity_of(path, envelope.type, canonical_of(envelope.type, *envelope.words)));
}

// Tells the list what a handler of the door would.
rt::Delivery deliver_to(Quarantine& list, const Envelope& envelope, std::string_view path,
                        bool throws) {
  const auto judged = list.judge(envelope, path);
  if (judged.refused) return rt::Delivery::delivered;
  if (throws)
    throw_at(list, envelope, "again", 9, std::string(path));
  else
    list.handled(judged.watch);
  return rt::Delivery::delivered;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(list_test)

BOOST_AUTO_TEST_CASE(the_second_throw_in_a_row_puts_a_message_into_quarantine) {
  MemoryFileSystem files;
  Notices notices;
  Quarantine list(kept_in(files, &notices));
  BOOST_CHECK(!list.may_know(sealed("x").type));
  throw_at(list, sealed("x"));
  BOOST_CHECK(judge(list, sealed("x")).watch != 0);
  throw_at(list, sealed("x"));
  const auto judged = judge(list, sealed("x"));
  BOOST_CHECK(judged.refused && judged.count == 1);
  BOOST_CHECK_EQUAL(judged.id, id_text(sealed("x")));
  BOOST_CHECK_EQUAL(judge(list, sealed("x")).count, 2u);
  BOOST_CHECK(!judge(list, sealed("y")).refused);
  BOOST_CHECK(!judge(list, sealed("x"), "/node/b").refused);
  BOOST_CHECK_EQUAL(list.sizes().quarantined, 1u);
  check_lines(notices.lines(), {"suspected", "quarantined"});
}

BOOST_AUTO_TEST_CASE(a_suspect_that_is_handled_is_acquitted) {
  MemoryFileSystem files;
  Notices notices;
  Quarantine list(kept_in(files, &notices));
  throw_at(list, sealed("x"));
  BOOST_CHECK_EQUAL(names_in(files).size(), 1u);
  list.handled(judge(list, sealed("x")).watch);
  BOOST_CHECK(names_in(files).empty());
  BOOST_CHECK(!list.may_know(sealed("x").type));
  throw_at(list, sealed("x"));
  BOOST_CHECK(!judge(list, sealed("x")).refused);
  check_lines(notices.lines(), {"suspected", "released: was handled", "suspected"});
}

BOOST_AUTO_TEST_CASE(a_message_that_says_nothing_is_never_kept) {
  MemoryFileSystem files;
  Quarantine list(kept_in(files));
  for (int i = 0; i < 3; ++i) throw_at(list, Draft<Note>().seal());
  BOOST_CHECK(!list.may_know(sealed("x").type));
  BOOST_CHECK(names_in(files).empty());
}

BOOST_AUTO_TEST_CASE(what_is_refused_stays_refused_after_a_restart_also_without_power) {
  MemoryFileSystem files;
  {
    Quarantine list(kept_in(files));
    throw_at(list, sealed("once"));
    for (int i = 0; i < 2; ++i) throw_at(list, sealed("twice"));
  }
  files.crash();
  Quarantine list(kept_in(files));
  BOOST_CHECK(judge(list, sealed("twice")).refused);
  BOOST_CHECK(!judge(list, sealed("once")).refused);
  throw_at(list, sealed("once"));  // the second, over two lives of the process
  BOOST_CHECK(judge(list, sealed("once")).refused);
}

BOOST_AUTO_TEST_CASE(suspects_push_out_suspects_only_and_the_oldest_leave_first) {
  MemoryFileSystem files;
  Notices notices;
  auto options = kept_in(files, &notices);
  options.suspects.count = 3;
  options.quarantined.count = 2;
  Quarantine list(std::move(options));
  std::int64_t now = 1;
  for (const char* text : {"a", "b"})
    for (int i = 0; i < 2; ++i) throw_at(list, sealed(text), "bad", now++);
  for (int i = 0; i < 10; ++i) throw_at(list, sealed("flood " + std::to_string(i)), "bad", now++);
  BOOST_CHECK(judge(list, sealed("a")).refused && judge(list, sealed("b")).refused);
  BOOST_CHECK_EQUAL(list.sizes().suspects, 3u);
  BOOST_CHECK_EQUAL(names_in(files).size(), 5u);
  BOOST_CHECK(judge(list, sealed("flood 9")).watch != 0);
  BOOST_CHECK(judge(list, sealed("flood 6")).watch == 0);
  for (int i = 0; i < 2; ++i) throw_at(list, sealed("c"), "bad", now++);
  BOOST_CHECK(!judge(list, sealed("a")).refused && judge(list, sealed("c")).refused);
  BOOST_CHECK_EQUAL(list.sizes().quarantined, 2u);
  BOOST_CHECK_EQUAL(notices.lines().back(), "quarantined");
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_and_a_large_message_is_refused_without_being_kept) {
  MemoryFileSystem files;
  auto options = kept_in(files);
  options.suspects.bytes = 3000;
  Quarantine list(std::move(options));
  for (int i = 0; i < 8; ++i)
    throw_at(list, sealed(std::string(900, 'x') + std::to_string(i)), "bad", i);
  BOOST_CHECK_EQUAL(list.sizes().suspects, 2u);
  const Envelope large = sealed(std::string(words_bytes_max + 1, 'x'));
  for (int i = 0; i < 2; ++i) throw_at(list, large);
  BOOST_CHECK(judge(list, large).refused);
  const Quarantine again(kept_in(files));
  BOOST_CHECK_EQUAL(again.sizes().quarantined, 1u);
  const auto send = [](auto, auto, auto) { return rt::Delivery::delivered; };
  WITAN_CHECK_ERROR(list.replay(id_text(large), send, Duration::from_ms(1)),
                    ErrorCode::not_allowed);
}

BOOST_AUTO_TEST_CASE(a_disk_that_fails_is_told_and_the_refusal_holds_in_memory) {
  MemoryFileSystem files;
  Notices notices;
  Quarantine list(kept_in(files, &notices));
  files.fail_operation(1, FaultKind::no_space, true);
  for (int i = 0; i < 2; ++i) throw_at(list, sealed("x"));
  BOOST_CHECK(judge(list, sealed("x")).refused);
  check_lines(notices.lines(), {"failed", "suspected", "failed", "quarantined"});
  const auto send = [](auto, auto, auto) { return rt::Delivery::delivered; };
  WITAN_CHECK_ERROR(list.replay(id_text(sealed("x")), send, Duration::from_ms(1)),
                    ErrorCode::not_found);
  files.clear_faults();
  WITAN_REQUIRE_OK(list.drop(id_text(sealed("x"))));
}

BOOST_AUTO_TEST_CASE(every_call_of_the_disk_may_fail_and_none_makes_a_good_file_of_a_bad_one) {
  for (std::uint64_t number = 1; number <= 14; ++number) {
    for (const FaultKind kind : {FaultKind::io, FaultKind::short_write, FaultKind::failed_sync}) {
      MemoryFileSystem files;
      files.fail_operation(number, kind);
      {
        Quarantine list(kept_in(files));
        for (int i = 0; i < 2; ++i) throw_at(list, sealed("x"));
        BOOST_CHECK(judge(list, sealed("x")).refused);
      }
      files.crash();
      for (const Record& record : read_folder(files, folder).records)
        BOOST_CHECK_EQUAL(to_hex(record.id), id_text(sealed("x")));
    }
  }
}

BOOST_AUTO_TEST_CASE(damaged_files_are_told_and_left_out) {
  MemoryFileSystem files;
  {
    Quarantine list(kept_in(files));
    for (const char* text : {"x", "y"})
      for (int i = 0; i < 2; ++i) throw_at(list, sealed(text));
  }
  WITAN_REQUIRE_OK(write_file_atomically(
      files, folder / (id_text(sealed("x")) + std::string(file_ending)), as_bytes("damaged")));
  Notices notices;
  Quarantine list(kept_in(files, &notices));
  check_lines(notices.lines(), {"damaged"});
  BOOST_CHECK(!judge(list, sealed("x")).refused);
  BOOST_CHECK(judge(list, sealed("y")).refused);
}

BOOST_AUTO_TEST_CASE(a_dropped_message_is_forgotten_in_memory_and_on_disk) {
  MemoryFileSystem files;
  Quarantine list(kept_in(files));
  for (int i = 0; i < 2; ++i) throw_at(list, sealed("x"));
  WITAN_CHECK_ERROR(list.drop("ffffffff"), ErrorCode::not_found);
  WITAN_CHECK_ERROR(list.drop("x"), ErrorCode::usage);
  const auto dropped = list.drop(id_text(sealed("x")).substr(0, 8));
  WITAN_REQUIRE_OK(dropped);
  BOOST_CHECK_EQUAL(to_hex(*dropped), id_text(sealed("x")));
  BOOST_CHECK(!judge(list, sealed("x")).refused);
  BOOST_CHECK(names_in(files).empty());
}

BOOST_AUTO_TEST_CASE(a_replay_passes_once_and_says_what_came_of_it) {
  MemoryFileSystem files;
  Quarantine list(kept_in(files));
  for (int i = 0; i < 2; ++i) throw_at(list, sealed("x"));
  const std::string id = id_text(sealed("x")).substr(0, 12);
  bool throws = true;
  const Quarantine::Send send = [&](std::string_view path, Envelope envelope, MailboxClass box) {
    BOOST_CHECK_EQUAL(path, place);
    BOOST_CHECK(box == MailboxClass::consensus);
    BOOST_CHECK(canonical_of(envelope.type, *envelope.words) ==
                canonical_of(envelope.type, *sealed("x").words));
    return deliver_to(list, envelope, path, throws);
  };
  const auto threw = list.replay(id, send, Duration::from_s(5));
  WITAN_REQUIRE_OK(threw);
  BOOST_CHECK_EQUAL(threw->reason, "again");
  BOOST_CHECK(judge(list, sealed("x")).refused);
  BOOST_CHECK_EQUAL(read_folder(files, folder).records.at(0).throws,
                    3u);  // told when it is on disk
  throws = false;
  const auto handled = list.replay(id, send, Duration::from_s(5));
  WITAN_REQUIRE_OK(handled);
  BOOST_CHECK_EQUAL(handled->reason, "");
  BOOST_CHECK(!judge(list, sealed("x")).refused);
  BOOST_CHECK(names_in(files).empty());
}

BOOST_AUTO_TEST_CASE(a_replay_that_reaches_nobody_leaves_the_message_in_quarantine) {
  MemoryFileSystem files;
  Quarantine list(kept_in(files));
  for (int i = 0; i < 2; ++i) throw_at(list, sealed("x"));
  list.threw({vote(1, 1), HopKind::network, MailboxClass::control, "peer", "/node/s/1", "bad",
              UnixTime{1}});
  const auto give = [](rt::Delivery answer) {
    return [answer](auto, auto, auto) { return answer; };
  };
  const std::string id = id_text(sealed("x"));
  const Duration soon = Duration::from_ms(1);
  WITAN_CHECK_ERROR(list.replay(id, give(rt::Delivery::no_receiver), soon), ErrorCode::unavailable);
  WITAN_CHECK_ERROR(list.replay(id, give(rt::Delivery::shed), soon), ErrorCode::busy);
  WITAN_CHECK_ERROR(list.replay(id, give(rt::Delivery::delivered), soon), ErrorCode::timeout);
  WITAN_CHECK_ERROR(
      list.replay(id_text(vote(1, 1), "/node/s/1"), give(rt::Delivery::delivered), soon),
      ErrorCode::not_allowed);
  BOOST_CHECK(judge(list, sealed("x")).refused);
}

BOOST_AUTO_TEST_CASE(workers_of_one_kind_throw_and_ask_at_the_same_time) {
  MemoryFileSystem files;
  Quarantine list(kept_in(files));
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker)
    workers.emplace_back([&list, worker] {
      const std::string path = "/node/verifier/" + std::to_string(worker);
      for (int i = 0; i < 50; ++i) {
        const Envelope envelope = sealed(std::to_string(i % 5));
        const auto judged = judge(list, envelope, path);
        if (!judged.refused) throw_at(list, envelope, "bad", i, path);
      }
    });
  for (auto& worker : workers) worker.join();
  BOOST_CHECK_EQUAL(list.sizes().quarantined, 5u);
  BOOST_CHECK_EQUAL(names_in(files).size(), 5u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
