// The node's home folder: its layout, its permissions and the lock that lets one process use it.
//
//   home/config/            node.toml, genesis, keys (written by the operator)
//   home/admin.sock         operator's socket of a running node (actors/api/admin_socket.hpp)
//   home/data/LOCK          flock'ed while a process runs; holds its pid as text
//   home/data/wal/          consensus write-ahead log
//   home/data/blocks.db/    block store      home/data/state.db/   state store
//   home/data/index.db/     transaction index
//   home/data/sign_state    what this validator has signed
//
// All folders are created with mode 0700. The lock is the kernel's: it goes away with the process,
// also after a kill, so a stale LOCK file never blocks a start.
#pragma once
#include <memory>

#include "storage/file_system.hpp"

namespace witan {

struct HomeLayout {
  explicit HomeLayout(FilePath home_folder) : home(std::move(home_folder)) {}
  FilePath home;
  [[nodiscard]] FilePath config() const { return home / "config"; }
  [[nodiscard]] FilePath data() const { return home / "data"; }
  [[nodiscard]] FilePath admin_socket() const { return home / "admin.sock"; }
  [[nodiscard]] FilePath lock_file() const { return data() / "LOCK"; }
  [[nodiscard]] FilePath wal() const { return data() / "wal"; }
  [[nodiscard]] FilePath blocks() const { return data() / "blocks.db"; }
  [[nodiscard]] FilePath state() const { return data() / "state.db"; }
  [[nodiscard]] FilePath index() const { return data() / "index.db"; }
  [[nodiscard]] FilePath sign_state() const { return data() / "sign_state"; }
};

// Enough for several WAL segments and LevelDB's compactions.
inline constexpr std::uint64_t free_bytes_min_default = 256U << 20U;

// Holds the lock of a home folder; released by the destructor.
class DataDir {
 public:
  // Creates what is missing, checks that files can be written and that space is left, takes the
  // lock. Errors: locked (names the pid; exit code 77), io (not writable, not a folder), no_space.
  [[nodiscard]] static Result<std::unique_ptr<DataDir>> open(
      const FilePath& home, std::uint64_t free_bytes_min = free_bytes_min_default);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  [[nodiscard]] const HomeLayout& layout() const { return layout_; }

 private:
  DataDir(HomeLayout layout, int lock_fd) : layout_(std::move(layout)), lock_fd_(lock_fd) {}
  HomeLayout layout_;
  int lock_fd_;
};

// Error no_space if fewer than `bytes_min` bytes are free in the folder's file system. Also for the
// running node, which stops in time instead of in the middle of a write.
[[nodiscard]] Status check_free_space(FileSystem& fs, const FilePath& folder,
                                      std::uint64_t bytes_min);

}  // namespace witan
