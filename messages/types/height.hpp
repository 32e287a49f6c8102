// Where consensus is: height, round, step; and what kind of vote.
#pragma once
#include <compare>
#include <cstdint>
#include <string_view>

#include "messages/base/strong.hpp"

namespace witan {

// Height of a block. 0 is the genesis state; the first block has genesis.initial_height (>= 1).
using Height = Strong<struct HeightTag, std::uint64_t>;

// Round within a height; nil (-1) means "none" (no lock, no proof-of-lock round).
class Round {
 public:
  constexpr Round() = default;  // nil
  constexpr explicit Round(std::int32_t value) : value_(value) {}
  [[nodiscard]] static constexpr Round nil() { return Round(); }
  [[nodiscard]] constexpr bool is_nil() const { return value_ < 0; }
  [[nodiscard]] constexpr std::int32_t get() const { return value_; }
  [[nodiscard]] constexpr Round next() const { return Round(value_ + 1); }
  constexpr auto operator<=>(const Round&) const = default;

 private:
  std::int32_t value_ = -1;
};
// Rounds above this are refused at the decoder (a height needs years of timeouts to get there).
inline constexpr std::int32_t round_max = 1'000'000;

enum class Step : std::uint8_t {
  unstarted = 0,
  propose = 1,
  prevote = 2,
  precommit = 3,
  commit = 4
};
enum class VoteType : std::uint8_t { prevote = 1, precommit = 2 };
// Position of a validator in its ValidatorSet.
using ValidatorIndex = std::uint32_t;

[[nodiscard]] constexpr std::string_view name_of(Step s) {
  switch (s) {
    case Step::unstarted:
      return "unstarted";
    case Step::propose:
      return "propose";
    case Step::prevote:
      return "prevote";
    case Step::precommit:
      return "precommit";
    case Step::commit:
      return "commit";
  }
  return "unknown";
}
[[nodiscard]] constexpr std::string_view name_of(VoteType t) {
  return t == VoteType::prevote ? "prevote" : "precommit";
}

}  // namespace witan
