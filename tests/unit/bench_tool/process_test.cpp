#include "tools/bench/process.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/support/boost_test.hpp"

namespace witan::bench {

BOOST_AUTO_TEST_SUITE(process_test)

BOOST_AUTO_TEST_CASE(the_kernel_says_what_a_process_uses) {
  const ProcessUse before = process_use(::getpid());
  volatile double sink = 0;
  while (process_use(::getpid()).cpu_seconds < before.cpu_seconds + 0.05) sink = sink + 1;
  BOOST_CHECK_GT(before.rss_peak_bytes, 1U << 20U);
  const ProcessUse nobody = process_use(-1);
  BOOST_CHECK_EQUAL(nobody.rss_peak_bytes, 0);
  BOOST_CHECK_EQUAL(nobody.cpu_seconds, 0);
}

BOOST_AUTO_TEST_CASE(a_child_is_this_program_and_its_end_is_seen) {
  const auto log =
      std::filesystem::temp_directory_path() / ("witan-process-test-" + std::to_string(::getpid()));
  auto child = Child::spawn({"--version"}, log.string());
  WITAN_REQUIRE_OK(child);
  BOOST_CHECK_EQUAL(child->wait(Duration::from_s(30)), 0);
  BOOST_CHECK(!child->running());
  std::ifstream in(log);
  const std::string said((std::istreambuf_iterator<char>(in)), {});
  BOOST_CHECK(said.find("Boost.Test") != std::string::npos);
  auto wrong = Child::spawn({"--no_such_option"}, log.string());
  WITAN_REQUIRE_OK(wrong);
  BOOST_CHECK_NE(wrong->wait(Duration::from_s(30)), 0);
  std::filesystem::remove(log);
  BOOST_CHECK(!Child::spawn({}, "/nonexistent/folder/log").has_value());
}

BOOST_AUTO_TEST_CASE(ports_in_a_row_are_free_and_differ_between_calls) {
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 8; ++i) {
    const auto port = free_ports(8);
    WITAN_REQUIRE_OK(port);
    BOOST_CHECK_GE(*port, 20'000);
    BOOST_CHECK_LE(*port + 8, 32'000);
    seen.insert(*port);
  }
  BOOST_CHECK_GT(seen.size(), 1);
}

BOOST_AUTO_TEST_CASE(the_machine_has_a_name) {
  const Machine machine = this_machine();
  BOOST_CHECK_GE(machine.cores, 1);
  BOOST_CHECK(machine.kernel.starts_with("Linux "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::bench
