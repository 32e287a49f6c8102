// Sign-state file and log records: whatever decodes encodes to the same bytes; recovery from any
// bytes ends in a state or a refusal.
#include <cstdlib>

#include "crypto/sign_checkpoint.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"

namespace {

using namespace witan;

void check_same(const Bytes& again, ByteView input) {
  if (!std::equal(again.begin(), again.end(), input.begin(), input.end())) std::abort();
}

// The checksum is repaired, so that the fields behind it are reached.
Bytes with_crc(ByteView body) { return ByteWriter().raw(body).u32(crc32c(body)).take(); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto record = decode_sign_record(input)) check_same(encode(*record), input);
  const Bytes file = with_crc(input);
  const auto checkpoint = decode_sign_checkpoint(file);
  if (!checkpoint) return 0;
  const auto again = decode_sign_checkpoint(encode(*checkpoint));  // the file may be of version 2
  if (!again || !(*again == *checkpoint)) std::abort();
  SignRecoveryInput in;
  in.key = checkpoint->owner.key;
  in.chain_id = checkpoint->owner.chain_id;
  in.checkpoint_file = file;
  if (checkpoint->wal_segment) in.segments = WalSegments{0, *checkpoint->wal_segment};
  std::vector<Bytes> records;
  for (const SignRecord& record : checkpoint->snapshot.recent) records.push_back(encode(record));
  in.records = records;
  (void)recover_sign_state(in);
  return 0;
}
