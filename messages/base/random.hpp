// Seedable pseudo-random numbers for jitter, sampling and the simulator. NOT for keys or nonces:
// those come from crypto/random.hpp.
#pragma once
#include <cstdint>
#include <string_view>

namespace witan {

// xoshiro256** seeded through splitmix64: the same numbers on every platform and compiler.
// Not thread-safe: give each component its own fork, so that a draw added in one place does not
// shift the draws of another.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  [[nodiscard]] std::uint64_t next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // True with probability permille/1000.
  [[nodiscard]] bool chance_permille(std::uint32_t permille) { return below(1000) < permille; }
  // An independent stream, determined by this generator's seed and the name only.
  [[nodiscard]] Random fork(std::string_view name) const;

 private:
  std::uint64_t seed_;
  std::uint64_t state_[4];
};

}  // namespace witan
