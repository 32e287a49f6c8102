#include "messages/wire/tx_codec.hpp"

#include <capnp/serialize.h>
#include <kj/exception.h>

#include "messages/base/hex.hpp"
#include "messages/schema/transaction.capnp.h"

namespace witan {
namespace {

constexpr std::size_t word_bytes = 8;
constexpr std::size_t words_of(std::size_t bytes) { return (bytes + word_bytes - 1) / word_bytes; }

// Where the words of an encoding go: into new bytes, or against bytes that should be the encoding.
class WriteSink {
 public:
  explicit WriteSink(Bytes& out) : out_(out) {}
  void resize(std::size_t bytes) { out_.resize(bytes); }
  void put(std::size_t at, ByteView bytes) {
    std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void zero(std::size_t, std::size_t) {}  // they are

 private:
  Bytes& out_;
};

class CompareSink {
 public:
  explicit CompareSink(ByteView bytes) : bytes_(bytes) {}
  void resize(std::size_t bytes) { same_ = bytes == bytes_.size(); }
  void put(std::size_t at, ByteView bytes) {
    same_ = same_ && std::equal(bytes.begin(), bytes.end(),
                                bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void zero(std::size_t at, std::size_t end) {
    for (; same_ && at < end; ++at) same_ = bytes_[at] == 0;
  }
  [[nodiscard]] bool same() const { return same_; }

 private:
  ByteView bytes_;
  bool same_ = true;
};

// Cap'n Proto words, laid out front to back; every word is put once. Source:
// capnproto.org/encoding.html, "Canonicalization".
template <class Sink>
class Layout {
 public:
  Layout(Sink& sink, std::size_t words) : sink_(sink) { sink_.resize(words * word_bytes); }

  void word(std::size_t at, std::uint64_t value) {
    std::array<std::uint8_t, word_bytes> bytes{};
    std::memcpy(bytes.data(), &value, word_bytes);
    sink_.put(at * word_bytes, bytes);
  }
  // Struct pointer at word `at` to a struct that starts at word `target`.
  void struct_pointer(std::size_t at, std::size_t target, std::uint64_t data_words,
                      std::uint64_t pointer_words) {
    // A struct without any word points at itself (offset -1), so that it is not a null pointer.
    const std::size_t offset = data_words + pointer_words == 0 ? 0x3FFFFFFFU : target - at - 1;
    word(at, offset << 2U | data_words << 32U | pointer_words << 48U);
  }
  // Byte list pointer and content; returns the word after the content.
  std::size_t data(std::size_t at, std::size_t target, ByteView bytes) {
    constexpr std::uint64_t list_of_bytes = 1U | std::uint64_t{2} << 32U;
    word(at, (target - at - 1) << 2U | list_of_bytes | std::uint64_t{bytes.size()} << 35U);
    const std::size_t end = target + words_of(bytes.size());
    sink_.put(target * word_bytes, bytes);
    sink_.zero(target * word_bytes + bytes.size(), end * word_bytes);
    return end;
  }

 private:
  Sink& sink_;
};

// root pointer, Transaction{pointer}, Transfer{amount, fee, nonce}{from, to, signature, memo}.
template <class Sink>
void lay_out(Sink& sink, const Transfer& tx) {
  const std::size_t data_words = tx.nonce != 0 ? 3 : tx.fee != 0 ? 2 : tx.amount != 0 ? 1 : 0;
  const std::size_t pointers = tx.memo.empty() ? 3 : 4;
  const std::size_t body = 2;
  const std::size_t first_pointer = body + data_words;
  Layout out(sink, first_pointer + pointers + 4 + 4 + 8 + words_of(tx.memo.size()));
  out.struct_pointer(0, 1, 0, 1);  // the discriminant of `transfer` is zero, so it is cut
  out.struct_pointer(1, body, data_words, pointers);
  const std::uint64_t numbers[] = {tx.amount, tx.fee, tx.nonce};
  for (std::size_t i = 0; i < data_words; ++i) out.word(body + i, numbers[i]);
  std::size_t next = first_pointer + pointers;
  next = out.data(first_pointer, next, tx.from.view());
  next = out.data(first_pointer + 1, next, tx.to.view());
  next = out.data(first_pointer + 2, next, tx.signature.view());
  if (!tx.memo.empty()) out.data(first_pointer + 3, next, tx.memo);
}

// root pointer, Transaction{discriminant}{pointer}, Opaque{last_height}{payload}.
template <class Sink>
void lay_out(Sink& sink, const Opaque& tx) {
  const std::size_t pointers = tx.payload.empty() ? 0 : 1;
  const std::size_t data_words = tx.last_height.get() != 0 ? 1 : 0;
  const std::size_t body = 3;
  const std::size_t end = body + data_words + pointers;
  Layout out(sink, end + words_of(tx.payload.size()));
  out.struct_pointer(0, 1, 1, 1);
  out.word(1, 1);
  out.struct_pointer(2, body, data_words, pointers);
  if (data_words == 1) out.word(body, tx.last_height.get());
  if (pointers == 1) out.data(body + data_words, end, tx.payload);
}

template <class Fixed>
Result<Fixed> read_fixed(capnp::Data::Reader from, const char* field) {
  return fixed_from<Fixed>(ByteView(from.begin(), from.size()), field);
}

Result<Transaction> read_transfer(schema::Transfer::Reader from) {
  Transfer out;
  out.amount = from.getAmount();
  out.fee = from.getFee();
  out.nonce = from.getNonce();
  WITAN_TRY(out.from, read_fixed<AccountId>(from.getFrom(), "transfer.from"));
  WITAN_TRY(out.to, read_fixed<AccountId>(from.getTo(), "transfer.to"));
  WITAN_TRY(out.signature, read_fixed<Signature>(from.getSignature(), "transfer.signature"));
  const capnp::Data::Reader memo = from.getMemo();
  if (memo.size() > memo_bytes_max)
    return fail(ErrorCode::too_large, "transfer.memo", "a memo has at most 256 bytes");
  out.memo.assign(memo.begin(), memo.end());
  return out;
}

Result<Transaction> read(schema::Transaction::Reader from) {
  switch (from.which()) {
    case schema::Transaction::TRANSFER:
      return read_transfer(from.getTransfer());
    case schema::Transaction::OPAQUE: {
      const auto opaque = from.getOpaque();
      const capnp::Data::Reader payload = opaque.getPayload();
      return Opaque{Height(opaque.getLastHeight()), Bytes(payload.begin(), payload.end())};
    }
  }
  return fail(ErrorCode::unknown_type, "transaction", "not a transaction kind of this version");
}

Result<Transaction> read_words(kj::ArrayPtr<const capnp::word> words) {
  Result<Transaction> out = fail(ErrorCode::malformed, "transaction");
  const auto exception = kj::runCatchingExceptions([&] {
    const kj::ArrayPtr<const capnp::word> segments[1] = {words};
    capnp::SegmentArrayMessageReader reader(
        kj::arrayPtr(segments, 1), {.traversalLimitInWords = words.size() + 8, .nestingLimit = 4});
    out = read(reader.getRoot<schema::Transaction>());
  });
  if (exception != nullptr)
    return fail(ErrorCode::malformed, "transaction", "not a Cap'n Proto message of this schema");
  return out;
}

// Words must be aligned. Bytes from a vector are; a view into a larger message may not be.
Result<Transaction> read_bytes(ByteView bytes) {
  const std::size_t count = bytes.size() / word_bytes;
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(capnp::word) == 0)
    return read_words({reinterpret_cast<const capnp::word*>(bytes.data()), count});
  std::vector<capnp::word> copy(count);
  std::memcpy(static_cast<void*>(copy.data()), bytes.data(), bytes.size());
  return read_words({copy.data(), count});
}

}  // namespace

Bytes encode(const Transaction& tx) {
  Bytes out;
  WriteSink sink(out);
  std::visit([&](const auto& kind) { lay_out(sink, kind); }, tx);
  return out;
}

Result<Transaction> decode_transaction(ByteView bytes) {
  if (bytes.size() > tx_bytes_max)
    return fail(ErrorCode::too_large, "transaction", "a transaction has at most 64 KiB");
  if (bytes.empty() || bytes.size() % word_bytes != 0)
    return fail(ErrorCode::malformed, "transaction", "size is not a positive multiple of 8");
  auto tx = read_bytes(bytes);
  if (!tx) return tx;
  CompareSink sink(bytes);
  std::visit([&](const auto& kind) { lay_out(sink, kind); }, *tx);
  if (!sink.same())
    return fail(ErrorCode::not_canonical, "transaction", "bytes differ from the one encoding");
  return tx;
}

}  // namespace witan
