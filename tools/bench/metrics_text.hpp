// Prometheus text, as far as a benchmark reads it. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace witan::bench {

class MetricsText {
 public:
  // Lines that are no samples are skipped. `prefix` is left out of the names ("witan_").
  [[nodiscard]] static MetricsText parse(std::string_view text, std::string_view prefix);

  // Sum over all label values; 0 when there is no such metric.
  [[nodiscard]] double sum(const std::string& name) const;
  // Cumulative counts of a histogram by upper bound, over all label values.
  [[nodiscard]] std::map<double, double> buckets(const std::string& histogram) const;

 private:
  std::map<std::string, double> sums_;
  std::map<std::string, std::map<double, double>> buckets_;
};

// Cumulative counts added, or taken away, bound by bound.
using Buckets = std::map<double, double>;
void add_buckets(Buckets& to, const Buckets& more, double factor = 1.0);
// The value that `share` (0..1) of the observations do not exceed, interpolated within its bucket;
// the highest finite bound when it lies above; 0 without observations.
[[nodiscard]] double quantile(const Buckets& cumulative, double share);

}  // namespace witan::bench
