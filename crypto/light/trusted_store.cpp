#include "crypto/light/trusted_store.hpp"

#include "crypto/hash.hpp"
#include "messages/base/codec_bytes.hpp"

namespace witan::light {
namespace {

constexpr std::string_view magic = "witan-lc";
constexpr std::uint32_t format_version = 1;

tl::unexpected<Error> damaged(const std::string& why) {
  return fail(ErrorCode::corrupt, "light_store",
              why + "; remove it and start again from a height and hash you have checked");
}

}  // namespace

void TrustedStore::add(LightBlock block) {
  const Height height = block.height();
  blocks_.insert_or_assign(height, std::move(block));
  if (blocks_.size() > capacity_) blocks_.erase(blocks_.begin());
}

const LightBlock* TrustedStore::find(Height height) const {
  const auto it = blocks_.find(height);
  return it == blocks_.end() ? nullptr : &it->second;
}

const LightBlock* TrustedStore::lowest() const {
  return blocks_.empty() ? nullptr : &blocks_.begin()->second;
}

const LightBlock* TrustedStore::highest() const {
  return blocks_.empty() ? nullptr : &blocks_.rbegin()->second;
}

const LightBlock* TrustedStore::closest_below(Height height) const {
  auto it = blocks_.lower_bound(height);
  return it == blocks_.begin() ? nullptr : &(--it)->second;
}

const LightBlock* TrustedStore::closest_above(Height height) const {
  const auto it = blocks_.upper_bound(height);
  return it == blocks_.end() ? nullptr : &it->second;
}

Bytes TrustedStore::encode() const {
  ByteWriter out(4096);
  out.raw(as_bytes(magic)).u32(format_version).raw(chain_id_.view());
  out.u32(static_cast<std::uint32_t>(blocks_.size()));
  for (const auto& [height, block] : blocks_) out.prefixed(encode_light_block(block));
  const Hash32 sum = sha256(out.view());
  out.raw(sum.view());
  return out.take();
}

Result<TrustedStore> TrustedStore::decode(ByteView bytes, std::size_t capacity) {
  if (bytes.size() < magic.size() + 4 + Hash32::size_bytes) return damaged("the file is cut short");
  const ByteView body = bytes.first(bytes.size() - Hash32::size_bytes);
  if (sha256(body) != Hash32::from(bytes.last(Hash32::size_bytes)))
    return damaged("the checksum differs");
  ByteReader in(body);
  if (!std::ranges::equal(in.raw(magic.size()), as_bytes(magic)))
    return damaged("not a file of trusted headers");
  if (in.u32() != format_version)
    return fail(ErrorCode::wrong_version, "light_store", "written by another release");
  TrustedStore out(in.fixed<Hash32>(), capacity);
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count && !in.failed(); ++i) {
    auto block = decode_light_block(in.prefixed(light_block_bytes_max));
    if (!block) return damaged("header " + std::to_string(i) + ": " + block.error().to_string());
    if (const Status fits = check_block(out.chain_id_, *block); !fits)
      return damaged("header " + std::to_string(i) + ": " + fits.error().to_string());
    out.add(std::move(*block));
  }
  if (!in.done()) return damaged("the list is cut short or followed by more");
  return out;
}

}  // namespace witan::light
