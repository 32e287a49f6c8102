#include "storage/atomic_file.hpp"
#include "storage/memory_file_system.hpp"
#include "tests/unit/storage/scratch.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(file_system_test)

namespace {
std::unique_ptr<File> make(FileSystem& fs, const FilePath& path, std::string_view text) {
  auto file = fs.open(path, OpenMode::create);
  WITAN_REQUIRE_OK(file);
  WITAN_REQUIRE_OK((*file)->write_at(0, as_bytes(text)));
  return std::move(*file);
}
std::string text_in(FileSystem& fs, const FilePath& path) {
  const auto content = read_whole(fs, path, 1000);
  return content ? std::string(as_text(*content)) : "(" + content.error().to_string() + ")";
}

// Both implementations keep the same contract.
void check_contract(FileSystem& fs, const FilePath& dir) {
  WITAN_REQUIRE_OK(fs.create_directories(dir / "sub" / "deep"));
  const FilePath a = dir / "a";
  WITAN_CHECK_ERROR(fs.open(a, OpenMode::read), ErrorCode::not_found);
  WITAN_CHECK_ERROR(fs.remove(a), ErrorCode::not_found);
  WITAN_CHECK_ERROR(fs.rename(a, dir / "b"), ErrorCode::not_found);
  const auto file = make(fs, a, "hello");
  WITAN_REQUIRE_OK(file->write_at(8, as_bytes("!")));
  BOOST_CHECK_EQUAL(*file->size(), 9U);
  Bytes out(20, 0xee);
  BOOST_CHECK_EQUAL(*file->read_at(3, out), 6U);
  BOOST_CHECK_EQUAL(as_text(ByteView(out).first(6)), std::string_view("lo\0\0\0!", 6));
  BOOST_CHECK_EQUAL(*file->read_at(100, out), 0U);
  WITAN_REQUIRE_OK(file->preallocate(4000));
  BOOST_CHECK_EQUAL(*file->size(), 4000U);
  WITAN_REQUIRE_OK(file->preallocate(10));
  BOOST_CHECK_EQUAL(*file->size(), 4000U);
  WITAN_REQUIRE_OK(file->truncate(5));
  WITAN_REQUIRE_OK(file->sync());
  WITAN_REQUIRE_OK(fs.sync_directory(dir));
  BOOST_CHECK_EQUAL(text_in(fs, a), "hello");
  WITAN_CHECK_ERROR(read_whole(fs, a, 4), ErrorCode::too_large);
  make(fs, dir / "c", "c");
  WITAN_REQUIRE_OK(fs.rename(dir / "c", dir / "b"));
  const auto names = fs.list(dir);
  WITAN_REQUIRE_OK(names);
  BOOST_TEST((*names == std::vector<std::string>{"a", "b"}));
  BOOST_CHECK(fs.exists(dir / "b"));
  BOOST_CHECK(!fs.exists(dir / "c"));
  WITAN_REQUIRE_OK(fs.remove(dir / "b"));
  BOOST_CHECK(!fs.exists(dir / "b"));
  WITAN_REQUIRE_OK(fs.free_bytes(dir));
}
}  // namespace

BOOST_AUTO_TEST_CASE(the_disk_keeps_the_contract) {
  const ScratchDir dir;
  check_contract(posix_file_system(), dir.path());
  const auto mode = std::filesystem::status(dir.path() / "sub").permissions();
  BOOST_CHECK(mode == std::filesystem::perms::owner_all);
}

BOOST_AUTO_TEST_CASE(memory_keeps_the_contract) {
  MemoryFileSystem fs;
  check_contract(fs, "/d");
}

BOOST_AUTO_TEST_CASE(a_folder_keeps_its_identity_when_renamed_and_a_copy_has_another) {
  const ScratchDir dir;
  FileSystem& fs = posix_file_system();
  const auto home = dir.path() / "home";
  WITAN_REQUIRE_OK(fs.create_directories(home / "data"));
  make(fs, home / "data" / "a", "content");
  const auto first = fs.identity(home / "data");
  WITAN_REQUIRE_OK(first);
  BOOST_CHECK(fs.identity(home / "data") == first);
  std::filesystem::rename(home, dir.path() / "renamed");
  BOOST_CHECK(fs.identity(dir.path() / "renamed" / "data") == first);
  std::filesystem::copy(dir.path() / "renamed", home, std::filesystem::copy_options::recursive);
  const auto copy = fs.identity(home / "data");
  WITAN_REQUIRE_OK(copy);
  BOOST_CHECK_EQUAL(copy->host, first->host);
  BOOST_CHECK(!(*copy == *first));
  WITAN_CHECK_ERROR(fs.identity(dir.path() / "none"), ErrorCode::not_found);
}

