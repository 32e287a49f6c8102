// What block execution asks the state to become: one key of one module.
#pragma once
#include <optional>
#include <vector>

#include "messages/types/block.hpp"

namespace witan {

struct StateWrite {
  Module module = Module::accounts;
  Hash32 key;                  // an id or key as it is, or a hash made by the module
  std::optional<Bytes> value;  // nullopt removes the key
  bool operator==(const StateWrite&) const = default;
};
using StateWrites = std::vector<StateWrite>;

}  // namespace witan
