#include "actors/telemetry/trace/tags.hpp"

#include "crypto/sign_bytes.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/types/transaction.hpp"

namespace witan::trace {

void tag_message(const MessageType& type, const Words& words, HopRecord& hop) {
  if (type.height.bytes == 8) hop.height = read_field(words, type.height).value_or(0);
  if (type.round.bytes == 4) {
    if (const auto round = read_field(words, type.round))
      hop.round = static_cast<std::int32_t>(static_cast<std::uint32_t>(*round));
  }
  if (type.validator.bytes == 4)
    hop.validator =
        static_cast<std::uint32_t>(read_field(words, type.validator).value_or(no_validator));
}

std::uint64_t short_id(const Hash32& id) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | id.data[i];
  return out;
}

std::vector<std::uint64_t> transactions_in(const MessageType& type, const Words& words) {
  std::vector<std::uint64_t> out;
  const auto data = read_data(words, type.transactions_at);
  if (!data || data->empty()) return out;
  constexpr std::size_t id_bytes = Hash32::size_bytes;
  switch (type.transactions) {
    case TransactionForm::none:
      break;
    case TransactionForm::one:
      if (data->size() <= tx_bytes_max) out.push_back(short_id(tx_id(*data)));
      break;
    case TransactionForm::id:
      if (data->size() == id_bytes) out.push_back(short_id(Hash32::from(*data)));
      break;
    case TransactionForm::ids:
      for (std::size_t i = 0; i + id_bytes <= data->size() && out.size() < transactions_max;
           i += id_bytes)
        out.push_back(short_id(Hash32::from(data->subspan(i, id_bytes))));
      break;
    case TransactionForm::blob: {
      ByteReader in(*data);
      while (in.left() > 0 && out.size() < transactions_max) {
        const ByteView tx = in.prefixed(tx_bytes_max);
        if (in.failed()) break;
        out.push_back(short_id(tx_id(tx)));
      }
      break;
    }
  }
  return out;
}

}  // namespace witan::trace
