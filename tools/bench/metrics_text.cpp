#include "tools/bench/metrics_text.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>

namespace witan::bench {
namespace {

constexpr std::string_view bucket_suffix = "_bucket";

std::string_view label_value(std::string_view labels, std::string_view name) {
  const std::string key = std::string(name) + "=\"";
  const std::size_t at = labels.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = labels.substr(at + key.size());
  return rest.substr(0, rest.find('"'));
}

double number_of(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  return std::strtod(std::string(text).c_str(), nullptr);
}

}  // namespace

MetricsText MetricsText::parse(std::string_view text, std::string_view prefix) {
  MetricsText out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    const std::size_t brace = line.find('{');
    const std::size_t close = line.rfind('}');
    const bool labelled = brace != std::string_view::npos && close != std::string_view::npos;
    const std::size_t name_end = labelled ? brace : line.find(' ');
    if (name_end == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, name_end);
    const std::string_view labels = labelled ? line.substr(brace, close - brace) : "";
    std::string_view value = line.substr(labelled ? close + 1 : name_end);
    while (value.starts_with(' ')) value.remove_prefix(1);
    const double number = number_of(value.substr(0, value.find(' ')));
    if (name.ends_with(bucket_suffix)) {
      const std::string histogram(name.substr(0, name.size() - bucket_suffix.size()));
      out.buckets_[histogram][number_of(label_value(labels, "le"))] += number;
    } else {
      out.sums_[std::string(name)] += number;
    }
  }
  return out;
}

double MetricsText::sum(const std::string& name) const {
  const auto at = sums_.find(name);
  return at == sums_.end() ? 0 : at->second;
}

Buckets MetricsText::buckets(const std::string& histogram) const {
  const auto at = buckets_.find(histogram);
  return at == buckets_.end() ? Buckets{} : at->second;
}

void add_buckets(Buckets& to, const Buckets& more, double factor) {
  for (const auto& [bound, count] : more) to[bound] += factor * count;
}

double quantile(const Buckets& cumulative, double share) {
  if (cumulative.empty()) return 0;
  const double total = cumulative.rbegin()->second;
  if (total <= 0) return 0;
  const double rank = share * total;
  double low = 0, below = 0;
  for (const auto& [bound, count] : cumulative) {
    if (count >= rank && count > below) {
      if (std::isinf(bound)) return low;
      return low + (bound - low) * (rank - below) / (count - below);
    }
    if (!std::isinf(bound)) low = bound;
    below = count;
  }
  return low;
}

}  // namespace witan::bench
