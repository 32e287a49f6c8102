#include "tools/bench/floor.hpp"

#include <algorithm>

#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "messages/base/check.hpp"
#include "tools/http/http_loop.hpp"

namespace witan::bench {
namespace {

// Microseconds of one call: the best of many short rounds, which other load disturbs least.
template <class Call>
double best_us(const Call& call) {
  constexpr int rounds = 150, calls = 5;
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const Instant begin = web::HttpLoop::now();
    for (int i = 0; i < calls; ++i) call();
    best = std::min(best, (web::HttpLoop::now() - begin).seconds() * 1e6 / calls);
  }
  return best;
}

}  // namespace

UnitCosts measure_unit_costs() {
  const SecretKey key = SecretKey::generate();
  const auto parsed = ParsedKey::parse(key.public_key());
  WITAN_CHECK(parsed.has_value());
  const Hash32 message = sha256({});
  const Signature signature = key.sign(message.view());
  UnitCosts out;
  out.verify_us = best_us([&] { WITAN_CHECK(parsed->verify(message.view(), signature)); });
  out.sign_us = best_us([&] { WITAN_CHECK(!key.sign(message.view()).is_zero()); });
  return out;
}

}  // namespace witan::bench
