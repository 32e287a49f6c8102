#include "actors/telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <vector>

#include "messages/base/check.hpp"

namespace witan {
namespace {

const std::vector<double>& boundaries(Buckets b) {
  static const std::vector<double> none;
  static const std::vector<double> latency{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                           0.25,  0.5,    1,     2.5,  5,     10};
  static const std::vector<double> micro{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
                                         0.001,   0.0025,   0.005,   0.01,   0.05,    0.25};
  static const std::vector<double> interval{0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                            0.5,    1,     2,    4,     8,    16,  60};
  static const std::vector<double> bytes{64, 256, 1024, 4096, 16384, 65536, 262144, 1048576};
  switch (b) {
    case Buckets::none:
      return none;
    case Buckets::latency:
      return latency;
    case Buckets::micro:
      return micro;
    case Buckets::interval:
      return interval;
    case Buckets::bytes:
      return bytes;
  }
  return none;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    out.emplace_back(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return out;
}

const MetricInfo& info_of(std::string_view cpp_name) {
  for (const MetricInfo& info : metric_table)
    if (info.cpp_name == cpp_name) return info;
  WITAN_UNREACHABLE(std::string(cpp_name));
}

// The library's type and builder behind each of our handles.
template <class Handle>
struct Backend;
template <>
struct Backend<CounterHandle> {
  using Type = prometheus::Counter;
  static auto builder() { return prometheus::BuildCounter(); }
  static Type& make(prometheus::Family<Type>& f, const prometheus::Labels& l, Buckets) {
    return f.Add(l);
  }
};
template <>
struct Backend<GaugeHandle> {
  using Type = prometheus::Gauge;
  static auto builder() { return prometheus::BuildGauge(); }
  static Type& make(prometheus::Family<Type>& f, const prometheus::Labels& l, Buckets) {
    return f.Add(l);
  }
};
template <>
struct Backend<HistogramHandle> {
  using Type = prometheus::Histogram;
  static auto builder() { return prometheus::BuildHistogram(); }
  static Type& make(prometheus::Family<Type>& f, const prometheus::Labels& l, Buckets b) {
    return f.Add(l, boundaries(b));
  }
};

// Label values come from the program's vocabulary or from peers: bounded and printable.
std::string clean_label(std::string_view value) {
  std::string out(value.substr(0, 64));
  for (char& c : out)
    if (c < 0x20 || c > 0x7E) c = '?';
  return out;
}

}  // namespace

template <class Handle>
struct Labelled<Handle>::Impl {
  using Type = typename Backend<Handle>::Type;
  prometheus::Family<Type>* family = nullptr;
  std::vector<std::string> names;
  Buckets buckets = Buckets::none;
  std::mutex mutex;
  std::map<std::vector<std::string>, Type*> series;

  Type* find_or_add(std::initializer_list<std::string_view> values) {
    WITAN_CHECK(values.size() == names.size(), values.size(), names.size());
    std::vector<std::string> key;
    for (const std::string_view v : values) key.push_back(clean_label(v));
    const std::lock_guard lock(mutex);
    if (const auto it = series.find(key); it != series.end()) return it->second;
    if (series.size() + 1 >= series_max) key.assign(names.size(), "other");
    if (const auto it = series.find(key); it != series.end()) return it->second;
    prometheus::Labels labels;
    for (std::size_t i = 0; i < names.size(); ++i) labels[names[i]] = key[i];
    Type* made = &Backend<Handle>::make(*family, labels, buckets);
    series.emplace(std::move(key), made);
    return made;
  }
};

struct Metrics::Impl {
  Impl(std::string_view chain_name, std::string_view name_prefix)
      : prefix(std::string(name_prefix) + "_"), constant{{"chain_id", std::string(chain_name)}} {}
  std::string prefix;
  prometheus::Registry registry;
  prometheus::Labels constant;
  std::deque<Labelled<CounterHandle>::Impl> counters;
  std::deque<Labelled<GaugeHandle>::Impl> gauges;
  std::deque<Labelled<HistogramHandle>::Impl> histograms;

  template <class Handle>
  auto& family(const MetricInfo& info) {
    return Backend<Handle>::builder()
        .Name(prefix + std::string(info.name))
        .Help(std::string(info.help))
        .Labels(constant)
        .Register(registry);
  }
};

struct MetricFactory {
  Metrics::Impl& impl;

