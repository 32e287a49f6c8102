#include "storage/wal.hpp"

#include "storage/memory_file_system.hpp"
#include "storage/wal_format.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/storage/scratch.hpp"

using namespace witan;
namespace wf = witan::wal_format;

BOOST_AUTO_TEST_SUITE(wal_test)

namespace {

const FilePath folder = "/wal";

WalOptions small_options(std::uint64_t segment_bytes = 4096) {
  WalOptions options;
  options.folder = folder;
  options.chain_id = "test-chain";
  options.salt = 0x5a17;
  options.segment_bytes = segment_bytes;
  options.record_bytes_max = 100'000;
  return options;
}

// What a log holds, as "kind@height:payload".
using Lines = std::vector<std::string>;
std::string line_of(std::uint8_t kind, Height height, std::string_view payload) {
  return std::to_string(kind) + "@" + std::to_string(height.get()) + ":" + std::string(payload);
}
WalVisitor collect(Lines& lines) {
  return [&lines](const WalRecord& record) -> Status {
    lines.push_back(line_of(record.kind, record.height, as_text(record.payload)));
    return {};
  };
}
Lines lines_in(FileSystem& fs, Height from = Height(0)) {
  Lines lines;
  const Status status = read_wal(fs, folder, "test-chain", from, collect(lines));
  WITAN_REQUIRE_OK(status);
  return lines;
}
std::unique_ptr<WalWriter> open_ok(FileSystem& fs, const WalOptions& options = small_options(),
                                   const WalVisitor& visit = {}) {
  auto wal = WalWriter::open(fs, options, visit);
  WITAN_REQUIRE_OK(wal);
  return std::move(*wal);
}
std::string text_number(std::uint64_t n, std::size_t size) {
  std::string text = std::to_string(n);
  text.resize(size, '.');
  return text;
}
// Appends records number first..first+count-1 of 40 bytes, one per height, each synced.
void append_synced(WalWriter& wal, std::uint64_t first, std::uint64_t count, Lines& lines) {
  for (std::uint64_t n = first; n < first + count; ++n) {
    const std::string text = text_number(n, 40);
    WITAN_REQUIRE_OK(wal.append(1, Height(n), as_bytes(text)));
    WITAN_REQUIRE_OK(wal.sync());
    lines.push_back(line_of(1, Height(n), text));
  }
}
// Changes a durable byte of a segment.
void damage(FileSystem& fs, std::uint64_t segment, std::uint64_t offset) {
  auto file = fs.open(folder / wf::segment_name(segment), OpenMode::read_write);
  WITAN_REQUIRE_OK(file);
  std::uint8_t byte = 0;
  WITAN_REQUIRE_OK((*file)->read_at(offset, std::span(&byte, 1)));
  byte ^= 0x10;
  WITAN_REQUIRE_OK((*file)->write_at(offset, ByteView(&byte, 1)));
  WITAN_REQUIRE_OK((*file)->sync());
}
bool is_prefix(const Lines& part, const Lines& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}
const std::size_t small_record = wf::record_bytes(40);

}  // namespace

BOOST_AUTO_TEST_CASE(records_come_back_in_order_and_parts_are_joined) {
  MemoryFileSystem fs;
  {
    auto wal = open_ok(fs);
    BOOST_CHECK_EQUAL(wal->segment(), 0U);
    const std::array<ByteView, 3> parts{as_bytes("con"), as_bytes(""), as_bytes("sensus")};
    WITAN_REQUIRE_OK(wal->append(2, Height(7), parts));
    WITAN_REQUIRE_OK(wal->append(255, Height(8), ByteView{}));
    WITAN_REQUIRE_OK(wal->sync());
    WITAN_REQUIRE_OK(wal->sync());
    WITAN_REQUIRE_OK(wal->append(3, Height(9), as_bytes("never synced")));
    BOOST_CHECK_EQUAL(wal->stats().syncs, 1U);
    BOOST_CHECK_EQUAL(wal->stats().records, 3U);
    BOOST_CHECK_EQUAL(wal->stats().bytes, 48U + 32U);
  }
  BOOST_TEST((lines_in(fs) == Lines{"2@7:consensus", "255@8:"}));
  BOOST_TEST((lines_in(fs, Height(8)) == Lines{"255@8:"}));
  Lines replayed;
  auto wal = open_ok(fs, small_options(), collect(replayed));
  BOOST_CHECK_EQUAL(replayed.size(), 2U);
  WITAN_REQUIRE_OK(wal->append(4, Height(9), as_bytes("again")));
  WITAN_REQUIRE_OK(wal->sync());
  BOOST_TEST((lines_in(fs) == Lines{"2@7:consensus", "255@8:", "4@9:again"}));
}

