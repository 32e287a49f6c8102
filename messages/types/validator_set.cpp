#include "messages/types/validator_set.hpp"

#include <algorithm>

#include "messages/base/int_math.hpp"

namespace witan {

Result<ValidatorSet> ValidatorSet::make(std::vector<Validator> validators) {
  if (validators.empty()) return fail(ErrorCode::missing, "validators", "the set is empty");
  if (validators.size() > validators_max)
    return fail(ErrorCode::too_large, "validators", "more than 512 validators");
  std::sort(validators.begin(), validators.end(),
            [](const Validator& a, const Validator& b) { return a.key < b.key; });
  ValidatorSet out;
  for (std::size_t i = 0; i < validators.size(); ++i) {
    if (i > 0 && validators[i].key == validators[i - 1].key)
      return fail(ErrorCode::duplicate, "validators.key", "a key appears twice");
    if (validators[i].power == 0)
      return fail(ErrorCode::out_of_range, "validators.power", "power must be positive");
    const auto total = checked_add(out.power_total_, validators[i].power);
    if (!total || *total > power_total_max)
      return fail(ErrorCode::out_of_range, "validators.power", "total power above 2^62 - 1");
    out.power_total_ = *total;
  }
  out.validators_ = std::move(validators);
  return out;
}

std::optional<ValidatorIndex> ValidatorSet::index_of(const PublicKey& key) const {
  const auto it =
      std::lower_bound(validators_.begin(), validators_.end(), key,
                       [](const Validator& v, const PublicKey& k) { return v.key < k; });
  if (it == validators_.end() || it->key != key) return std::nullopt;
  return static_cast<ValidatorIndex>(it - validators_.begin());
}

bool ValidatorSet::is_quorum(std::uint64_t power) const {
  return static_cast<u128>(power) * 3 > static_cast<u128>(power_total_) * 2;
}

bool ValidatorSet::is_honest(std::uint64_t power) const {
  return static_cast<u128>(power) * 3 > static_cast<u128>(power_total_);
}

}  // namespace witan
