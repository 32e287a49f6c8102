// Reading words that came from a peer, a user or a disk: under a traversal limit, with Cap'n
// Proto's pointer errors turned into `malformed`. Everything hostile passes here once.
#pragma once
#include <capnp/serialize.h>
#include <kj/exception.h>

#include "messages/base/result.hpp"
#include "messages/wire/envelope.hpp"

namespace witan {

// Calls `read` (T::Reader -> Result<X>) on the root. A reader may visit each word about twice
// (pointers may overlap), so amplification by overlapping pointers is refused.
template <class T, class Read>
[[nodiscard]] auto decode(const Words& words, Read&& read) -> decltype(read(typename T::Reader())) {
  using R = decltype(read(typename T::Reader()));
  R result = fail(ErrorCode::malformed, "message");
  const auto exception = kj::runCatchingExceptions([&] {
    capnp::SegmentArrayMessageReader reader(
        words.segments(),
        {.traversalLimitInWords = words.flat_bytes() / 4 + 64, .nestingLimit = 16});
    result = read(reader.getRoot<T>());
  });
  KJ_IF_MAYBE (e, exception) {
    return fail(ErrorCode::malformed, "message",
                std::string(e->getDescription().cStr()).substr(0, 120));
  }
  return result;
}

}  // namespace witan
