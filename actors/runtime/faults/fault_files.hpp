// FaultFiles: a file system whose calls obey the rules for disks. What a rule does not touch goes
// to the file system below, for the price of one load while there is no rule for a disk.
//
// `slow` and `hang` block the calling thread (hang: until the rule is cleared or its time is over).
// Threads: as FileSystem.
#pragma once
#include <string>

#include "actors/runtime/faults/plan.hpp"
#include "storage/judged_files.hpp"

namespace witan::faults {

// What a decision makes of a call on this path; the time that it takes is the caller's matter.
// `who` comes before the reason in an error's text.
[[nodiscard]] IoVerdict verdict_of(const Decision& decision, const std::string& path,
                                   const std::string& who = {});

class FaultFiles final : public JudgedFiles {
 public:
  // `node` is what "at" in a rule is compared with. All outlive this and its files.
  FaultFiles(FileSystem& inner, Rules& rules, std::string node)
      : JudgedFiles(inner), rules_(rules), node_(std::move(node)) {}

 private:
  [[nodiscard]] IoVerdict judge(IoKind kind, const std::string& path,
                                std::uint64_t bytes) const override;
  Rules& rules_;
  const std::string node_;
};

}  // namespace witan::faults