BOOST_AUTO_TEST_CASE(a_full_device_is_reported_as_no_space) {
  auto full = posix_file_system().open("/dev/full", OpenMode::read_write);
  WITAN_REQUIRE_OK(full);
  WITAN_CHECK_ERROR((*full)->write_at(0, as_bytes("x")), ErrorCode::no_space);
}

BOOST_AUTO_TEST_CASE(a_crash_loses_what_was_not_synced) {
  MemoryFileSystem fs;
  auto file = make(fs, "/d/a", "durable");
  WITAN_REQUIRE_OK(file->sync());
  WITAN_REQUIRE_OK(fs.sync_directory("/d"));
  make(fs, "/d/unsynced_name", "x");
  WITAN_REQUIRE_OK(file->write_at(0, as_bytes("DUR")));
  BOOST_CHECK_EQUAL(text_in(fs, "/d/a"), "DURable");
  fs.crash();
  BOOST_CHECK_EQUAL(text_in(fs, "/d/a"), "durable");
  BOOST_CHECK(!fs.exists("/d/unsynced_name"));
  WITAN_CHECK_ERROR(file->write_at(0, as_bytes("late")), ErrorCode::io);
}

BOOST_AUTO_TEST_CASE(a_crash_can_tear_a_write_at_any_byte) {
  for (std::uint64_t kept = 0; kept <= 4; ++kept) {
    MemoryFileSystem fs;
    auto file = make(fs, "/d/a", "....");
    WITAN_REQUIRE_OK(file->sync());
    WITAN_REQUIRE_OK(fs.sync_directory("/d"));
    WITAN_REQUIRE_OK(file->write_at(0, as_bytes("ab")));
    WITAN_REQUIRE_OK(file->write_at(2, as_bytes("cd")));
    BOOST_CHECK_EQUAL(fs.unsynced_bytes(), 4U);
    fs.crash_keeping(kept);
    BOOST_CHECK_EQUAL(text_in(fs, "/d/a"),
                      std::string("abcd").substr(0, kept) + std::string(4 - kept, '.'));
  }
}

BOOST_AUTO_TEST_CASE(a_failed_sync_is_final_and_loses_the_data) {
  MemoryFileSystem fs;
  auto file = make(fs, "/d/a", "old");
  WITAN_REQUIRE_OK(file->sync());
  WITAN_REQUIRE_OK(fs.sync_directory("/d"));
  WITAN_REQUIRE_OK(file->write_at(0, as_bytes("new")));
  fs.fail_operation(fs.operations() + 1, FaultKind::failed_sync);
  WITAN_CHECK_ERROR(file->sync(), ErrorCode::io);
  WITAN_CHECK_ERROR(file->sync(), ErrorCode::io);
  fs.crash();
  BOOST_CHECK_EQUAL(text_in(fs, "/d/a"), "old");
}

BOOST_AUTO_TEST_CASE(a_short_write_leaves_its_first_half) {
  MemoryFileSystem fs;
  auto file = make(fs, "/d/a", "....");
  fs.fail_operation(fs.operations() + 1, FaultKind::short_write);
  WITAN_CHECK_ERROR(file->write_at(0, as_bytes("abcd")), ErrorCode::no_space);
  BOOST_CHECK_EQUAL(text_in(fs, "/d/a"), "ab..");
}

BOOST_AUTO_TEST_CASE(an_atomic_file_is_old_or_new_after_a_crash_at_every_operation) {
  MemoryFileSystem counting;
  WITAN_REQUIRE_OK(write_file_atomically(counting, "/d/a", as_bytes("old")));
  const std::uint64_t per_write = counting.operations();
  BOOST_CHECK_EQUAL(per_write, 5U);  // create, write, sync, rename, sync of the folder
  for (std::uint64_t at = 1; at <= per_write; ++at) {
    for (const FaultKind kind : {FaultKind::io, FaultKind::short_write, FaultKind::failed_sync}) {
      MemoryFileSystem fs;
      WITAN_REQUIRE_OK(write_file_atomically(fs, "/d/a", as_bytes("old")));
      fs.fail_operation(per_write + at, kind, true);
      BOOST_CHECK(!write_file_atomically(fs, "/d/a", as_bytes("newer")).has_value());
      const std::string before = text_in(fs, "/d/a");
      BOOST_CHECK_MESSAGE(before == "old" || before == "newer", before);
      fs.crash();
      BOOST_CHECK_EQUAL(text_in(fs, "/d/a"), "old");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
