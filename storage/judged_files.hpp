// A file system above another one in which any call can go wrong: before each, what becomes of it
// is asked of judge(). One way to carry faults out, several to decide on them: rules
// (actors/runtime/faults/fault_files.hpp), numbered calls (fault_file_system.hpp), simulated disks.
//
// A failed sync is final for its file, as File says. Threads: as FileSystem, if judge() allows it.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file_system.hpp"

namespace witan {

enum class IoKind : std::uint8_t {
  open,
  create,
  size,
  read,
  write,
  sync,
  preallocate,
  truncate,
  list,
  make_folder,
  rename,
  remove,
  sync_folder,
  free_bytes,
  identity,
  // Not of files, for those who judge more than them:
  db_read,
  db_write,
  moment,  // no call at all: only power can be lost here
};
[[nodiscard]] std::string_view name_of(IoKind kind);

struct IoVerdict {
  Status status{};          // an error: the call fails with it
  std::uint64_t part = 0;   // of a failed write: so many of its bytes are written nevertheless
  std::uint64_t wrong = 0;  // of a read: so many bytes come out changed,
  std::uint64_t place = 0;  //   from this one on, modulo what was read
  bool lied = false;        // of a sync: success, and nothing was done
};

class JudgedFiles : public FileSystem {
 public:
  // REQUIRES: `inner` outlives this, and this its files.
  explicit JudgedFiles(FileSystem& inner) : inner_(inner) {}

  [[nodiscard]] Result<std::unique_ptr<File>> open(const FilePath& path, OpenMode mode) final;
  [[nodiscard]] bool exists(const FilePath& path) const final { return inner_.exists(path); }
  [[nodiscard]] Result<std::vector<std::string>> list(const FilePath& folder) const final;
  [[nodiscard]] Status create_directories(const FilePath& folder) final;
  [[nodiscard]] Status rename(const FilePath& from, const FilePath& to) final;
  [[nodiscard]] Status remove(const FilePath& path) final;
  [[nodiscard]] Status sync_directory(const FilePath& folder) final;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const FilePath& folder) const final;
  [[nodiscard]] Result<FolderIdentity> identity(const FilePath& folder) const final;

 protected:
  // Before the call is made. `bytes`: of a write.
  [[nodiscard]] virtual IoVerdict judge(IoKind kind, const std::string& path,
                                        std::uint64_t bytes) const = 0;

 private:
  class JudgedFile;
  [[nodiscard]] IoVerdict ask(IoKind kind, const FilePath& path) const {
    return judge(kind, path.string(), 0);
  }
  FileSystem& inner_;
};

}  // namespace witan
