// Fixed-layout little-endian writer and reader: the building blocks of everything hashed or signed
// (crypto/sign_bytes) and of the fixed records on disk. Injective by construction: every field has
// a fixed width or a length prefix.
#pragma once
#include <bit>
#include <cstring>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

class ByteWriter {
 public:
  explicit ByteWriter(std::size_t reserve_bytes = 256) { out_.reserve(reserve_bytes); }
  ByteWriter& u8(std::uint8_t v) {
    out_.push_back(v);
    return *this;
  }
  ByteWriter& u16(std::uint16_t v) { return number(v); }
  ByteWriter& u32(std::uint32_t v) { return number(v); }
  ByteWriter& u64(std::uint64_t v) { return number(v); }
  ByteWriter& i64(std::int64_t v) { return number(static_cast<std::uint64_t>(v)); }
  // Raw bytes of a width fixed by the format.
  ByteWriter& raw(ByteView b) {
    append(out_, b);
    return *this;
  }
  // u32 length, then the bytes.
  ByteWriter& prefixed(ByteView b) {
    u32(static_cast<std::uint32_t>(b.size()));
    return raw(b);
  }
  [[nodiscard]] Bytes take() { return std::move(out_); }
  [[nodiscard]] ByteView view() const { return out_; }

 private:
  template <class T>
  ByteWriter& number(T v) {
    static_assert(std::endian::native == std::endian::little, "big-endian hosts need byte swaps");
    std::uint8_t raw_bytes[sizeof v];
    std::memcpy(raw_bytes, &v, sizeof v);
    append(out_, raw_bytes);
    return *this;
  }
  Bytes out_;
};

// Reads what ByteWriter wrote. A short read sets the failed flag and yields zeros; check done()
// once at the end: true only if every byte was used and nothing was short.
class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(number<std::uint64_t>()); }
  template <class Fixed>
  Fixed fixed() {
    return Fixed::from(raw(Fixed::size_bytes));
  }
  ByteView raw(std::size_t n) {
    if (n > in_.size()) {
      failed_ = true;
      in_ = {};
      return {};
    }
    ByteView out = in_.first(n);
    in_ = in_.subspan(n);
    return out;
  }
  // A length above `max` fails before anything is copied.
  ByteView prefixed(std::size_t max) {
    const std::uint32_t n = u32();
    if (n > max) {
      failed_ = true;
      in_ = {};
      return {};
    }
    return raw(n);
  }
  [[nodiscard]] std::size_t left() const { return in_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool done() const { return !failed_ && in_.empty(); }

 private:
  template <class T>
  T number() {
    T v{};
    ByteView b = raw(sizeof v);
    if (b.size() == sizeof v) std::memcpy(&v, b.data(), sizeof v);
    return v;
  }
  ByteView in_;
  bool failed_ = false;
};

}  // namespace witan
