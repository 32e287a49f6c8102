// A disk whose calls obey rules: each fault, only where the rule says, and nothing without a rule.
#include "actors/runtime/faults/fault_files.hpp"

#include <thread>

#include "storage/memory_file_system.hpp"
#include "tests/unit/faults/rules.hpp"

namespace witan::faults {
namespace {

struct Disk {
  RuleId add(std::string_view rule) {
    const auto ids = rules.add_text(rule);
    WITAN_REQUIRE_OK(ids);
    return ids->front();
  }
  std::unique_ptr<File> create(const FilePath& path) {
    auto file = files.open(path, OpenMode::create);
    WITAN_REQUIRE_OK(file);
    return std::move(*file);
  }
  MemoryFileSystem memory;
  Rules rules{RulesOptions{.obeyed = {Target::disk}}};
  FaultFiles files{memory, rules, "n1"};
};

Bytes content(const File& file) {
  Bytes out(64);
  const auto got = file.read_at(0, out);
  WITAN_REQUIRE_OK(got);
  out.resize(*got);
  return out;
}

const Bytes word{1, 2, 3, 4};

}  // namespace

BOOST_AUTO_TEST_SUITE(fault_files_test)

BOOST_AUTO_TEST_CASE(without_a_rule_it_is_the_disk_below) {
  Disk disk;
  WITAN_REQUIRE_OK(disk.files.create_directories("/d"));
  auto file = disk.create("/d/a");
  WITAN_REQUIRE_OK(file->write_at(0, word));
  WITAN_REQUIRE_OK(file->sync());
  WITAN_REQUIRE_OK(file->preallocate(8));
  BOOST_CHECK_EQUAL(file->size().value(), 8u);
  WITAN_REQUIRE_OK(file->truncate(4));
  BOOST_CHECK(content(*file) == word);
  WITAN_REQUIRE_OK(disk.files.rename("/d/a", "/d/b"));
  WITAN_REQUIRE_OK(disk.files.sync_directory("/d"));
  BOOST_CHECK(disk.files.list("/d").value() == std::vector<std::string>{"b"});
  BOOST_CHECK(disk.files.exists("/d/b") && disk.memory.exists("/d/b"));
  WITAN_REQUIRE_OK(disk.files.remove("/d/b"));
  BOOST_CHECK_EQUAL(disk.files.free_bytes("/d").value(), disk.memory.free_bytes("/d").value());
  BOOST_CHECK(disk.files.identity("/d").value() == disk.memory.identity("/d").value());
}

BOOST_AUTO_TEST_CASE(a_call_fails_where_the_rule_says_and_nowhere_else) {
  Disk disk;
  WITAN_REQUIRE_OK(disk.files.create_directories("/d"));
  auto a = disk.create("/d/a");
  auto b = disk.create("/d/b");
  disk.add("on disk /d/a at n1 call write nth 2 do io_error");
  disk.add("on disk ** at n2 do no_space");
  WITAN_REQUIRE_OK(a->write_at(0, word));
  WITAN_REQUIRE_OK(b->write_at(0, word));
  WITAN_REQUIRE_OK(a->sync());
  WITAN_CHECK_ERROR(a->write_at(0, Bytes{9}), ErrorCode::io);
  BOOST_CHECK(content(*a) == word);
  WITAN_REQUIRE_OK(a->write_at(4, word));
}

BOOST_AUTO_TEST_CASE(a_full_disk_takes_no_new_file_and_a_short_write_its_first_bytes) {
  Disk disk;
  WITAN_REQUIRE_OK(disk.files.create_directories("/d"));
  auto file = disk.create("/d/a");
  const RuleId full = disk.add("on disk /d/* do no_space");
  WITAN_CHECK_ERROR(disk.files.open("/d/b", OpenMode::create), ErrorCode::no_space);
  WITAN_CHECK_ERROR(file->preallocate(100), ErrorCode::no_space);
  BOOST_CHECK(!disk.memory.exists("/d/b"));
  WITAN_REQUIRE_OK(disk.rules.remove(full));
  disk.add("on disk /d/a do short_write 3");
  WITAN_CHECK_ERROR(file->write_at(0, word), ErrorCode::no_space);
  BOOST_CHECK(content(*file) == (Bytes{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_failed_sync_is_final_and_a_lost_one_is_not_noticed) {
  Disk disk;
  WITAN_REQUIRE_OK(disk.files.create_directories("/d"));
  auto failed = disk.create("/d/a");
  disk.add("on disk /d/a call sync nth 1 do io_error");
  WITAN_CHECK_ERROR(failed->sync(), ErrorCode::io);
  WITAN_CHECK_ERROR(failed->sync(), ErrorCode::io);
  auto lost = disk.create("/d/b");
  WITAN_REQUIRE_OK(disk.files.sync_directory("/d"));
  WITAN_REQUIRE_OK(lost->write_at(0, Bytes{7, 7}));
  WITAN_REQUIRE_OK(lost->sync());
  disk.add("on disk /d/b do lost_fsync");
  WITAN_REQUIRE_OK(lost->write_at(0, word));
  WITAN_REQUIRE_OK(lost->sync());
  disk.memory.crash();
  auto after = disk.memory.open("/d/b", OpenMode::read);
  WITAN_REQUIRE_OK(after);
  BOOST_CHECK(content(**after) == (Bytes{7, 7}));
}

BOOST_AUTO_TEST_CASE(what_is_read_may_be_wrong_and_what_stands_there_is_not) {
  Disk disk;
  WITAN_REQUIRE_OK(disk.files.create_directories("/d"));
  auto file = disk.create("/d/a");
  WITAN_REQUIRE_OK(file->write_at(0, word));
  const RuleId rule = disk.add("on disk /d/a do corrupt 2");
  const Bytes read = content(*file);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < word.size(); ++i) wrong += read[i] != word[i] ? 1 : 0;
  BOOST_CHECK_EQUAL(wrong, 2u);
  WITAN_REQUIRE_OK(disk.rules.remove(rule));
  BOOST_CHECK(content(*file) == word);
}

BOOST_AUTO_TEST_CASE(a_call_that_hangs_goes_on_when_the_rule_is_cleared) {
  Disk disk;
  WITAN_REQUIRE_OK(disk.files.create_directories("/d"));
  auto file = disk.create("/d/a");
  const RuleId rule = disk.add("on disk /d/a call sync do hang");
  std::thread other([&] {
    while (disk.rules.hits(rule) == 0) std::this_thread::yield();
    disk.rules.clear();
  });
  BOOST_CHECK(file->sync().has_value());
  other.join();
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::faults
