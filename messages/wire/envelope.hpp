// Envelope: the one form in which anything passes between two actors (architecture law 2).
//
// An Envelope is a reference to immutable Cap'n Proto words plus who, why and what: copying it
// copies a pointer. It is built once (Draft<T>), sent any number of times, and read in place
// (Received<T>). Inside a process it travels by reference; between hosts its words travel as bytes.
#pragma once
#include <capnp/generated-header-support.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

// Causality of a message: one trace is one tree of spans over the whole network.
struct TraceContext {
  std::uint64_t trace_hi = 0;
  std::uint64_t trace_lo = 0;
  std::uint64_t span = 0;    // of this message
  std::uint64_t parent = 0;  // span of the message whose handling sent this one; 0 at the root
  std::uint16_t hops = 0;    // process-local and network hops since the root
};

// Immutable Cap'n Proto words, shared by every envelope that carries them.
class Words {
 public:
  // Takes a builder's segments as they are (no flattening copy).
  explicit Words(std::unique_ptr<capnp::MallocMessageBuilder> built);
  // Copies a flat message (segment table + segments) that came from a socket or a disk. The segment
  // table is checked against the bytes; at most 64 segments. Errors: malformed.
  static Result<std::shared_ptr<const Words>> from_flat(ByteView flat);
  // The same without the copy, for a reader that assembled the words in place.
  static Result<std::shared_ptr<const Words>> adopt_flat(kj::Array<capnp::word> flat);

  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  [[nodiscard]] kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments() const {
    return {segments_.data(), segments_.size()};
  }
  // Size of the flat form: segment table and all segments.
  [[nodiscard]] std::size_t flat_bytes() const;
  // Appends the flat form to `out`.
  void append_flat(Bytes& out) const;

 private:
  Words() = default;
  std::unique_ptr<capnp::MallocMessageBuilder> built_;
  kj::Array<capnp::word> flat_;
  std::vector<kj::ArrayPtr<const capnp::word>> segments_;
};
using WordsPtr = std::shared_ptr<const Words>;

struct Envelope {
  std::uint64_t type = 0;  // Cap'n Proto type id of the root struct
  TraceContext trace;
  std::uint32_t sender = 0;   // slot of the sending actor in this process; 0 = outside
  std::uint64_t request = 0;  // non-zero: a reply with this number is expected by `sender`
  WordsPtr words;

  template <class T>
  [[nodiscard]] bool is() const {
    return type == capnp::typeId<T>();
  }
};

// A message under construction. `words_hint` sizes the first segment: pass bytes / 8 + 32 for
// messages that carry blobs, so that they are laid out in one segment without reallocation.
template <class T>
class Draft {
 public:
  explicit Draft(std::size_t words_hint = 48)
      : builder_(std::make_unique<capnp::MallocMessageBuilder>(static_cast<kj::uint>(words_hint))),
        root_(builder_->initRoot<T>()) {}

  typename T::Builder* operator->() { return &root_; }
  typename T::Builder& operator*() { return root_; }

  // Freezes the message. The draft must not be used afterwards.
  [[nodiscard]] Envelope seal() && {
    Envelope out;
    out.type = capnp::typeId<T>();
    out.words = std::make_shared<const Words>(std::move(builder_));
    return out;
  }

 private:
  std::unique_ptr<capnp::MallocMessageBuilder> builder_;
  typename T::Builder root_;
};

// A readable view of an envelope whose words are known to be a T (same process, or already decoded
// once under the limits of messages/wire/limits.hpp). Keeps the words alive.
template <class T>
class Received {
 public:
  explicit Received(const Envelope& envelope)
      : words_(envelope.words),
        reader_(words_->segments(), trusted_options()),
        root_(reader_.getRoot<T>()) {}
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;

  [[nodiscard]] typename T::Reader get() const { return root_; }
  typename T::Reader const* operator->() const { return &root_; }

 private:
  static capnp::ReaderOptions trusted_options() {
    return {.traversalLimitInWords = std::uint64_t{1} << 40, .nestingLimit = 64};
  }
  WordsPtr words_;
  capnp::SegmentArrayMessageReader reader_;
  typename T::Reader root_;
};

// Cap'n Proto Data <-> our byte types.
inline capnp::Data::Reader as_data(ByteView b) { return {b.data(), b.size()}; }
template <class Tag, std::size_t N>
capnp::Data::Reader as_data(const FixedBytes<Tag, N>& b) {
  return {b.data.data(), N};
}
inline ByteView as_view(capnp::Data::Reader d) { return {d.begin(), d.size()}; }

}  // namespace witan
