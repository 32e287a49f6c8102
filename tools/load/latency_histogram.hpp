// Latencies in log-linear buckets: 128 per power of two, so a reported value is at most 0.8 % above
// the recorded one, from 1 us to 36 minutes, in 27 KiB. Bounded memory, no allocation when
// recording; histograms of one layout can be added up. Values are microseconds.
// Source of the layout: the HDR histogram (Gil Tene). Thread rule: one thread.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace witan::loadgen {

class LatencyHistogram {
 public:
  static constexpr unsigned sub_bits = 7;
  static constexpr std::uint64_t sub_count = 1U << sub_bits;
  static constexpr std::uint64_t value_max = (std::uint64_t{1} << 31U) - 1;

  // Values above value_max are recorded as value_max; max() keeps the true one.
  void record(std::uint64_t value_us, std::uint64_t times = 1) {
    counts_[index_of(std::min(value_us, value_max))] += times;
    total_ += times;
    if (times != 0) max_ = std::max(max_, value_us);
  }
  void add(const LatencyHistogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    max_ = std::max(max_, other.max_);
  }
  [[nodiscard]] std::uint64_t count() const { return total_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }

  // Smallest recorded-bucket bound that `permille` of all values do not exceed; 0 when empty.
  [[nodiscard]] std::uint64_t percentile(std::uint64_t permille) const {
    if (total_ == 0) return 0;
    const std::uint64_t rank = std::max<std::uint64_t>(1, (total_ * permille + 999) / 1000);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= rank) return std::min(highest_of(i), max_);
    }
    return max_;
  }

  // Values below sub_count have a bucket each; above, each power of two is cut into sub_count.
  [[nodiscard]] static std::size_t index_of(std::uint64_t value) {
    if (value < sub_count) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - sub_bits - 1;
    return static_cast<std::size_t>(sub_count * (shift + 1) + ((value >> shift) - sub_count));
  }
  [[nodiscard]] static std::uint64_t highest_of(std::size_t index) {
    if (index < sub_count) return index;
    const std::uint64_t shift = index / sub_count - 1;
    return ((sub_count + index % sub_count + 1) << shift) - 1;
  }

 private:
  static constexpr std::size_t bucket_count = sub_count * (31 - sub_bits + 1);
  std::array<std::uint64_t, bucket_count> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace witan::loadgen
