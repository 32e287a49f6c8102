#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "storage/file_system.hpp"

namespace witan {
namespace {

Error os_error(const char* what, const FilePath& path, int number = errno) {
  ErrorCode code = ErrorCode::io;
  if (number == ENOSPC || number == EDQUOT) code = ErrorCode::no_space;
  if (number == ENOENT) code = ErrorCode::not_found;
  return {code, path.string(), std::string(what) + ": " + std::generic_category().message(number)};
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, FilePath path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  [[nodiscard]] Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return fail(os_error("stat", path_));
    return static_cast<std::uint64_t>(info.st_size);
  }

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            std::span<std::uint8_t> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n =
          ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(os_error("read", path_));
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override {
    std::size_t done = 0;
    while (done < data.size()) {
      const ssize_t n =
          ::pwrite(fd_, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(os_error("write", path_));
      if (n == 0) return fail(ErrorCode::io, path_.string(), "write: nothing was written");
      done += static_cast<std::size_t>(n);
    }
    return {};
  }

  [[nodiscard]] Status sync() override {
    if (sync_failed_)
      return fail(ErrorCode::io, path_.string(), "sync: refused, an earlier sync failed");
    if (::fdatasync(fd_) == 0) return {};
    sync_failed_ = true;
    return fail(os_error("fdatasync", path_));
  }

  [[nodiscard]] Status preallocate(std::uint64_t bytes) override {
    WITAN_TRY(std::uint64_t at, size());
    const Bytes zeros(std::min<std::uint64_t>(bytes, 1U << 20U), 0);
    while (at < bytes) {
      const std::uint64_t n = std::min<std::uint64_t>(bytes - at, zeros.size());
      WITAN_TRY_VOID(write_at(at, ByteView(zeros).first(n)));
      at += n;
    }
    return {};
  }

  [[nodiscard]] Status truncate(std::uint64_t bytes) override {
    if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) return fail(os_error("truncate", path_));
    return {};
  }

 private:
  int fd_;
  FilePath path_;
  bool sync_failed_ = false;
};

// machine-id(5): made when the system is installed, kept over reboots.
std::string machine_id() {
  std::ifstream file("/etc/machine-id");
  std::string text;
  std::getline(file, text);
  return text;
}

class PosixFileSystem final : public FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> open(const FilePath& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    if (mode == OpenMode::read) flags |= O_RDONLY;
    if (mode == OpenMode::read_write) flags |= O_RDWR;
    if (mode == OpenMode::create) flags |= O_RDWR | O_CREAT | O_TRUNC;
    const int fd = ::open(path.c_str(), flags, 0600);
    if (fd < 0) return fail(os_error("open", path));
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
  }

  [[nodiscard]] bool exists(const FilePath& path) const override {
    return ::access(path.c_str(), F_OK) == 0;
  }

  [[nodiscard]] Result<std::vector<std::string>> list(const FilePath& folder) const override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator it(folder, error);
    for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
      if (it->is_regular_file(error)) names.push_back(it->path().filename().string());
    }
    if (error) return fail(os_error("list", folder, error.value()));
    std::sort(names.begin(), names.end());
    return names;
  }

  [[nodiscard]] Status create_directories(const FilePath& folder) override {
    if (folder.empty() || exists(folder)) return {};
    WITAN_TRY_VOID(create_directories(folder.parent_path()));
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(os_error("create folder", folder));
    return {};
  }

  [[nodiscard]] Status rename(const FilePath& from, const FilePath& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail(os_error("rename", from));
    return {};
  }

  [[nodiscard]] Status remove(const FilePath& path) override {
    if (::unlink(path.c_str()) != 0) return fail(os_error("remove", path));
    return {};
  }

  [[nodiscard]] Status sync_directory(const FilePath& folder) override {
    const FilePath target = folder.empty() ? FilePath(".") : folder;
    const int fd = ::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail(os_error("open folder", target));
    const int result = ::fsync(fd);
    const int number = errno;
    ::close(fd);
    if (result != 0) return fail(os_error("fsync folder", target, number));
    return {};
  }

  [[nodiscard]] Result<std::uint64_t> free_bytes(const FilePath& folder) const override {
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0) return fail(os_error("statvfs", folder));
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }

  [[nodiscard]] Result<FolderIdentity> identity(const FilePath& folder) const override {
    struct statx info {};
    if (::statx(AT_FDCWD, folder.c_str(), 0, STATX_INO | STATX_BTIME, &info) != 0)
      return fail(os_error("statx", folder));
    FolderIdentity out{machine_id(), info.stx_ino, 0};
    if ((info.stx_mask & STATX_BTIME) != 0)
      out.born_ns = static_cast<std::uint64_t>(info.stx_btime.tv_sec) * 1'000'000'000U +
                    info.stx_btime.tv_nsec;
    return out;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem instance;
  return instance;
}

Result<Bytes> read_whole(FileSystem& fs, const FilePath& path, std::uint64_t bytes_max) {
  WITAN_TRY(const auto file, fs.open(path, OpenMode::read));
  WITAN_TRY(const std::uint64_t size, file->size());
  if (size > bytes_max) {
    return fail(ErrorCode::too_large, path.string(),
                std::to_string(size) + " bytes; at most " + std::to_string(bytes_max));
  }
  Bytes content(size);
  WITAN_TRY(const std::size_t got, file->read_at(0, content));
  content.resize(got);
  return content;
}

}  // namespace witan
