#include "tools/sim/run_log.hpp"

#include <fmt/format.h>

namespace witan::sim {

void RunLog::mix(std::string_view text) {
  std::uint64_t h = 0xcbf2'9ce4'8422'2325U;
  for (const char c : text) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100'0000'01b3U;
  mix(h);
}

void RunLog::line(Instant now, std::string_view node, std::string_view what,
                  std::string_view text) {
  const std::int64_t us = (now - start_of_time).ns / 1000;
  const std::string out = fmt::format("{:>6}.{:06} {:<4} {:<10} {}\n", us / 1'000'000,
                                      us % 1'000'000, node, what, text);
  mix(out);
  if (watch_ != nullptr) watch_->line(out);
  if (file_ != nullptr) (void)std::fwrite(out.data(), 1, out.size(), file_);
  if (keep_) text_ += out;
}

}  // namespace witan::sim
