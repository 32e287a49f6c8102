#include "storage/data_dir.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/memory_file_system.hpp"
#include "tests/unit/storage/scratch.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(data_dir_test)

namespace {
constexpr std::uint64_t no_minimum = 0;
}

BOOST_AUTO_TEST_CASE(a_new_home_gets_its_folders_with_private_permissions) {
  const ScratchDir dir;
  const auto opened = DataDir::open(dir.path() / "a" / "home", no_minimum);
  WITAN_REQUIRE_OK(opened);
  const HomeLayout& layout = (*opened)->layout();
  for (const FilePath& folder : {layout.home, layout.config(), layout.data(), layout.wal()}) {
    BOOST_CHECK(std::filesystem::is_directory(folder));
    BOOST_CHECK(std::filesystem::status(folder).permissions() == std::filesystem::perms::owner_all);
  }
  const auto text = read_whole(posix_file_system(), layout.lock_file(), 100);
  WITAN_REQUIRE_OK(text);
  BOOST_CHECK_EQUAL(as_text(*text), std::to_string(::getpid()) + "\n");
}

BOOST_AUTO_TEST_CASE(the_lock_is_refused_naming_the_process_that_holds_it) {
  const ScratchDir dir;
  int ready[2];
  BOOST_REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {  // holds the lock until it is killed
    const auto held = DataDir::open(dir.path(), no_minimum);
    const char answer = held ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char answer = 0;
  BOOST_REQUIRE(::read(ready[0], &answer, 1) == 1);
  BOOST_CHECK_EQUAL(answer, 'y');
  const auto refused = DataDir::open(dir.path(), no_minimum);
  WITAN_CHECK_ERROR(refused, ErrorCode::locked);
  if (!refused)
    BOOST_CHECK(refused.error().text.find("process " + std::to_string(child) + " ") !=
                std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  // The kernel released the lock of the killed process; its LOCK file does not matter.
  WITAN_REQUIRE_OK(DataDir::open(dir.path(), no_minimum));
}

BOOST_AUTO_TEST_CASE(the_same_process_cannot_open_a_home_twice) {
  const ScratchDir dir;
  auto first = DataDir::open(dir.path(), no_minimum);
  WITAN_REQUIRE_OK(first);
  WITAN_CHECK_ERROR(DataDir::open(dir.path(), no_minimum), ErrorCode::locked);
  first->reset();
  WITAN_REQUIRE_OK(DataDir::open(dir.path(), no_minimum));
}

BOOST_AUTO_TEST_CASE(too_little_space_is_refused_and_leaves_no_lock) {
  const ScratchDir dir;
  WITAN_CHECK_ERROR(DataDir::open(dir.path(), UINT64_MAX), ErrorCode::no_space);
  WITAN_REQUIRE_OK(DataDir::open(dir.path(), no_minimum));
  MemoryFileSystem fs;
  fs.set_free_bytes(1000);
  WITAN_REQUIRE_OK(check_free_space(fs, "/d", 1000));
  WITAN_CHECK_ERROR(check_free_space(fs, "/d", 1001), ErrorCode::no_space);
}

BOOST_AUTO_TEST_CASE(a_home_that_cannot_be_written_is_refused) {
  const ScratchDir dir;
  std::ofstream(dir.path() / "file") << "x";
  WITAN_CHECK_ERROR(DataDir::open(dir.path() / "file", no_minimum), ErrorCode::io);
  std::ofstream(dir.path() / "data") << "x";
  WITAN_CHECK_ERROR(DataDir::open(dir.path(), no_minimum), ErrorCode::io);
  if (::geteuid() == 0) {
    BOOST_TEST_MESSAGE("skipped: read-only folder (root may write everywhere)");
    return;
  }
  std::filesystem::create_directories(dir.path() / "home" / "data");
  std::filesystem::permissions(dir.path() / "home" / "data", std::filesystem::perms::owner_read);
  WITAN_CHECK_ERROR(DataDir::open(dir.path() / "home", no_minimum), ErrorCode::io);
}

BOOST_AUTO_TEST_SUITE_END()
