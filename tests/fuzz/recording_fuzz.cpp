// Recordings of simulated runs over arbitrary bytes: never crashes, never takes more memory than
// its bounds, and what is read can be written and read again. First byte: bit 0: the rest is the
// payload of a block, so that the fuzzer reaches entries without guessing checksums.
#include "messages/base/check.hpp"
#include "storage/memory_file_system.hpp"
#include "tools/sim/recording.hpp"

namespace {
using namespace witan;
using namespace witan::sim;

// A whole recording with this payload as its only block.
void write_block(MemoryFileSystem& fs, ByteView payload) {
  {
    auto recorder = Recorder::open(fs, "/a.run", {1, "commit", "fuzz", "text"});
    WITAN_CHECK(recorder.has_value());
  }
  auto file = fs.open("/a.run", OpenMode::read_write);
  WITAN_CHECK(file.has_value());
  WITAN_CHECK((*file)->write_at(*(*file)->size(), block_of(payload)).has_value());
}

std::vector<Entry> entries_of(MemoryFileSystem& fs, const FilePath& path) {
  std::vector<Entry> out;
  auto recording = Recording::open(fs, path);
  if (!recording) return out;
  while (out.size() < 100'000) {
    auto entry = recording->next();
    if (!entry || !*entry) break;
    out.push_back(std::move(**entry));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  MemoryFileSystem fs;
  WITAN_CHECK(fs.create_directories("/").has_value());
  if ((data[0] & 1U) != 0 && size < 1'000'000) {
    write_block(fs, body);
  } else {
    auto file = fs.open("/a.run", OpenMode::create);
    WITAN_CHECK(file.has_value() && (*file)->write_at(0, body).has_value());
  }
  const std::vector<Entry> read = entries_of(fs, "/a.run");
  auto again = Recorder::open(fs, "/b.run", {});
  WITAN_CHECK(again.has_value());
  for (const Entry& entry : read) {
    if (const auto* line = std::get_if<LineEntry>(&entry))
      (*again)->line(line->text);
    else
      (*again)->hop(std::get<HopEntry>(entry).seen(), {});
  }
  WITAN_CHECK((*again)->finish().has_value());
  WITAN_CHECK(entries_of(fs, "/b.run") == read);
  return 0;
}
