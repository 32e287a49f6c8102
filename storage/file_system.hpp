// The seam under the WAL, the sign-state and other small files: the few file operations they need,
// on a real disk (posix_file_system) or in memory with crashes and injected faults
// (memory_file_system.hpp).
//
// Errors: io, no_space, not_found; the text names the path and the system's reason.
// Threads: a FileSystem may be used from any thread; a File by one thread at a time.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

using FilePath = std::filesystem::path;

enum class OpenMode : std::uint8_t {
  read,        // the file must exist
  read_write,  // the file must exist
  create,      // read and write; a new file, or an existing one emptied; mode 0600
};

// An open file; closed by its destructor.
class File {
 public:
  virtual ~File() = default;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  // Reads up to out.size() bytes; fewer only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset,
                                                    std::span<std::uint8_t> out) const = 0;
  // All of `data` or an error; on error any part may have been written.
  [[nodiscard]] virtual Status write_at(std::uint64_t offset, ByteView data) = 0;
  // fdatasync: everything written is on the device, and the size needed to read it. A failure is
  // final: what reached the device is unknown (rule S4), so every later call fails as well.
  [[nodiscard]] virtual Status sync() = 0;
  // Writes zeros from the present end up to `bytes`, so that later writes below it overwrite
  // allocated, written blocks. Does not sync.
  [[nodiscard]] virtual Status preallocate(std::uint64_t bytes) = 0;
  [[nodiscard]] virtual Status truncate(std::uint64_t bytes) = 0;
};

// Tells a folder from a copy of it. The number and the time of birth are given when the folder is
// made and cannot be set: a copy, also one made with all attributes, has others, while a rename, a
// restart and a reboot keep them. (Device numbers may change with a reboot: they are left out.)
struct FolderIdentity {
  std::string host;           // the machine's lasting id; empty where there is none
  std::uint64_t number = 0;   // inode
  std::uint64_t born_ns = 0;  // Unix time; 0 where the file system does not keep it
  bool operator==(const FolderIdentity&) const = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const FilePath& path, OpenMode mode) = 0;
  [[nodiscard]] virtual bool exists(const FilePath& path) const = 0;
  // Names (not paths) of the regular files in a folder, sorted.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const FilePath& folder) const = 0;
  // Creates the folder and its missing parents, mode 0700.
  [[nodiscard]] virtual Status create_directories(const FilePath& folder) = 0;
  // Replaces `to` if it exists. Durable only after sync_directory of the folder.
  [[nodiscard]] virtual Status rename(const FilePath& from, const FilePath& to) = 0;
  [[nodiscard]] virtual Status remove(const FilePath& path) = 0;
  // Makes creations, renames and removals in the folder durable.
  [[nodiscard]] virtual Status sync_directory(const FilePath& folder) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes(const FilePath& folder) const = 0;
  [[nodiscard]] virtual Result<FolderIdentity> identity(const FilePath& folder) const = 0;
};

// The host's file system. Lives as long as the process.
[[nodiscard]] FileSystem& posix_file_system();

// The whole file. Errors: not_found, io; too_large if it has more than `bytes_max` bytes.
[[nodiscard]] Result<Bytes> read_whole(FileSystem& fs, const FilePath& path,
                                       std::uint64_t bytes_max);

}  // namespace witan
