#include "actors/telemetry/log.hpp"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "actors/telemetry/docs.hpp"
#include "crypto/keys.hpp"
#include "tests/support/property.hpp"

namespace witan {
namespace {

struct FixedClock final : Clock {
  [[nodiscard]] Instant now() const override { return {1}; }
  [[nodiscard]] UnixTime unix_now() const override { return {1'767'323'045'678'901'234}; }
};

struct Lines {
  std::mutex mutex;
  std::vector<std::string> all;
  LogOptions options(bool async = false) {
    LogOptions o;
    o.async = async;
    o.capture = [this](std::string_view line) {
      const std::lock_guard lock(mutex);
      all.emplace_back(line);
    };
    return o;
  }
};

FixedClock fixed_clock;

std::unique_ptr<Logger> open_or_throw(LogOptions o) {
  auto log = Logger::open(std::move(o), fixed_clock);
  WITAN_REQUIRE_OK(log);
  return std::move(*log);
}

// Stand-ins for key material: another tag, a class that converts to text, raw bytes.
using SecretLike = FixedBytes<struct SecretLikeTag, 32>;
struct ConvertibleSecret {
  operator std::string_view() const { return "secret"; }
  operator bool() const { return true; }
};
static_assert(!std::is_constructible_v<LogValue, SecretKey>);
static_assert(!std::is_constructible_v<LogValue, SecretBytes>);
static_assert(!std::is_constructible_v<LogValue, SecretLike>);
static_assert(!std::is_constructible_v<LogValue, ConvertibleSecret>);
static_assert(!std::is_constructible_v<LogValue, Bytes>);
static_assert(!std::is_constructible_v<LogValue, ByteView>);
static_assert(!std::is_constructible_v<LogValue, const std::uint8_t*>);
static_assert(!std::is_constructible_v<LogValue, std::array<std::uint8_t, 32>>);
static_assert(std::is_constructible_v<LogValue, PublicKey>);

}  // namespace

BOOST_AUTO_TEST_SUITE(log_test)

BOOST_AUTO_TEST_CASE(an_event_is_one_json_object_with_its_fields_in_order) {
  Lines lines;
  const auto log = open_or_throw(lines.options());
  log_event(*log, Event::wal_replayed,
            {{"height", Height{7}}, {"records", std::uint64_t{1} << 63}, {"ms", 1.5}});
  BOOST_REQUIRE_EQUAL(lines.all.size(), 1U);
  BOOST_CHECK_EQUAL(
      lines.all[0],
      R"({"ts":"2026-01-02T03:04:05.678901234Z","level":"info","event":"wal_replayed",)"
      R"("module":"storage","height":7,"records":9223372036854775808,"ms":1.5})");
}

BOOST_AUTO_TEST_CASE(values_of_every_kind_are_valid_json) {
  Lines lines;
  const auto log = open_or_throw(lines.options());
  PublicKey key;
  key.data.fill(0xab);
  log_event(*log, Event::key_loaded,
            {{"public_key", key},
             {"a", true},
             {"b", -1},
             {"c", 0.0 / 0.0 * 1.0},
             {"d", ErrorCode::io},
             {"e", Step::prevote},
             {"f", Round::nil()},
             {"g", "text"}});
  const auto json = nlohmann::json::parse(lines.all.at(0));
  std::string hex;
  for (int i = 0; i < 32; ++i) hex += "ab";
  BOOST_CHECK_EQUAL(json["public_key"].get<std::string>(), hex);
  BOOST_CHECK(json["a"].get<bool>());
  BOOST_CHECK_EQUAL(json["b"].get<int>(), -1);
  BOOST_CHECK(json["c"].is_null());
  BOOST_CHECK_EQUAL(json["d"].get<std::string>(), "io");
  BOOST_CHECK_EQUAL(json["e"].get<std::string>(), "prevote");
  BOOST_CHECK_EQUAL(json["f"].get<int>(), -1);
}

WITAN_PROPERTY(any_bytes_become_a_valid_json_string, [](const std::string& text) {
  std::string out;
  append_json_string(out, text);
  RC_ASSERT(nlohmann::json::accept(out));
  RC_ASSERT(out.find('\n') == std::string::npos);
});

BOOST_AUTO_TEST_CASE(valid_text_survives_and_invalid_utf8_is_replaced) {
  const auto round_trip = [](std::string_view s) {
    std::string out;
    append_json_string(out, s);
    return nlohmann::json::parse(out).get<std::string>();
  };
  for (const char* good : {"", "plain", "q\"b\\s\n\t\x01", "\u00e9 \u20ac \U0001F600"})
    BOOST_CHECK_EQUAL(round_trip(good), good);
  BOOST_CHECK_EQUAL(round_trip("a\xff"
                               "b"),
                    "a\uFFFDb");
  BOOST_CHECK_EQUAL(round_trip("\xc0\xaf"), "\uFFFD\uFFFD");            // overlong
  BOOST_CHECK_EQUAL(round_trip("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // surrogate
  BOOST_CHECK_EQUAL(round_trip("\xe2\x82"), "\uFFFD\uFFFD");            // cut short
}

BOOST_AUTO_TEST_CASE(levels_are_set_per_module_and_a_bad_spec_changes_nothing) {
  Lines lines;
  LogOptions o = lines.options();
  o.levels = "consensus:debug,*:error";
  const auto log = open_or_throw(std::move(o));
  BOOST_CHECK(log->enabled(Event::round_started));
  BOOST_CHECK(!log->enabled(Event::peer_up));
  BOOST_CHECK(log->enabled(Event::store_failed));
  WITAN_CHECK_ERROR(log->set_levels("consensus:loud"), ErrorCode::config);
  WITAN_CHECK_ERROR(log->set_levels("nobody:info"), ErrorCode::config);
  WITAN_CHECK_ERROR(log->set_levels(""), ErrorCode::config);
  BOOST_CHECK(log->enabled(Event::round_started));
  WITAN_REQUIRE_OK(log->set_levels("off"));
  BOOST_CHECK(!log->enabled(Event::store_failed));
  log_event(*log, Event::store_failed);
  BOOST_CHECK(lines.all.empty());
}

BOOST_AUTO_TEST_CASE(text_format_and_journald_prefix) {
  Lines lines;
  LogOptions o = lines.options();
  o.format = LogFormat::text;
  o.journald_prefix = true;
  const auto log = open_or_throw(std::move(o));
  log_event(*log, Event::peer_down, {{"peer", "x"}, {"reason", "a b"}});
  log_event(*log, Event::store_failed);
  BOOST_CHECK_EQUAL(lines.all.at(0),
                    "<6>2026-01-02T03:04:05.678901234Z info peers.peer_down peer=\"x\" "
                    "reason=\"a b\"");
  BOOST_CHECK(lines.all.at(1).starts_with("<3>"));
}

BOOST_AUTO_TEST_CASE(an_asynchronous_log_keeps_order_and_flush_waits) {
  Lines lines;
  const auto log = open_or_throw(lines.options(true));
  for (int i = 0; i < 1000; ++i) log_event(*log, Event::progress, {{"height", i}});
  BOOST_REQUIRE(log->flush());
  const std::lock_guard lock(lines.mutex);
  BOOST_REQUIRE_EQUAL(lines.all.size(), 1000U);
  for (int i = 0; i < 1000; ++i)
    BOOST_CHECK_EQUAL(nlohmann::json::parse(lines.all[std::size_t(i)])["height"].get<int>(), i);
}

BOOST_AUTO_TEST_CASE(a_stuck_sink_drops_the_oldest_lines_and_counts_them) {
  std::mutex gate;
  std::vector<std::string> seen;
  LogOptions o;
  o.queue_lines = 64;
  o.capture = [&](std::string_view line) {
    const std::lock_guard lock(gate);
    seen.emplace_back(line);
  };
  auto log = open_or_throw(std::move(o));
  std::unique_lock stuck(gate);
  for (int i = 0; i < 1000; ++i) log_event(*log, Event::progress, {{"height", i}});
  const std::uint64_t lost = log->dropped();
  BOOST_CHECK_GE(lost, 1000U - 64U - 2U);
  stuck.unlock();
  log.reset();
  BOOST_CHECK_EQUAL(seen.size() + lost, 1000U);
  BOOST_CHECK_EQUAL(nlohmann::json::parse(seen.back())["height"].get<int>(), 999);
}

BOOST_AUTO_TEST_CASE(a_file_is_appended_and_an_impossible_path_is_an_error) {
  char path[] = "/tmp/witan_log_XXXXXX";
  const int fd = ::mkstemp(path);
  BOOST_REQUIRE_GE(fd, 0);
  ::close(fd);
  for (int i = 0; i < 2; ++i) {
    LogOptions o;
    o.path = path;
    log_event(*open_or_throw(std::move(o)), Event::node_stopped, {{"exit_code", i}});
  }
  std::ifstream in(path);
  std::string line;
  for (int i = 0; i < 2; ++i) {
    BOOST_REQUIRE(std::getline(in, line));
    BOOST_CHECK_EQUAL(nlohmann::json::parse(line)["exit_code"].get<int>(), i);
  }
  std::remove(path);
  LogOptions o;
  o.path = "/nonexistent/x.log";
  WITAN_CHECK_ERROR(Logger::open(std::move(o), fixed_clock), ErrorCode::io);
}

BOOST_AUTO_TEST_CASE(times_before_and_after_the_epoch_are_formatted) {
  BOOST_CHECK_EQUAL(format_utc({0}), "1970-01-01T00:00:00.000000000Z");
  BOOST_CHECK_EQUAL(format_utc({-1}), "1969-12-31T23:59:59.999999999Z");
  BOOST_CHECK_EQUAL(format_utc({951'782'400'000'000'000}), "2000-02-29T00:00:00.000000000Z");
  BOOST_CHECK_EQUAL(format_utc({4'107'542'400'000'000'000}), "2100-03-01T00:00:00.000000000Z");
}

BOOST_AUTO_TEST_CASE(the_event_table_is_well_formed) {
  std::set<std::string_view> names;
  for (const EventInfo& e : event_table) {
    BOOST_CHECK_MESSAGE(names.insert(e.name).second, e.name);
    BOOST_CHECK_MESSAGE(!e.meaning.empty() && e.level != LogLevel::off, e.name);
    std::string list = "," + std::string(e.fields) + ",";
    for (const char* reserved : {",ts,", ",level,", ",event,", ",module,", ",,", " "})
      BOOST_CHECK_MESSAGE(list == ",," || list.find(reserved) == std::string::npos, e.name);
  }
}

BOOST_AUTO_TEST_CASE(the_reference_page_of_events_is_current) {
  std::ifstream in(WITAN_SOURCE_DIR "/docs/reference/events.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  BOOST_CHECK_MESSAGE(page == events_markdown(),
                      "run: telemetry_docs events > docs/reference/events.md");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
