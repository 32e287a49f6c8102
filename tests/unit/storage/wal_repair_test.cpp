// A damaged log is cut only where it is damaged, the original can be kept, and what is left is a
// log like any other; faults of the calls under it.
#include "storage/wal_repair.hpp"

#include "storage/fault_file_system.hpp"
#include "storage/wal_format.hpp"
#include "tests/unit/storage/scratch.hpp"

namespace witan::test {
namespace {

namespace wf = witan::wal_format;
const FilePath folder = "/home/wal";

WalOptions options() {
  WalOptions out;
  out.folder = folder;
  out.chain_id = "chain";
  out.salt = 99;
  out.segment_bytes = 2048;
  return out;
}

// `count` records of 40 bytes, one group and one height each, over several segments.
void write_log(FileSystem& fs, std::uint64_t count, std::uint64_t first = 1) {
  auto wal = WalWriter::open(fs, options());
  WITAN_REQUIRE_OK(wal);
  for (std::uint64_t n = first; n < first + count; ++n) {
    WITAN_REQUIRE_OK((*wal)->append(1, Height(n), Bytes(40, static_cast<std::uint8_t>(n))));
    WITAN_REQUIRE_OK((*wal)->sync());
  }
}
Bytes content_of(FileSystem& fs, const FilePath& path) {
  auto content = read_whole(fs, path, wf::segment_bytes_max);
  WITAN_REQUIRE_OK(content);
  return *content;
}
void write_file(FileSystem& fs, const FilePath& path, ByteView content) {
  auto file = fs.open(path, OpenMode::create);
  WITAN_REQUIRE_OK(file);
  WITAN_REQUIRE_OK((*file)->write_at(0, content));
  WITAN_REQUIRE_OK((*file)->sync());
  WITAN_REQUIRE_OK(fs.sync_directory(folder));
}
void flip(FileSystem& fs, std::uint64_t segment, std::uint64_t offset) {
  const FilePath path = folder / wf::segment_name(segment);
  Bytes content = content_of(fs, path);
  content[offset] ^= 0x10U;
  write_file(fs, path, content);
}
// Heights of the records a writer finds; nothing if it refuses the log.
std::optional<std::vector<std::uint64_t>> heights(FileSystem& fs) {
  std::vector<std::uint64_t> out;
  const auto wal = WalWriter::open(fs, options(), [&out](const WalRecord& record) -> Status {
    out.push_back(record.height.get());
    return {};
  });
  if (!wal) return std::nullopt;
  return out;
}
std::vector<std::uint64_t> first_numbers(std::uint64_t count) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t n = 1; n <= count; ++n) out.push_back(n);
  return out;
}
constexpr std::uint64_t record_size = 72;
constexpr std::uint64_t per_segment = (2048 - 512) / record_size;  // 21

}  // namespace

BOOST_AUTO_TEST_SUITE(wal_repair_test)

BOOST_AUTO_TEST_CASE(a_cut_keeps_all_before_the_damage_and_the_copy_keeps_all) {
  MemoryFileSystem fs;
  write_log(fs, 50);
  flip(fs, 2, wf::header_bytes + 3 * record_size + 5);
  BOOST_REQUIRE(!heights(fs));
  const auto report = verify_wal(fs, folder, "");
  WITAN_REQUIRE_OK(report);
  BOOST_REQUIRE(report->damage.has_value());
  std::size_t gaps = 0;
  const auto counts =
      salvage_wal(fs, folder, *report->damage, [&gaps](const WalRecord* r) -> Status {
        gaps += r == nullptr ? 1 : 0;
        return {};
      });
  WITAN_REQUIRE_OK(counts);
  BOOST_CHECK_EQUAL(gaps, 1U);
  BOOST_CHECK_EQUAL(counts->kept, per_segment + 3);
  BOOST_CHECK_EQUAL(counts->lost, 50 - per_segment - 4);

  const FilePath copy = "/home/wal.damaged-1";
  WITAN_REQUIRE_OK(copy_wal(fs, folder, copy));
  const Bytes before = content_of(fs, folder / wf::segment_name(2));
  WITAN_REQUIRE_OK(cut_wal(fs, folder));
  fs.crash();
  BOOST_CHECK(content_of(fs, copy / wf::segment_name(2)) == before);
  BOOST_CHECK(fs.exists(copy / wf::segment_name(3)));
  BOOST_CHECK(heights(fs) == first_numbers(per_segment + 3));
  write_log(fs, 5, per_segment + 4);
  BOOST_CHECK(heights(fs) == first_numbers(per_segment + 8));
}

