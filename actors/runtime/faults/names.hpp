// The words of the grammar, shared by its reader and its writer.
#pragma once
#include <array>
#include <string_view>

#include "actors/runtime/faults/rule.hpp"

namespace witan::faults {

struct ActionWord {
  std::string_view word;
  // Letters of the targets it fits: a actor, l link, d disk, c clock.
  std::string_view targets;
};
// In the order of Action.
inline constexpr std::array<ActionWord, 15> action_words{{{"drop", "al"},
                                                          {"delay", "al"},
                                                          {"duplicate", "al"},
                                                          {"reorder", "al"},
                                                          {"corrupt", "ld"},
                                                          {"throw", "a"},
                                                          {"hang", "ald"},
                                                          {"slow", "ald"},
                                                          {"kill", "al"},
                                                          {"no_space", "d"},
                                                          {"io_error", "d"},
                                                          {"short_write", "d"},
                                                          {"lost_fsync", "d"},
                                                          {"step", "c"},
                                                          {"drift", "c"}}};

struct UnitWord {
  std::string_view word;
  std::int64_t ns;
};
// Largest first, for the writer.
inline constexpr std::array<UnitWord, 6> unit_words{{{"h", 3'600'000'000'000},
                                                     {"m", 60'000'000'000},
                                                     {"s", 1'000'000'000},
                                                     {"ms", 1'000'000},
                                                     {"us", 1'000},
                                                     {"ns", 1}}};

}  // namespace witan::faults
