// A FileSystem in memory in which any call of any kind can go wrong, for tests that try them all:
// run a workload once and look at calls(), then run it again for each call and each fault that can
// meet it.
//
// The plan numbers the calls, starting with 1, also those of other storage that asks it (the
// databases of a test) and moments that are no call at all (a message that leaves). Not
// thread-safe: for deterministic runtimes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/judged_files.hpp"
#include "storage/memory_file_system.hpp"

namespace witan {

enum class IoFault : std::uint8_t {
  error,        // nothing happens, Error io
  no_space,     // nothing happens, Error no_space
  short_write,  // a write leaves its first `at` bytes, Error no_space
  failed_sync,  // Error io, and what should have become durable never will
  lost_sync,    // success, and what should have become durable is gone when power is lost
  flip,         // a read gives one wrong bit, in byte `at` modulo its size
  power_loss,   // a write leaves its first `at` bytes, then nothing works any more
};
[[nodiscard]] std::string_view name_of(IoFault fault);
// The faults that can meet a call of this kind.
[[nodiscard]] std::vector<IoFault> faults_of(IoKind kind);

struct IoCall {
  IoKind kind = IoKind::open;
  std::string path;
  std::uint64_t bytes = 0;  // of a write
};

class IoFaultPlan {
 public:
  // The call with this number (see calls()) meets the fault.
  void set(std::uint64_t number, IoFault fault, std::uint64_t at = 0);
  void clear();  // power is back as well
  void lose_power() { powered_ = false; }
  void restore_power() { powered_ = true; }
  // How many calls there were: the next one has number calls() + 1.
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  // Keeps what was called, for the enumeration.
  void record() { recording_ = true; }
  [[nodiscard]] const std::vector<IoCall>& recorded() const { return recorded_; }
  [[nodiscard]] bool powered() const { return powered_; }
  [[nodiscard]] bool hit() const { return hit_; }  // the fault was met

  struct Decision {
    std::optional<IoFault> fault;
    std::uint64_t at = 0;
  };
  // For who carries calls out.
  Decision next(IoKind kind, const std::string& path, std::uint64_t bytes = 0);
  // The same for calls that either work or fail.
  [[nodiscard]] Status next_plain(IoKind kind, const std::string& path);

 private:
  std::uint64_t calls_ = 0;
  std::uint64_t number_ = 0;  // 0: none
  IoFault fault_ = IoFault::error;
  std::uint64_t at_ = 0;
  bool recording_ = false;
  bool powered_ = true;
  bool hit_ = false;
  std::vector<IoCall> recorded_;
};

// REQUIRES: plan and disk outlive it and its files.
class FaultFileSystem final : public JudgedFiles {
 public:
  FaultFileSystem(MemoryFileSystem& disk, IoFaultPlan& plan)
      : JudgedFiles(disk), disk_(disk), plan_(plan) {}

 private:
  [[nodiscard]] IoVerdict judge(IoKind kind, const std::string& path,
                                std::uint64_t bytes) const override;
  MemoryFileSystem& disk_;
  IoFaultPlan& plan_;
};

}  // namespace witan
