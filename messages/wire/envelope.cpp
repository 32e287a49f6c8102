#include "messages/wire/envelope.hpp"

#include <cstring>

namespace witan {
namespace {
constexpr std::uint32_t segments_max = 64;

std::uint32_t load_u32(ByteView bytes, std::size_t at) {
  std::uint32_t v = 0;
  std::memcpy(&v, bytes.data() + at, sizeof v);
  return v;
}

// Table: u32 (count - 1), u32 size in words of each segment, padded to 8 bytes.
std::size_t table_bytes(std::size_t segment_count) { return (segment_count / 2 + 1) * 8; }
}  // namespace

Words::Words(std::unique_ptr<capnp::MallocMessageBuilder> built) : built_(std::move(built)) {
  for (const auto segment : built_->getSegmentsForOutput()) segments_.push_back(segment);
}

Result<WordsPtr> Words::from_flat(ByteView flat) {
  if (flat.size() % 8 != 0)
    return fail(ErrorCode::malformed, "message", "length is not a multiple of 8");
  auto copy = kj::heapArray<capnp::word>(flat.size() / 8);
  if (!flat.empty()) std::memcpy(copy.begin(), flat.data(), flat.size());
  return adopt_flat(kj::mv(copy));
}

Result<WordsPtr> Words::adopt_flat(kj::Array<capnp::word> flat) {
  const ByteView bytes(reinterpret_cast<const std::uint8_t*>(flat.begin()), flat.size() * 8);
  if (bytes.empty()) return fail(ErrorCode::malformed, "message", "empty");
  const std::uint32_t count_less_one = load_u32(bytes, 0);
  if (count_less_one >= segments_max)
    return fail(ErrorCode::malformed, "message.segments", "more than 64 segments");
  const std::uint32_t count = count_less_one + 1;
  std::size_t at = table_bytes(count);
  if (bytes.size() < at)
    return fail(ErrorCode::malformed, "message.segments", "table is cut short");

  auto words = std::shared_ptr<Words>(new Words());
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t size_words = load_u32(bytes, 4 + 4 * std::size_t{i});
    if (size_words > (bytes.size() - at) / 8)
      return fail(ErrorCode::malformed, "message.segments", "segment is longer than the message");
    words->segments_.emplace_back(flat.begin() + at / 8, size_words);
    at += size_words * 8;
  }
  if (at != bytes.size())
    return fail(ErrorCode::malformed, "message", "bytes after the last segment");
  words->flat_ = kj::mv(flat);
  return WordsPtr(std::move(words));
}

std::size_t Words::flat_bytes() const {
  std::size_t total = table_bytes(segments_.size());
  for (const auto& segment : segments_) total += segment.size() * 8;
  return total;
}

void Words::append_flat(Bytes& out) const {
  const std::size_t start = out.size();
  out.reserve(start + flat_bytes());
  const auto put_u32 = [&out](std::size_t v) {
    const auto narrow = static_cast<std::uint32_t>(v);
    std::uint8_t raw[4];
    std::memcpy(raw, &narrow, 4);
    append(out, raw);
  };
  put_u32(segments_.size() - 1);
  for (const auto& segment : segments_) put_u32(segment.size());
  out.resize(start + table_bytes(segments_.size()), 0);
  for (const auto& segment : segments_) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(segment.begin());
    append(out, ByteView(bytes, segment.size() * 8));
  }
}

}  // namespace witan