  template <class Handle>
  Handle plain(std::string_view cpp_name) {
    const MetricInfo& info = info_of(cpp_name);
    return Handle(&Backend<Handle>::make(impl.family<Handle>(info), {}, info.buckets));
  }
  template <class Handle>
  Labelled<Handle> labelled(std::string_view cpp_name) {
    const MetricInfo& info = info_of(cpp_name);
    auto& store = [this]() -> auto& {
      if constexpr (std::is_same_v<Handle, CounterHandle>)
        return impl.counters;
      else if constexpr (std::is_same_v<Handle, GaugeHandle>)
        return impl.gauges;
      else
        return impl.histograms;
    }
    ();
    auto& made = store.emplace_back();
    made.family = &impl.family<Handle>(info);
    made.names = split(info.labels);
    made.buckets = info.buckets;
    return Labelled<Handle>(&made);
  }
  template <class Handle>
  static Handle wrap(typename Backend<Handle>::Type* p) {
    return Handle(p);
  }
};

template <class Handle>
Handle Labelled<Handle>::with(std::initializer_list<std::string_view> values) const {
  return MetricFactory::wrap<Handle>(impl_->find_or_add(values));
}
template class Labelled<CounterHandle>;
template class Labelled<GaugeHandle>;
template class Labelled<HistogramHandle>;

void CounterHandle::add(std::uint64_t n) const { p_->Increment(static_cast<double>(n)); }
void GaugeHandle::set(double v) const { p_->Set(v); }
void GaugeHandle::add(double v) const { p_->Increment(v); }
std::uint64_t GaugeHandle::count() const { return static_cast<std::uint64_t>(p_->Value()); }
void HistogramHandle::observe(double v) const { p_->Observe(v); }

#define WITAN_C(cpp, ...) , cpp(MetricFactory{*impl_}.plain<CounterHandle>(#cpp))
#define WITAN_G(cpp, ...) , cpp(MetricFactory{*impl_}.plain<GaugeHandle>(#cpp))
#define WITAN_H(cpp, ...) , cpp(MetricFactory{*impl_}.plain<HistogramHandle>(#cpp))
#define WITAN_CL(cpp, ...) , cpp(MetricFactory{*impl_}.labelled<CounterHandle>(#cpp))
#define WITAN_GL(cpp, ...) , cpp(MetricFactory{*impl_}.labelled<GaugeHandle>(#cpp))
#define WITAN_HL(cpp, ...) , cpp(MetricFactory{*impl_}.labelled<HistogramHandle>(#cpp))
Metrics::Metrics(std::string_view chain_name, std::string_view prefix)
    : impl_(new Impl(chain_name, prefix))
          WITAN_METRICS(WITAN_C, WITAN_G, WITAN_H, WITAN_CL, WITAN_GL, WITAN_HL) {}
Metrics::~Metrics() = default;

namespace {

struct ProcessSample {
  double process_cpu_seconds_total = 0;
  double process_open_fds = 0;
  double process_max_fds = 0;
  double process_resident_memory_bytes = 0;
  double process_virtual_memory_bytes = 0;
  double process_threads = 0;
  double process_start_time_seconds = 0;
};

double boot_time_seconds() {
  std::ifstream in("/proc/stat");
  std::string word;
  while (in >> word)
    if (word == "btime" && in >> word) return std::stod(word);
  return 0;
}

// proc(5): fields after the command name, which is in parentheses and may contain spaces.
ProcessSample sample_process() {
  ProcessSample s;
  std::ifstream in("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 2)));
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::string field;
  for (int i = 3; fields >> field && i <= 24; ++i) {
    if (i == 14 || i == 15) s.process_cpu_seconds_total += std::stod(field) / ticks;
    if (i == 20) s.process_threads = std::stod(field);
    if (i == 22) s.process_start_time_seconds = boot_time_seconds() + std::stod(field) / ticks;
    if (i == 23) s.process_virtual_memory_bytes = std::stod(field);
    if (i == 24)
      s.process_resident_memory_bytes =
          std::stod(field) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  std::error_code ignored;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", ignored);
       it != std::filesystem::directory_iterator(); it.increment(ignored))
    ++s.process_open_fds;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    s.process_max_fds = static_cast<double>(limit.rlim_cur);
  return s;
}

void append_process_metrics(std::vector<prometheus::MetricFamily>& out) {
  const ProcessSample sample = sample_process();
  const auto put = [&out](std::string name, MetricType type, std::string help, double value) {
    prometheus::ClientMetric metric;
    if (type == MetricType::counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    out.push_back({std::move(name),
                   std::move(help),
                   type == MetricType::counter ? prometheus::MetricType::Counter
                                               : prometheus::MetricType::Gauge,
                   {metric}});
  };
#define WITAN_X(name, type, help) put(#name, MetricType::type, help, sample.name);
  WITAN_PROCESS_METRICS(WITAN_X)
#undef WITAN_X
}

}  // namespace

std::string Metrics::render() {
  auto families = impl_->registry.Collect();
  append_process_metrics(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace witan
