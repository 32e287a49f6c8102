// The node's metrics: one object per node, passed by reference, rendered as Prometheus text.
//
// Contract: adding to a counter or setting a gauge is one atomic operation; a histogram takes one
// short uncontended lock. Every method is thread-safe. Labelled metrics are looked up once and the
// handle kept: `auto c = metrics.rejected_msgs.with({"stale"});`. A metric holds at most
// series_max label combinations; further ones count together under the label value "other".
// Handles are valid as long as the Metrics object.
//
//   metrics.height.set(7);  metrics.finality.observe(duration);  metrics.rebroadcast.add();
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "actors/telemetry/metric_table.hpp"
#include "messages/base/time.hpp"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace witan {

class Metrics;
inline constexpr std::size_t series_max = 128;

class CounterHandle {
 public:
  void add(std::uint64_t n = 1) const;

 private:
  friend struct MetricFactory;
  explicit CounterHandle(prometheus::Counter* p) : p_(p) {}
  prometheus::Counter* p_;
};

class GaugeHandle {
 public:
  void set(double v) const;
  void set_count(std::uint64_t v) const { set(static_cast<double>(v)); }
  void add(double v) const;
  // What was set last: the API reads the node's condition here instead of keeping it twice.
  [[nodiscard]] std::uint64_t count() const;

 private:
  friend struct MetricFactory;
  explicit GaugeHandle(prometheus::Gauge* p) : p_(p) {}
  prometheus::Gauge* p_;
};

class HistogramHandle {
 public:
  void observe(double v) const;
  void observe(Duration d) const { observe(d.seconds()); }

 private:
  friend struct MetricFactory;
  explicit HistogramHandle(prometheus::Histogram* p) : p_(p) {}
  prometheus::Histogram* p_;
};

// A metric with labels. with() takes one value per label, in the order of the table.
template <class Handle>
class Labelled {
 public:
  [[nodiscard]] Handle with(std::initializer_list<std::string_view> values) const;
  struct Impl;

 private:
  friend struct MetricFactory;
  explicit Labelled(Impl* impl) : impl_(impl) {}
  Impl* impl_;
};
extern template class Labelled<CounterHandle>;
extern template class Labelled<GaugeHandle>;
extern template class Labelled<HistogramHandle>;

class Metrics {
 public:
  // `chain_name` becomes the label chain_id of every metric; `prefix` begins every name.
  explicit Metrics(std::string_view chain_name, std::string_view prefix = "witan");
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Prometheus text format 0.0.4. Reads /proc/self. Milliseconds; not for the hot path.
  [[nodiscard]] std::string render();

 private:
  friend struct MetricFactory;
  struct Impl;
  std::unique_ptr<Impl> impl_;

 public:
#define WITAN_C(cpp, ...) const CounterHandle cpp;
#define WITAN_G(cpp, ...) const GaugeHandle cpp;
#define WITAN_H(cpp, ...) const HistogramHandle cpp;
#define WITAN_CL(cpp, ...) const Labelled<CounterHandle> cpp;
#define WITAN_GL(cpp, ...) const Labelled<GaugeHandle> cpp;
#define WITAN_HL(cpp, ...) const Labelled<HistogramHandle> cpp;
  WITAN_METRICS(WITAN_C, WITAN_G, WITAN_H, WITAN_CL, WITAN_GL, WITAN_HL)
#undef WITAN_C
#undef WITAN_G
#undef WITAN_H
#undef WITAN_CL
#undef WITAN_GL
#undef WITAN_HL
};

}  // namespace witan
