// FaultFiles: a file system whose calls obey the rules for disks. What a rule does not touch goes
// to the file system below, for the price of one load while there is no rule for a disk.
//
// `slow` and `hang` block the calling thread (hang: until the rule is cleared or its time is over).
// A failed sync is final for its file, as File says. Threads: as FileSystem.
#pragma once
#include <string>

#include "actors/runtime/faults/plan.hpp"
#include "storage/file_system.hpp"

namespace witan::faults {

class FaultFiles final : public FileSystem {
 public:
  // `node` is what "at" in a rule is compared with. All outlive this and its files.
  FaultFiles(FileSystem& inner, Rules& rules, std::string node)
      : inner_(inner), rules_(rules), node_(std::move(node)) {}

  [[nodiscard]] Result<std::unique_ptr<File>> open(const FilePath& path, OpenMode mode) override;
  [[nodiscard]] bool exists(const FilePath& path) const override { return inner_.exists(path); }
  [[nodiscard]] Result<std::vector<std::string>> list(const FilePath& folder) const override;
  [[nodiscard]] Status create_directories(const FilePath& folder) override;
  [[nodiscard]] Status rename(const FilePath& from, const FilePath& to) override;
  [[nodiscard]] Status remove(const FilePath& path) override;
  [[nodiscard]] Status sync_directory(const FilePath& folder) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const FilePath& folder) const override;
  [[nodiscard]] Result<FolderIdentity> identity(const FilePath& folder) const override;

 private:
  FileSystem& inner_;
  Rules& rules_;
  const std::string node_;
};

}  // namespace witan::faults
