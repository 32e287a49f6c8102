// Receipts of a block as stored: count u32, then code u16 and fee u64 of each, fixed layout.
#pragma once
#include <vector>

#include "messages/base/codec_bytes.hpp"
#include "messages/types/transaction.hpp"

namespace witan::ledger {

[[nodiscard]] inline Bytes encode_receipts(const std::vector<Receipt>& receipts) {
  ByteWriter out(4 + receipts.size() * 10);
  out.u32(static_cast<std::uint32_t>(receipts.size()));
  for (const Receipt& receipt : receipts) out.u16(receipt.code).u64(receipt.fee_charged);
  return out.take();
}

// Errors: corrupt (the bytes come from our own store).
[[nodiscard]] inline Result<std::vector<Receipt>> decode_receipts(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint32_t count = in.u32();
  if (in.left() != std::size_t{count} * 10)
    return fail(ErrorCode::corrupt, "receipts", "length does not match the count");
  std::vector<Receipt> out(count);
  for (Receipt& receipt : out) {
    receipt.code = in.u16();
    receipt.fee_charged = in.u64();
  }
  return out;
}

}  // namespace witan::ledger
