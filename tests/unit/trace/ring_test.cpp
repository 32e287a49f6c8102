#include "actors/telemetry/trace/ring.hpp"

#include <thread>

#include "tests/unit/trace/fixture.hpp"

namespace witan::trace::test {
BOOST_AUTO_TEST_SUITE(ring_test)

BOOST_AUTO_TEST_CASE(what_was_written_is_read_once_and_in_order) {
  TraceRing ring(8);
  for (std::uint64_t i = 1; i <= 5; ++i) ring.write(hop(i, 0, 0));
  std::vector<HopRecord> out(3);
  std::uint64_t from = 0;
  std::uint64_t lost = 0;
  BOOST_CHECK_EQUAL(ring.read(from, out, lost), 3u);
  BOOST_CHECK_EQUAL(out[0].span, 1u);
  BOOST_CHECK_EQUAL(ring.read(from, out, lost), 2u);
  BOOST_CHECK_EQUAL(out[1].span, 5u);
  BOOST_CHECK_EQUAL(ring.read(from, out, lost), 0u);
  BOOST_CHECK_EQUAL(lost, 0u);
}

BOOST_AUTO_TEST_CASE(the_oldest_are_overwritten_and_counted) {
  TraceRing ring(8);
  for (std::uint64_t i = 1; i <= 20; ++i) ring.write(hop(i, 0, 0));
  std::vector<HopRecord> out(64);
  std::uint64_t from = 0;
  std::uint64_t lost = 0;
  BOOST_CHECK_EQUAL(ring.read(from, out, lost), 8u);
  BOOST_CHECK_EQUAL(out[0].span, 13u);
  BOOST_CHECK_EQUAL(lost, 12u);
}

// The writer goes around many times while the reader copies: every record read must be one that was
// written as a whole, later than the one before, and read + lost must be all.
BOOST_AUTO_TEST_CASE(a_reader_beside_the_writer_gets_whole_records_only) {
  TraceRing ring(64);
  constexpr std::uint64_t count = 200'000;
  std::thread writer([&ring] {
    for (std::uint64_t i = 1; i <= count; ++i) {
      HopRecord record;
      record.trace_hi = record.trace_lo = record.span = record.parent = record.type =
          record.height = i;
      ring.write(record);
    }
  });
  std::vector<HopRecord> out(32);
  std::uint64_t from = 0, lost = 0, got = 0, last = 0, torn = 0, disorder = 0;
  while (from < count) {
    const std::size_t n = ring.read(from, out, lost);
    for (std::size_t i = 0; i < n; ++i) {
      const HopRecord& r = out[i];
      if (r.trace_hi != r.span || r.trace_lo != r.span || r.parent != r.span || r.type != r.span ||
          r.height != r.span)
        ++torn;
      if (r.span <= last) ++disorder;
      last = r.span;
    }
    got += n;
    if (n == 0) std::this_thread::yield();
  }
  writer.join();
  BOOST_CHECK_EQUAL(torn, 0u);
  BOOST_CHECK_EQUAL(disorder, 0u);
  BOOST_CHECK_EQUAL(got + lost, count);
  BOOST_CHECK_GT(got, 0u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::trace::test
