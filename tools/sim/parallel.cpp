#include "tools/sim/parallel.hpp"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace witan::sim {

std::uint64_t in_parallel(std::uint64_t count, unsigned jobs, std::uint64_t before,
                          const std::function<void(std::uint64_t)>& progress,
                          const std::function<void(std::uint64_t)>& work,
                          const std::atomic<bool>* stop) {
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::uint64_t done = 0;
  const auto loop = [&] {
    for (std::uint64_t i = next++; i < count && !(stop != nullptr && *stop); i = next++) {
      work(i);
      const std::lock_guard lock(mutex);
      progress(before + ++done);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned j = 1; j < std::max(1U, jobs); ++j) threads.emplace_back(loop);
  loop();
  for (std::thread& thread : threads) thread.join();
  return done;
}

}  // namespace witan::sim