BOOST_AUTO_TEST_CASE(a_missing_a_headless_a_short_and_an_emptied_segment_are_cut) {
  const auto lose = [](FileSystem& fs, int kind) {
    const FilePath path = folder / wf::segment_name(2);
    Bytes content = content_of(fs, path);
    if (kind == 0) WITAN_REQUIRE_OK(fs.remove(path));
    if (kind == 1) flip(fs, 2, 20);
    if (kind == 2) content.resize(wf::header_bytes + 2 * record_size + 10);
    if (kind == 3) content.clear();
    if (kind >= 2) write_file(fs, path, content);
    WITAN_REQUIRE_OK(fs.sync_directory(folder));
  };
  const std::uint64_t kept[] = {per_segment, per_segment, per_segment + 2, per_segment};
  for (int kind = 0; kind < 4; ++kind) {
    MemoryFileSystem fs;
    write_log(fs, 60);
    lose(fs, kind);
    BOOST_REQUIRE(!heights(fs));
    const auto report = verify_wal(fs, folder, "");
    bool gap = false;
    std::uint64_t seen = 0;
    const auto counts = salvage_wal(fs, folder, *report->damage, [&](const WalRecord* r) -> Status {
      gap = gap || r == nullptr;
      seen += r == nullptr ? 0 : 1;
      return {};
    });
    WITAN_REQUIRE_OK(counts);
    BOOST_CHECK(gap);
    // Without its header a segment still has its records: salt and chain are those of the others.
    BOOST_CHECK_EQUAL(seen, kind == 1 ? 60 : kind == 2 ? 60 - per_segment + 2 : 60 - per_segment);
    WITAN_REQUIRE_OK(cut_wal(fs, folder));
    fs.crash();
    BOOST_CHECK(heights(fs) == first_numbers(kept[kind]));
  }
}

BOOST_AUTO_TEST_CASE(old_bytes_in_a_recycled_file_are_no_gap) {
  MemoryFileSystem fs;
  {
    auto wal = WalWriter::open(fs, options());
    WITAN_REQUIRE_OK(wal);
    for (std::uint64_t n = 1; n <= 90; ++n) {
      WITAN_REQUIRE_OK((*wal)->append(1, Height(n), Bytes(40, 1)));
      WITAN_REQUIRE_OK((*wal)->sync());
      if (n % 30 == 0) WITAN_REQUIRE_OK((*wal)->prune_below(Height(n)));
    }
    BOOST_REQUIRE_GT((*wal)->stats().recycled, 0U);
  }
  std::size_t gaps = 0;
  WITAN_REQUIRE_OK(salvage_wal(fs, folder, WalDamage{}, [&gaps](const WalRecord* r) -> Status {
    gaps += r == nullptr ? 1 : 0;
    return {};
  }));
  BOOST_CHECK_EQUAL(gaps, 0U);
}

BOOST_AUTO_TEST_CASE(power_lost_anywhere_in_a_cut_leaves_a_log_that_can_be_cut_again) {
  const auto damaged = [](MemoryFileSystem& fs) {
    write_log(fs, 60);
    flip(fs, 2, wf::header_bytes + 3 * record_size + 5);
  };
  MemoryFileSystem counting;
  damaged(counting);
  const std::uint64_t before = counting.operations();
  WITAN_REQUIRE_OK(cut_wal(counting, folder));
  const std::uint64_t operations = counting.operations() - before;
  BOOST_CHECK_GE(operations, 4U);
  for (std::uint64_t at = 1; at <= operations; ++at) {
    MemoryFileSystem fs;
    damaged(fs);
    fs.fail_operation(fs.operations() + at, FaultKind::short_write, true);
    BOOST_CHECK(!cut_wal(fs, folder).has_value());
    fs.clear_faults();
    fs.crash();
    WITAN_REQUIRE_OK(cut_wal(fs, folder));
    BOOST_CHECK(heights(fs) == first_numbers(per_segment + 3));
  }
}

