// What happened in a run, one line an event, and a hash over every hop of every envelope. The same
// seed and commit give the same bytes.
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "messages/base/time.hpp"
#include "tools/sim/run_watch.hpp"

namespace witan::sim {

class RunLog {
 public:
  // Lines go to `file` as well when there is one. File and watch outlive the log.
  explicit RunLog(std::FILE* file = nullptr, bool keep = true, RunWatch* watch = nullptr)
      : file_(file), keep_(keep), watch_(watch) {}

  // "    12.345678 n0 what text"
  void line(Instant now, std::string_view node, std::string_view what, std::string_view text);
  // Mixes in a number.
  void mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e37'79b9'7f4a'7c15U;
    hash_ ^= hash_ >> 29U;
  }
  void mix(std::string_view text);
  void count_hop() { ++hops_; }

  // Null: nobody looks at single hops.
  [[nodiscard]] RunWatch* watch() const { return watch_; }
  [[nodiscard]] bool done() const { return watch_ != nullptr && watch_->done(); }

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t hops() const { return hops_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::FILE* file_;
  bool keep_;
  RunWatch* watch_;
  std::string text_;
  std::uint64_t hash_ = 0x7769'7461'6e00'0001U;
  std::uint64_t hops_ = 0;
};

// Start of virtual time: the runtime's own clock starts there.
inline constexpr Instant start_of_time{3'600'000'000'000};

}  // namespace witan::sim
