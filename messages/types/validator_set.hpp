// The validators of an epoch: who may vote, with which power, and who proposes when.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/height.hpp"

namespace witan {

struct Validator {
  PublicKey key;            // consensus key; also the validator's id
  std::uint64_t power = 0;  // > 0
  std::uint8_t tier = 0;    // 0..5 (blueprint §1.2)
  std::uint64_t timetoke_hours = 0;
  bool operator==(const Validator&) const = default;
};

inline constexpr std::size_t validators_max = 512;
// Total power fits 63 bits with room for 3 * power in 128-bit arithmetic (decisions.md D3).
inline constexpr std::uint64_t power_total_max = (std::uint64_t{1} << 62) - 1;

// Immutable. Validators are ordered by key; an index is a position in that order.
class ValidatorSet {
 public:
  // Errors: missing (empty, P13), too_large, duplicate (key), out_of_range (zero power, total).
  static Result<ValidatorSet> make(std::vector<Validator> validators);

  [[nodiscard]] std::size_t size() const { return validators_.size(); }
  [[nodiscard]] const Validator& at(ValidatorIndex i) const { return validators_[i]; }
  [[nodiscard]] const std::vector<Validator>& all() const { return validators_; }
  [[nodiscard]] std::uint64_t power_total() const { return power_total_; }
  [[nodiscard]] std::optional<ValidatorIndex> index_of(const PublicKey& key) const;

  // Strictly more than 2/3 (quorum) or 1/3 (honest: at least one correct validator) of total power.
  [[nodiscard]] bool is_quorum(std::uint64_t power) const;
  [[nodiscard]] bool is_honest(std::uint64_t power) const;

 private:
  std::vector<Validator> validators_;
  std::uint64_t power_total_ = 0;
};
using ValidatorSetPtr = std::shared_ptr<const ValidatorSet>;

}  // namespace witan