BOOST_AUTO_TEST_CASE(a_group_is_one_write_and_one_sync) {
  MemoryFileSystem fs;
  auto wal = open_ok(fs);
  WITAN_REQUIRE_OK(wal->append(1, Height(1), as_bytes("opens the segment")));
  WITAN_REQUIRE_OK(wal->sync());
  const std::uint64_t before = fs.operations();
  for (int i = 0; i < 20; ++i) WITAN_REQUIRE_OK(wal->append(1, Height(1), as_bytes("x")));
  BOOST_CHECK_EQUAL(fs.operations(), before);
  WITAN_REQUIRE_OK(wal->sync());
  BOOST_CHECK_EQUAL(fs.operations(), before + 2);
}

BOOST_AUTO_TEST_CASE(a_log_of_another_chain_or_version_is_refused) {
  MemoryFileSystem fs;
  Lines lines;
  append_synced(*open_ok(fs), 1, 1, lines);
  WalOptions other = small_options();
  other.chain_id = "other-chain";
  WITAN_CHECK_ERROR(WalWriter::open(fs, other), ErrorCode::wrong_chain);
  WITAN_CHECK_ERROR(read_wal(fs, folder, "other-chain", Height(0), collect(lines)),
                    ErrorCode::wrong_chain);
}

BOOST_AUTO_TEST_CASE(unfit_options_and_records_are_refused_without_harm) {
  MemoryFileSystem fs;
  WITAN_CHECK_ERROR(WalWriter::open(fs, small_options(1000)), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(WalWriter::open(fs, small_options(4097)), ErrorCode::out_of_range);
  auto wal = open_ok(fs);
  WITAN_CHECK_ERROR(wal->append(1, Height(1), Bytes(100'001)), ErrorCode::too_large);
  BOOST_CHECK(!wal->failed());
  WITAN_REQUIRE_OK(wal->append(1, Height(1), as_bytes("ok")));
}

BOOST_AUTO_TEST_CASE(segments_roll_over_and_large_records_get_their_own) {
  MemoryFileSystem fs;
  auto wal = open_ok(fs);
  Lines lines;
  append_synced(*wal, 1, 100, lines);
  BOOST_CHECK_GT(wal->segment_count(), 1U);
  const std::string large(50'000, 'L');
  WITAN_REQUIRE_OK(wal->append(9, Height(101), as_bytes(large)));
  lines.push_back(line_of(9, Height(101), large));
  append_synced(*wal, 102, 200, lines);
  BOOST_TEST((lines_in(fs) == lines));
  wal.reset();
  Lines replayed;
  wal = open_ok(fs, small_options(), collect(replayed));
  BOOST_TEST((replayed == lines));
  append_synced(*wal, 302, 3, lines);
  BOOST_TEST((lines_in(fs) == lines));
}

BOOST_AUTO_TEST_CASE(every_new_segment_starts_with_the_checkpoint_of_the_hook) {
  MemoryFileSystem fs;
  WalOptions options = small_options();
  std::vector<std::uint64_t> called;
  options.on_rotate = [&](WalWriter& wal, std::uint64_t segment) {
    called.push_back(segment);
    return wal.append(7, Height(0), Bytes(900, 's'));
  };
  auto wal = open_ok(fs, options);
  for (std::uint64_t n = 1; n <= 40; ++n) {
    WITAN_REQUIRE_OK(wal->append(1, Height(n), Bytes(n % 10 == 0 ? 5000 : 300, 'r')));
    if (n % 3 == 0) WITAN_REQUIRE_OK(wal->sync());
  }
  WITAN_REQUIRE_OK(wal->rotate(Height(41)));
  WITAN_REQUIRE_OK(wal->sync());
  BOOST_CHECK_EQUAL(called.size(), wal->segment_count());
  std::uint64_t last_segment = 0;
  std::size_t records = 0;
  const auto report = verify_wal(fs, folder, "", [&](const WalRecord& record) -> Status {
    if (record.segment != last_segment) BOOST_CHECK_EQUAL(+record.kind, 7);
    last_segment = record.segment;
    ++records;
    return {};
  });
  WITAN_REQUIRE_OK(report);
  BOOST_CHECK(!report->damage);
  BOOST_CHECK_EQUAL(records, 40 + called.size());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_more_than_half_a_segment_poisons_the_log) {
  MemoryFileSystem fs;
  WalOptions options = small_options();
  options.on_rotate = [](WalWriter& wal, std::uint64_t) {
    return wal.append(7, Height(0), Bytes(2100, 's'));
  };
  auto wal = open_ok(fs, options);
  WITAN_CHECK_ERROR(wal->append(1, Height(1), as_bytes("x")), ErrorCode::too_large);
  BOOST_CHECK(wal->failed());
}

BOOST_AUTO_TEST_CASE(pruning_recycles_segments_and_keeps_two_heights) {
  MemoryFileSystem fs;
  auto wal = open_ok(fs);
  Lines lines;
  append_synced(*wal, 1, 300, lines);
  const std::size_t before = wal->segment_count();
  BOOST_REQUIRE_GT(before, 4U);
  WITAN_REQUIRE_OK(wal->prune_below(Height(150)));
  BOOST_CHECK_LT(wal->segment_count(), before);
  const Lines kept = lines_in(fs, Height(150));
  BOOST_TEST((kept == Lines(lines.begin() + 149, lines.end())));
  WITAN_REQUIRE_OK(wal->prune_below(Height(1'000'000)));
  const Lines last = lines_in(fs, Height(299));
  BOOST_TEST((last == Lines(lines.end() - 2, lines.end())));
  append_synced(*wal, 301, 200, lines);
  BOOST_CHECK_EQUAL(wal->stats().recycled, 2U);
  BOOST_TEST((lines_in(fs, Height(299)) == Lines(lines.begin() + 298, lines.end())));
  wal.reset();
  fs.crash();
  BOOST_TEST((lines_in(fs, Height(299)) == Lines(lines.begin() + 298, lines.end())));
  wal = open_ok(fs);
  append_synced(*wal, 501, 5, lines);
  BOOST_TEST((lines_in(fs, Height(299)) == Lines(lines.begin() + 298, lines.end())));
}

BOOST_AUTO_TEST_CASE(old_records_in_a_recycled_segment_never_come_back) {
  // The recycled file is full of valid-looking records of its former life behind the new ones.
  MemoryFileSystem fs;
  auto wal = open_ok(fs);
  Lines lines;
  append_synced(*wal, 1, 100, lines);
  WITAN_REQUIRE_OK(wal->prune_below(Height(99)));
  const std::uint64_t reused_from = wal->segment();
  while (wal->segment() == reused_from) append_synced(*wal, lines.size() + 1, 1, lines);
  BOOST_REQUIRE_GT(wal->stats().recycled, 0U);
  for (std::uint64_t kept = 0; kept <= 300; ++kept) {
    MemoryFileSystem copy;
    const auto names = fs.list(folder);
    for (const auto& name : *names) {
      const auto content = read_whole(fs, folder / name, 1U << 20U);
      auto file = copy.open(folder / name, OpenMode::create);
      WITAN_REQUIRE_OK((*file)->write_at(0, *content));
      WITAN_REQUIRE_OK((*file)->sync());
    }
    WITAN_REQUIRE_OK(copy.sync_directory(folder));
    auto again = open_ok(copy);
    WITAN_REQUIRE_OK(again->append(1, Height(1000), Bytes(100, 'a')));
    WITAN_REQUIRE_OK(again->append(1, Height(1000), Bytes(100, 'b')));
    copy.fail_operation(copy.operations() + 2, FaultKind::io);
    // The write happens, the sync does not: power is lost in between.
    BOOST_CHECK(!again->sync().has_value());
    again.reset();
    copy.crash_keeping(kept);
    const auto report = verify_wal(copy, folder, "");
    WITAN_REQUIRE_OK(report);
    BOOST_CHECK(!report->damage);
  }
}

BOOST_AUTO_TEST_CASE(prepared_spares_are_used_and_survive_reopening) {
  MemoryFileSystem fs;
  auto wal = open_ok(fs);
  Lines lines;
  append_synced(*wal, 1, 1, lines);
  WITAN_REQUIRE_OK(wal->prepare_spare());
  WITAN_REQUIRE_OK(wal->prepare_spare());
  wal = open_ok(fs);
  WITAN_REQUIRE_OK(wal->rotate(Height(2)));
  BOOST_CHECK_EQUAL(wal->stats().recycled, 1U);
  append_synced(*wal, 2, 1, lines);
  BOOST_TEST((lines_in(fs) == lines));
  BOOST_CHECK_EQUAL(fs.list(folder)->size(), 2U);
}

BOOST_AUTO_TEST_CASE(power_loss_at_every_byte_of_the_last_write_leaves_a_usable_log) {
  for (std::uint64_t kept = 0;; ++kept) {
    MemoryFileSystem fs;
    Lines lines;
    auto wal = open_ok(fs);
    append_synced(*wal, 1, 5, lines);
    const Lines durable = lines;
    for (std::uint64_t n = 6; n <= 8; ++n) {
      const std::string text = text_number(n, 40);
      WITAN_REQUIRE_OK(wal->append(1, Height(n), as_bytes(text)));
      lines.push_back(line_of(1, Height(n), text));
    }
    fs.fail_operation(fs.operations() + 2, FaultKind::io);
    BOOST_CHECK(!wal->sync().has_value());
    BOOST_CHECK(wal->failed());
    if (kept > fs.unsynced_bytes()) break;
    wal.reset();
    fs.crash_keeping(kept);
    const Lines found = lines_in(fs);
    BOOST_REQUIRE(is_prefix(durable, found));
    BOOST_REQUIRE(is_prefix(found, lines));
    BOOST_REQUIRE_EQUAL(found.size(), 5 + std::min<std::uint64_t>(3, kept / small_record));
    Lines replayed;
    wal = open_ok(fs, small_options(), collect(replayed));
    BOOST_REQUIRE(replayed == found);
    Lines after = found;
    append_synced(*wal, 50, 2, after);
    BOOST_REQUIRE(lines_in(fs) == after);
    const auto report = verify_wal(fs, folder, "test-chain");
    BOOST_REQUIRE(!report->torn_tail);
  }
}

BOOST_AUTO_TEST_CASE(blocks_of_the_last_group_may_reach_the_disk_in_any_order) {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    MemoryFileSystem fs;
    Lines lines;
    auto wal = open_ok(fs, small_options(32768));
    append_synced(*wal, 1, 20, lines);
    const Lines durable = lines;
    for (std::uint64_t n = 0; n < 40; ++n) {
      const std::string text = text_number(n, 100);
      WITAN_REQUIRE_OK(wal->append(1, Height(21), as_bytes(text)));
      lines.push_back(line_of(1, Height(21), text));
    }
    fs.fail_operation(fs.operations() + 2, FaultKind::io);
    BOOST_CHECK(!wal->sync().has_value());
    fs.crash_randomly(random);
    const Lines found = lines_in(fs);
    BOOST_REQUIRE(is_prefix(durable, found));
    BOOST_REQUIRE(is_prefix(found, lines));
    wal = open_ok(fs, small_options(32768));
    Lines after = found;
    append_synced(*wal, 50, 2, after);
    BOOST_REQUIRE(lines_in(fs) == after);
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_is_accepted_in_the_last_record_only) {
  const std::uint64_t records = 6;
  const std::uint64_t end = wf::header_bytes + records * small_record;
  for (std::uint64_t offset = 0; offset < end; offset += 3) {
    MemoryFileSystem fs;
    Lines lines;
    append_synced(*open_ok(fs), 1, records, lines);
    damage(fs, 1, offset);
    const bool in_last = offset >= end - small_record;
    const auto opened = WalWriter::open(fs, small_options());
    if (in_last) {
      WITAN_REQUIRE_OK(opened);
      lines.pop_back();
      BOOST_REQUIRE(lines_in(fs) == lines);
    } else {
      BOOST_REQUIRE(!opened.has_value());
      BOOST_REQUIRE_EQUAL(opened.error().code, ErrorCode::wal_damaged);
      BOOST_REQUIRE(opened.error().field.find("00000001.wal") != std::string::npos);
      const auto report = verify_wal(fs, folder, "");
      BOOST_REQUIRE(report->damage.has_value());
      const std::uint64_t expected =
          offset < wf::header_bytes ? 0 : offset - (offset - wf::header_bytes) % small_record;
      BOOST_REQUIRE_EQUAL(report->damage->offset, expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(damage_in_an_older_segment_or_a_missing_one_stops_the_node) {
  for (const std::uint64_t part : {0U, 1U, 2U, 3U}) {
    MemoryFileSystem fs;
    Lines lines;
    append_synced(*open_ok(fs), 1, 120, lines);
    if (part == 0) damage(fs, 2, 700);
    if (part == 1) WITAN_REQUIRE_OK(fs.remove(folder / wf::segment_name(2)));
    if (part == 2) {  // the last record of a segment, zeroed: it looks like a clean end
      const auto report = verify_wal(fs, folder, "");
      const std::uint64_t used = report->segments[1].used_bytes;
      auto file = fs.open(folder / wf::segment_name(2), OpenMode::read_write);
      WITAN_REQUIRE_OK((*file)->write_at(used - small_record, Bytes(small_record, 0)));
    }
    if (part == 3) {
      auto file = fs.open(folder / wf::segment_name(2), OpenMode::read_write);
      WITAN_REQUIRE_OK((*file)->truncate(2000));
    }
    const auto before = read_whole(fs, folder / wf::segment_name(3), 1U << 20U);
    WITAN_CHECK_ERROR(WalWriter::open(fs, small_options()), ErrorCode::wal_damaged);
    WITAN_CHECK_ERROR(read_wal(fs, folder, "", Height(0), [](const auto&) { return Status{}; }),
                      ErrorCode::wal_damaged);
    BOOST_CHECK(*before == *read_whole(fs, folder / wf::segment_name(3), 1U << 20U));
  }
}

BOOST_AUTO_TEST_CASE(a_fault_at_every_operation_poisons_the_writer_and_loses_nothing_synced) {
  // A life of a log: appending, syncing, rolling over, pruning, recycling, spares.
  struct Life {
    Lines acknowledged;
    Lines attempted;
    std::uint64_t pruned_below = 0;
  };
  const auto live = [](FileSystem& fs, Life& life) -> Status {
    WITAN_TRY(const auto wal, WalWriter::open(fs, small_options(2048)));
    for (std::uint64_t n = 1; n <= 60; ++n) {
      const std::string text = text_number(n, 40);
      life.attempted.push_back(line_of(1, Height(n), text));
      Status status = wal->append(1, Height(n), as_bytes(text));
      if (status && n % 2 == 0) status = wal->sync();
      if (status && n % 2 == 0) life.acknowledged = life.attempted;
      if (status && n == 20) status = wal->prepare_spare();
      if (status && n == 40) {
        life.pruned_below = 30;
        status = wal->prune_below(Height(30));
      }
      if (status) continue;
      BOOST_CHECK(wal->failed());
      BOOST_CHECK(!wal->append(1, Height(n), as_bytes("x")).has_value());
      BOOST_CHECK(!wal->sync().has_value());
      BOOST_CHECK(!wal->prune_below(Height(1)).has_value());
      return status;
    }
    return {};
  };
  MemoryFileSystem counting;
  Life whole;
  WITAN_REQUIRE_OK(live(counting, whole));
  const std::uint64_t total = counting.operations();
  BOOST_CHECK_GT(total, 70U);
  for (std::uint64_t at = 1; at <= total; ++at) {
    for (const FaultKind kind :
         {FaultKind::io, FaultKind::no_space, FaultKind::short_write, FaultKind::failed_sync}) {
      MemoryFileSystem fs;
      fs.fail_operation(at, kind);
      Life life;
      BOOST_REQUIRE(!live(fs, life).has_value());
      fs.clear_faults();
      fs.crash_keeping(at * 7);
      Lines replayed;
      const auto wal = WalWriter::open(fs, small_options(2048), collect(replayed));
      WITAN_REQUIRE_OK(wal);
      const Lines found = lines_in(fs, Height(life.pruned_below));
      const auto skip = static_cast<std::ptrdiff_t>(life.pruned_below == 0 ? 0 : 29);
      const Lines due(life.acknowledged.begin() + std::min(skip, std::ssize(life.acknowledged)),
                      life.acknowledged.end());
      const Lines tried(life.attempted.begin() + std::min(skip, std::ssize(life.attempted)),
                        life.attempted.end());
      BOOST_REQUIRE(is_prefix(due, found));
      BOOST_REQUIRE(is_prefix(found, tried));
      Lines after = lines_in(fs);
      append_synced(**wal, 100, 40, after);
      BOOST_REQUIRE(lines_in(fs) == after);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_fault_at_every_operation_of_recovery_can_be_recovered_from) {
  const auto torn_log = [](MemoryFileSystem& fs) {
    Lines lines;
    auto wal = open_ok(fs);
    append_synced(*wal, 1, 5, lines);
    WITAN_REQUIRE_OK(wal->append(1, Height(6), as_bytes("six")));
    WITAN_REQUIRE_OK(wal->append(1, Height(6), as_bytes("seven")));
    WITAN_REQUIRE_OK(wal->sync());
    damage(fs, 1, wf::header_bytes + 5 * small_record + 40 + 34);
    return lines;
  };
  MemoryFileSystem counting;
  torn_log(counting);
  const std::uint64_t before = counting.operations();
  open_ok(counting);
  const std::uint64_t operations = counting.operations() - before;
  BOOST_CHECK_EQUAL(operations, 5U);  // cut, sync, sync folder, close the group, sync
  for (std::uint64_t at = 1; at <= operations; ++at) {
    for (std::uint64_t kept : {0U, 8U, 20U, 30U, 100U, 100'000U}) {
      MemoryFileSystem fs;
      Lines lines = torn_log(fs);
      fs.fail_operation(fs.operations() + at, FaultKind::short_write, true);
      BOOST_CHECK(!WalWriter::open(fs, small_options()).has_value());
      fs.clear_faults();
      fs.crash_keeping(kept);
      Lines replayed;
      const auto wal = WalWriter::open(fs, small_options(), collect(replayed));
      WITAN_REQUIRE_OK(wal);
      BOOST_CHECK(is_prefix(lines, replayed));
      append_synced(**wal, 10, 2, replayed);
      BOOST_CHECK(lines_in(fs) == replayed);
    }
  }
}

BOOST_AUTO_TEST_CASE(verify_counts_what_is_there) {
  MemoryFileSystem fs;
  auto wal = open_ok(fs);
  for (std::uint64_t n = 1; n <= 10; ++n)
    WITAN_REQUIRE_OK(wal->append(n % 2 == 0 ? 2 : 1, Height(n), as_bytes("x")));
  WITAN_REQUIRE_OK(wal->rotate(Height(11)));
  WITAN_REQUIRE_OK(wal->append(3, Height(11), as_bytes("x")));
  WITAN_REQUIRE_OK(wal->sync());
  const auto report = verify_wal(fs, folder, "test-chain");
  WITAN_REQUIRE_OK(report);
  BOOST_CHECK_EQUAL(report->records, 11U);
  BOOST_CHECK_EQUAL(report->segments.size(), 2U);
  BOOST_CHECK_EQUAL(report->segments[1].first_height, Height(11));
  BOOST_CHECK_EQUAL(*report->height_min, Height(1));
  BOOST_CHECK_EQUAL(*report->height_max, Height(11));
  BOOST_CHECK_EQUAL(report->records_by_kind.at(1), 5U);
  BOOST_CHECK_EQUAL(report->records_by_kind.at(2), 5U);
  BOOST_CHECK_EQUAL(report->records_by_kind.at(3), 1U);
  BOOST_CHECK_EQUAL(report->last_group, 2U);
  BOOST_CHECK(!report->damage && !report->torn_tail);
}

BOOST_AUTO_TEST_CASE(an_absent_folder_is_an_empty_log) {
  const ScratchDir dir;
  const auto report = verify_wal(posix_file_system(), dir.path() / "none", "c");
  WITAN_REQUIRE_OK(report);
  BOOST_CHECK(report->segments.empty());
}

BOOST_AUTO_TEST_CASE(the_log_works_on_a_real_disk) {
  const ScratchDir dir;
  WalOptions options = small_options();
  options.folder = dir.path() / "wal";
  for (std::uint64_t life = 0; life < 3; ++life) {
    Lines replayed;
    auto wal = open_ok(posix_file_system(), options, collect(replayed));
    BOOST_CHECK_EQUAL(replayed.size(), life * 100);
    Lines lines;
    append_synced(*wal, life * 100 + 1, 100, lines);
  }
}

WITAN_PROPERTY(any_mix_of_records_survives_reopening, [](std::vector<std::uint16_t> sizes) {
  MemoryFileSystem fs;
  Lines lines;
  std::uint64_t n = 0;
  auto wal = open_ok(fs, small_options(2048));
  for (const std::uint16_t size : sizes) {
    ++n;
    const std::string text = text_number(n, size % 5000);
    WITAN_REQUIRE_OK(wal->append(static_cast<std::uint8_t>(1 + n % 9), Height(n), as_bytes(text)));
    lines.push_back(line_of(static_cast<std::uint8_t>(1 + n % 9), Height(n), text));
    if (size % 3 == 0) WITAN_REQUIRE_OK(wal->sync());
    if (size % 7 == 0) {
      WITAN_REQUIRE_OK(wal->sync());
      wal = open_ok(fs, small_options(2048));
    }
  }
  WITAN_REQUIRE_OK(wal->sync());
  fs.crash();
  RC_ASSERT(lines_in(fs) == lines);
});

BOOST_AUTO_TEST_SUITE_END()
