#include "actors/runtime/actor.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan::rt {

void Actor::add(const Entry& entry) {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), entry.type,
                       [](const Entry& e, std::uint64_t type) { return e.type < type; });
  WITAN_CHECK(at == entries_.end() || at->type != entry.type, context_.path(), entry.type);
  entries_.insert(at, entry);
}

bool Actor::dispatch(const Envelope& envelope) {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), envelope.type,
                       [](const Entry& e, std::uint64_t type) { return e.type < type; });
  if (at == entries_.end() || at->type != envelope.type) return false;
  at->call(*this, *at, envelope);
  return true;
}

}  // namespace witan::rt
