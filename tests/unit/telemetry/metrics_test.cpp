#include "actors/telemetry/metrics.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "actors/telemetry/docs.hpp"
#include "tests/support/boost_test.hpp"

namespace witan {
namespace {

// Value of the first sample line that starts with `prefix`; -1 if there is none.
double sample(const std::string& text, const std::string& prefix) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(prefix)) return std::stod(line.substr(line.rfind(' ') + 1));
  return -1;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_test)

BOOST_AUTO_TEST_CASE(counters_gauges_and_histograms_are_rendered_with_the_chain) {
  Metrics m("test-1");
  m.height.set(7);
  m.rebroadcast.add();
  m.rebroadcast.add(2);
  m.peers.add(3);
  m.peers.add(-1);
  m.finality.observe(Duration::from_ms(3));
  const std::string text = m.render();
  BOOST_CHECK_EQUAL(sample(text, "witan_consensus_height{chain_id=\"test-1\"}"), 7);
  BOOST_CHECK_EQUAL(sample(text, "witan_consensus_rebroadcast_total"), 3);
  BOOST_CHECK_EQUAL(sample(text, "witan_p2p_peers"), 2);
  BOOST_CHECK_EQUAL(sample(text, "witan_consensus_finality_seconds_count"), 1);
  BOOST_CHECK_CLOSE(sample(text, "witan_consensus_finality_seconds_sum"), 0.003, 1e-6);
}

BOOST_AUTO_TEST_CASE(every_name_begins_with_the_configured_word) {
  Metrics m("c", "acme");
  m.height.set(7);
  const std::string text = m.render();
  BOOST_CHECK_EQUAL(sample(text, "acme_consensus_height{chain_id=\"c\"}"), 7);
  BOOST_CHECK_EQUAL(count(text, "witan_"), 0U);
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    BOOST_CHECK_MESSAGE(line.starts_with("#") || line.starts_with("acme_") ||
                            line.starts_with("process_"),  // Prometheus' own names
                        line);
}

BOOST_AUTO_TEST_CASE(a_label_handle_is_the_same_series_each_time) {
  Metrics m("c");
  m.rejected_msgs.with({"stale"}).add();
  m.rejected_msgs.with({"stale"}).add();
  m.rejected_msgs.with({"bad\"sig\n"}).add();
  m.http_requests.with({"status", "200"}).add(5);
  const std::string text = m.render();
  BOOST_CHECK_EQUAL(
      sample(text, "witan_consensus_rejected_msgs_total{chain_id=\"c\",reason=\"stale\"}"), 2);
  BOOST_CHECK_EQUAL(
      sample(text, "witan_api_requests_total{chain_id=\"c\",route=\"status\",status=\"200\"}"), 5);
}

BOOST_AUTO_TEST_CASE(label_values_are_bounded_and_the_rest_is_counted_as_other) {
  Metrics m("c");
  for (int i = 0; i < 1000; ++i)
    m.peer_pending_send_bytes.with({"peer" + std::to_string(i)}).set(1);
  for (int i = 0; i < 1000; ++i) m.rejected_msgs.with({"reason" + std::to_string(i)}).add();
  const std::string text = m.render();
  BOOST_CHECK_EQUAL(count(text, "witan_p2p_peer_pending_send_bytes{"), series_max);
  BOOST_CHECK_EQUAL(
      sample(text, "witan_consensus_rejected_msgs_total{chain_id=\"c\",reason=\"other\"}"),
      1000 - (series_max - 1));
}

BOOST_AUTO_TEST_CASE(updates_from_many_threads_are_all_counted) {
  Metrics m("c");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&m] {
      const auto late = m.late_votes.with({"prevote"});
      for (int i = 0; i < 10'000; ++i) {
        m.rebroadcast.add();
        late.add();
        m.sig_verify.observe(1e-5);
      }
    });
  for (auto& t : threads) t.join();
  const std::string text = m.render();
  BOOST_CHECK_EQUAL(sample(text, "witan_consensus_rebroadcast_total"), 40'000);
  BOOST_CHECK_EQUAL(sample(text, "witan_consensus_late_votes_total"), 40'000);
  BOOST_CHECK_EQUAL(sample(text, "witan_consensus_sig_verify_seconds_count"), 40'000);
}

BOOST_AUTO_TEST_CASE(process_metrics_are_plausible) {
  const std::string text = Metrics("c").render();
  BOOST_CHECK_GT(sample(text, "process_resident_memory_bytes"), 1e6);
  BOOST_CHECK_GT(sample(text, "process_virtual_memory_bytes"), 1e6);
  BOOST_CHECK_GE(sample(text, "process_open_fds"), 3);
  BOOST_CHECK_GT(sample(text, "process_max_fds"), 3);
  BOOST_CHECK_GE(sample(text, "process_threads"), 1);
  BOOST_CHECK_GE(sample(text, "process_cpu_seconds_total"), 0);
  BOOST_CHECK_GT(sample(text, "process_start_time_seconds"), 1.6e9);
}

BOOST_AUTO_TEST_CASE(the_table_is_well_formed) {
  std::set<std::string_view> cpp_names;
  std::set<std::string_view> names;
  for (const MetricInfo& m : metric_table) {
    BOOST_CHECK_MESSAGE(cpp_names.insert(m.cpp_name).second, m.cpp_name);
    BOOST_CHECK_MESSAGE(names.insert(m.name).second, m.name);
    BOOST_CHECK_MESSAGE(!m.help.empty(), m.name);
    BOOST_CHECK_MESSAGE((m.type == MetricType::histogram) == (m.buckets != Buckets::none), m.name);
  }
}

BOOST_AUTO_TEST_CASE(promtool_accepts_the_text) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    BOOST_TEST_MESSAGE("skipped: promtool is not installed");
    return;
  }
  Metrics m("c");
  for (const auto* v : {"a", "b"}) {
    m.rejected_msgs.with({v}).add();
    m.step_duration.with({v}).observe(0.1);
    m.build_info.with({v, v}).set(1);
  }
  char path[] = "/tmp/witan_metrics_XXXXXX";
  const int fd = ::mkstemp(path);
  BOOST_REQUIRE_GE(fd, 0);
  ::close(fd);
  std::ofstream(path) << m.render();
  std::FILE* pipe =
      ::popen(("promtool check metrics <" + std::string(path) + " 2>&1").c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  std::string remarks;
  char line[512];
  while (std::fgets(line, sizeof line, pipe) != nullptr) remarks += line;
  const int status = ::pclose(pipe);
  BOOST_CHECK_MESSAGE(WEXITSTATUS(status) == 0, remarks);
  std::remove(path);
}

BOOST_AUTO_TEST_CASE(the_reference_page_of_metrics_is_current) {
  std::ifstream in(WITAN_SOURCE_DIR "/docs/reference/metrics.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  BOOST_CHECK_MESSAGE(page == metrics_markdown(),
                      "run: telemetry_docs metrics > docs/reference/metrics.md");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
