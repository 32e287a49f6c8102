// Numbers 0, 1, ... below `count`, each given to `work` once, on `jobs` threads. Not part of a run:
// what a run does never depends on the thread it has.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace witan::sim {

// `progress` is called with `before` and what is done since, one call at a time. No number is begun
// after `stop` was set. Returns how many were done.
std::uint64_t in_parallel(std::uint64_t count, unsigned jobs, std::uint64_t before,
                          const std::function<void(std::uint64_t)>& progress,
                          const std::function<void(std::uint64_t)>& work,
                          const std::atomic<bool>* stop = nullptr);

}  // namespace witan::sim
