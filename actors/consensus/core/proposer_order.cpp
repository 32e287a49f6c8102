#include "actors/consensus/core/proposer_order.hpp"

#include <algorithm>

#include "crypto/hash.hpp"
#include "messages/base/check.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/int_math.hpp"

namespace witan {
namespace {

constexpr std::uint64_t hours_per_bucket = 24;

U256 draw_of(const Hash32& entropy, Height height, const PublicKey& id) {
  static const HashTag tag("proposer-order");
  ByteWriter number(8);
  number.u64(height.get());
  const Hash32 hash = tagged_hash(tag, {entropy.view(), number.view(), id.view()});
  U256 out{};
  for (std::size_t i = 0; i < 32; ++i) out[i / 8] = out[i / 8] << 8U | hash.data[i];
  return out;
}

struct Candidate {
  ValidatorIndex index = 0;
  std::uint8_t tier = 0;
  std::uint64_t bucket = 0;
  U256 draw{};
};

// Indices follow the order of ids (ValidatorSet), so the index stands for the id.
bool before(const Candidate& a, const Candidate& b) {
  if (a.tier != b.tier) return a.tier > b.tier;
  if (a.bucket != b.bucket) return a.bucket > b.bucket;
  if (a.draw != b.draw) return a.draw < b.draw;
  return a.index < b.index;
}

}  // namespace

U256 divide(const U256& number, std::uint64_t divisor) {
  WITAN_CHECK(divisor != 0);
  U256 out{};
  std::uint64_t rest = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const u128 part = static_cast<u128>(rest) << 64U | number[i];
    out[i] = static_cast<std::uint64_t>(part / divisor);
    rest = static_cast<std::uint64_t>(part % divisor);
  }
  return out;
}

std::vector<ValidatorIndex> proposer_order(const ValidatorSet& validators, const Hash32& entropy,
                                           Height height) {
  std::vector<Candidate> candidates;
  candidates.reserve(validators.size());
  for (ValidatorIndex i = 0; i < validators.size(); ++i) {
    const Validator& v = validators.at(i);
    candidates.push_back({i, v.tier, v.timetoke_hours / hours_per_bucket,
                          divide(draw_of(entropy, height, v.key), v.power)});
  }
  std::sort(candidates.begin(), candidates.end(), before);
  std::vector<ValidatorIndex> out;
  out.reserve(candidates.size());
  for (const Candidate& c : candidates) out.push_back(c.index);
  return out;
}

}  // namespace witan
