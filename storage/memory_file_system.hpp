// A FileSystem in memory that can lose power, tear writes and fail on demand.
//
// What survives crash(): bytes covered by a successful File::sync, and names covered by a
// successful sync_directory. A file that was synced under a name that was not is gone. Handles
// opened before the crash fail with io. This is what POSIX promises, not what a lenient file system
// happens to do. Bytes that a failed or lost sync was asked for are never durable by a later sync:
// as with a kernel that marks the pages clean, only writing them again helps.
//
// Every operation that changes something (write, sync, preallocate, truncate, creating open,
// rename, remove, sync_directory) has a number, starting with 1; faults are addressed by it.
// Thread-safe. Used by tests and the simulator.
#pragma once
#include <map>
#include <mutex>
#include <optional>

#include "messages/base/random.hpp"
#include "storage/file_system.hpp"

namespace witan {

enum class FaultKind : std::uint8_t {
  io,           // nothing happens, Error io
  no_space,     // nothing happens, Error no_space
  short_write,  // a write leaves its first half, Error no_space; other operations: as io
  failed_sync,  // a sync loses what it should have made durable, Error io; others: as io
  lost_sync,    // a sync says it succeeded and loses it: readers see it until power is lost
};

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;

  // The operation with this number (see operations()) fails; `sticky`: all later ones as well.
  void fail_operation(std::uint64_t number, FaultKind kind, bool sticky = false);
  void clear_faults();
  // How many numbered operations have been started.
  [[nodiscard]] std::uint64_t operations() const;
  void set_free_bytes(std::uint64_t bytes);
  // Of every folder: as if all of them had been copied to another place.
  void set_identity(FolderIdentity identity);

  // Power loss: everything not synced is gone.
  void crash();
  // Power loss with torn writes: of the bytes written since the last sync (over all files, in order
  // of writing) the first `kept` reach the disk, the rest do not. Names are as in crash().
  void crash_keeping(std::uint64_t kept);
  // Power loss with writes reordered: every un-synced 512-byte sector survives or not, by chance.
  void crash_randomly(Random& random);
  // Bytes written and not yet synced, over all files.
  [[nodiscard]] std::uint64_t unsynced_bytes() const;

  [[nodiscard]] Result<std::unique_ptr<File>> open(const FilePath& path, OpenMode mode) override;
  [[nodiscard]] bool exists(const FilePath& path) const override;
  [[nodiscard]] Result<std::vector<std::string>> list(const FilePath& folder) const override;
  [[nodiscard]] Status create_directories(const FilePath& folder) override;
  [[nodiscard]] Status rename(const FilePath& from, const FilePath& to) override;
  [[nodiscard]] Status remove(const FilePath& path) override;
  [[nodiscard]] Status sync_directory(const FilePath& folder) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const FilePath& folder) const override;
  [[nodiscard]] Result<FolderIdentity> identity(const FilePath& folder) const override;

 private:
  friend class MemoryFile;
  struct Inode;
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  struct Rule {
    std::uint64_t number = 0;
    FaultKind kind = FaultKind::io;
    bool sticky = false;
  };
  struct Write {
    std::weak_ptr<Inode> inode;
    std::uint64_t offset = 0;
    Bytes data;
    bool is_truncate = false;  // to `offset`
  };

  // Counts an operation and says whether it fails.
  std::optional<FaultKind> next_operation();
  static void apply(Bytes& content, const Write& write);
  void forget_unsynced();

  mutable std::mutex mutex_;
  Names names_;
  Names durable_names_;
  std::vector<Write> unsynced_;  // in order of writing
  std::vector<Rule> rules_;
  std::uint64_t operations_ = 0;
  std::uint64_t generation_ = 0;  // number of crashes: older handles are dead
  std::uint64_t free_bytes_ = UINT64_MAX;
  FolderIdentity identity_{"memory", 1, 1};
};

}  // namespace witan