// A process that ended because of a failed sync can be followed by one that reads what it wrote,
// on the same running machine; that the bytes can be read does not mean that they are on the disk.
BOOST_AUTO_TEST_CASE(what_a_failed_sync_left_in_memory_is_made_durable_by_the_next_opening) {
  MemoryFileSystem fs;
  write_log(fs, 5);
  {
    auto wal = WalWriter::open(fs, options());
    WITAN_REQUIRE_OK(wal);
    WITAN_REQUIRE_OK((*wal)->append(1, Height(6), Bytes(40, 6)));
    fs.fail_operation(fs.operations() + 2, FaultKind::failed_sync);
    BOOST_CHECK(!(*wal)->sync().has_value());
  }
  BOOST_CHECK(heights(fs) == first_numbers(6));  // no power loss: it is read
  write_log(fs, 2, 7);
  fs.crash();
  BOOST_CHECK(heights(fs) == first_numbers(8));
}

// One wrong bit of one reading must not cut off a sound record: it refuses, and nothing changes.
BOOST_AUTO_TEST_CASE(p49_a_wrong_bit_of_one_reading_never_changes_the_log) {
  MemoryFileSystem disk;
  write_log(disk, 50);
  IoFaultPlan counting;
  counting.record();
  {
    FaultFileSystem fs(disk, counting);
    BOOST_REQUIRE(heights(fs));
  }
  std::size_t refused = 0, tried = 0;
  const auto calls = counting.recorded();
  for (std::uint64_t n = 1; n <= calls.size(); ++n) {
    if (calls[n - 1].kind != IoKind::read) continue;
    for (std::uint64_t byte = 0; byte < 2048; byte += 13) {
      MemoryFileSystem sound;
      write_log(sound, 50);
      IoFaultPlan plan;
      plan.set(n, IoFault::flip, byte);
      FaultFileSystem fs(sound, plan);
      refused += heights(fs) ? 0 : 1;
      ++tried;
      BOOST_REQUIRE(heights(sound) == first_numbers(50));
    }
  }
  BOOST_TEST_MESSAGE(tried << " wrong readings, " << refused << " refused");
  BOOST_CHECK_GT(refused, tried / 4);
}

BOOST_AUTO_TEST_CASE(p11_p12_every_byte_of_a_record_is_under_its_checksum) {
  MemoryFileSystem fs;
  write_log(fs, 3);
  const FilePath path = folder / wf::segment_name(1);
  const Bytes sound = content_of(fs, path);
  // Length, kind, height, group and payload of the first of three records.
  for (std::uint64_t at = 0; at < record_size; ++at) {
    Bytes content = sound;
    content[wf::header_bytes + at] ^= 0x01U;
    write_file(fs, path, content);
    BOOST_CHECK_MESSAGE(!heights(fs), "byte " << at << " of a record is not protected");
  }
}

BOOST_AUTO_TEST_CASE(every_kind_of_call_can_fail_in_every_way_that_it_has) {
  for (int k = 0; k <= static_cast<int>(IoKind::moment); ++k) {
    const auto kind = static_cast<IoKind>(k);
    BOOST_CHECK(!name_of(kind).empty());
    BOOST_CHECK(!faults_of(kind).empty());
    for (const IoFault fault : faults_of(kind)) BOOST_CHECK(!name_of(fault).empty());
  }
  MemoryFileSystem disk;
  IoFaultPlan plan;
  FaultFileSystem fs(disk, plan);
  auto file = fs.open("/a", OpenMode::create);
  WITAN_REQUIRE_OK(file);
  plan.set(plan.calls() + 1, IoFault::short_write, 3);
  const auto status = (*file)->write_at(0, Bytes(10, 1));
  BOOST_REQUIRE(!status);
  BOOST_CHECK(status.error().code == ErrorCode::no_space);
  BOOST_CHECK_EQUAL(*(*file)->size(), 3U);
  plan.set(plan.calls() + 1, IoFault::lost_sync);
  WITAN_REQUIRE_OK((*file)->sync());
  WITAN_REQUIRE_OK((*file)->sync());  // too late
  WITAN_REQUIRE_OK(fs.sync_directory("/"));
  plan.set(plan.calls() + 1, IoFault::power_loss, 2);
  BOOST_CHECK(!(*file)->write_at(0, Bytes(10, 2)).has_value());
  BOOST_CHECK(!(*file)->sync().has_value());
  BOOST_CHECK(!plan.powered());
  disk.crash_keeping(disk.unsynced_bytes());
  plan.clear();
  Bytes content(10);
  auto again = fs.open("/a", OpenMode::read);
  WITAN_REQUIRE_OK(again);
  const auto got = (*again)->read_at(0, content);
  WITAN_REQUIRE_OK(got);
  BOOST_CHECK_EQUAL(*got, 2U);
  BOOST_CHECK_EQUAL(content[1], 2U);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
