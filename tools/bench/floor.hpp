// What this machine could do at best: the bound a measured figure is compared with.
//
// Heights (consensus specification §5.3), CPU of all n processes on C cores per height:
//   V = 2q - 1              signatures a node verifies when it stops at the quorum, q = 2n/3 + 1
//   W = n V t_v + (2n+1) t_s + (2n+1)(n-1) t_msg + n t_core
//   floor = C / W           heights per second
// t_v and t_s (verify, sign) are measured when the benchmark starts; t_msg = 10 us is one message
// sent, received and dispatched, t_core = 10 us what one node computes and stores per height.
// Signed transfers: every node verifies each once, nothing else counted: floor = C / (n t_v).
// Opaque transactions carry no signature: no floor is stated for them.
// Pure.
#pragma once
#include <cstddef>

namespace witan::bench {

struct UnitCosts {
  double verify_us = 0;
  double sign_us = 0;
  double message_us = 10;
  double core_us = 10;
};

[[nodiscard]] constexpr std::size_t quorum_of(std::size_t n) { return 2 * n / 3 + 1; }

[[nodiscard]] constexpr double height_cpu_us(std::size_t validators, const UnitCosts& cost) {
  const auto n = static_cast<double>(validators);
  const double verified = 2.0 * static_cast<double>(quorum_of(validators)) - 1.0;
  const double messages = 2.0 * n + 1.0;  // a proposal, and two votes of each
  return n * verified * cost.verify_us + messages * cost.sign_us +
         messages * (n - 1.0) * cost.message_us + n * cost.core_us;
}
[[nodiscard]] constexpr double heights_floor(std::size_t validators, unsigned cores,
                                             const UnitCosts& cost) {
  return cores * 1e6 / height_cpu_us(validators, cost);
}
[[nodiscard]] constexpr double transfers_floor(std::size_t validators, unsigned cores,
                                               const UnitCosts& cost) {
  return cores * 1e6 / (static_cast<double>(validators) * cost.verify_us);
}

// Verifies and signs for about 50 ms on this thread; best of many short rounds.
[[nodiscard]] UnitCosts measure_unit_costs();

}  // namespace witan::bench
