// The WAL reader over arbitrary segment files: never crashes, never changes a file, and whatever it
// accepts can be opened, appended to and read back.
#include "messages/base/check.hpp"
#include "storage/memory_file_system.hpp"
#include "storage/wal.hpp"
#include "storage/wal_format.hpp"

namespace {
using namespace witan;

constexpr std::uint64_t segment_bytes = 2048;

// First byte: bit 0: give the segment a good header; bit 1: seal what lies at the record positions,
// so that the fuzzer reaches records without guessing checksums; bits 2 and up: split in two files.
void write_segment(FileSystem& fs, std::uint64_t number, ByteView body, std::uint8_t mode) {
  Bytes content;
  std::uint32_t seed = 0;
  if ((mode & 1U) != 0) {
    const wal_format::SegmentHeader header{number, Height(1), segment_bytes, 7, "fuzz"};
    content = wal_format::encode_header(header);
    seed = wal_format::seed_of(header);
  }
  append(content, body);
  content.resize(segment_bytes, 0);
  if ((mode & 2U) != 0) {
    std::size_t at = wal_format::header_bytes;
    while (at + wal_format::record_header_bytes < content.size()) {
      std::uint32_t length = 0;
      std::memcpy(&length, content.data() + at + 8, sizeof length);
      length %= 256;
      std::memcpy(content.data() + at + 8, &length, sizeof length);
      if (at + wal_format::record_bytes(length) > content.size()) break;
      const bool damaged = content[at] == 0xdd;
      const bool group_end = (content[at + 13] & 1U) != 0;
      if (!damaged && content[at + 12] != 0)
        wal_format::seal_record(std::span(content).subspan(at), group_end, seed);
      at += wal_format::record_bytes(length);
    }
  }
  const auto file = fs.open(FilePath("/wal") / wal_format::segment_name(number), OpenMode::create);
  WITAN_CHECK((*file)->write_at(0, content).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::uint8_t mode = data[0];
  const ByteView input(data + 1, size - 1);
  MemoryFileSystem fs;
  const std::size_t cut = std::min<std::size_t>(input.size(), (mode >> 2U) * 32U);
  write_segment(fs, 1, input.first(cut), mode);
  if (cut < input.size()) write_segment(fs, 2, input.subspan(cut), mode);

  const std::uint64_t operations = fs.operations();
  const auto report = verify_wal(fs, "/wal", "fuzz");
  WITAN_CHECK(fs.operations() == operations);
  WalOptions options;
  options.folder = "/wal";
  options.chain_id = "fuzz";
  options.segment_bytes = segment_bytes;
  const auto wal = WalWriter::open(fs, options);
  WITAN_CHECK(wal.has_value() == (report.has_value() && !report->damage));
  if (!wal) return 0;
  WITAN_CHECK((*wal)->append(1, Height(9), as_bytes("after")).has_value());
  WITAN_CHECK((*wal)->sync().has_value());
  const auto again = verify_wal(fs, "/wal", "fuzz");
  WITAN_CHECK(again.has_value() && !again->damage && !again->torn_tail);
  WITAN_CHECK(again->records == report->records + 1, again->records, report->records);
  return 0;
}
