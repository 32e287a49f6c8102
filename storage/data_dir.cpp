#include "storage/data_dir.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

namespace witan {
namespace {

Error os_error(ErrorCode code, const FilePath& path, std::string_view what) {
  return {code, path.string(), fmt::format("{}: {}", what, std::generic_category().message(errno))};
}

// The pid written by the holder, or "unknown" while it is still writing it.
std::string holder_of(int fd) {
  char text[32] = {};
  const ssize_t n = ::pread(fd, text, sizeof text - 1, 0);
  long pid = 0;
  if (n <= 0 || std::from_chars(text, text + n, pid).ec != std::errc{}) return "unknown";
  return std::to_string(pid);
}

Result<int> take_lock(const FilePath& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(os_error(ErrorCode::io, path, "cannot open the lock file"));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    Error error = os_error(ErrorCode::io, path, "cannot lock");
    if (errno == EWOULDBLOCK) {
      error = {ErrorCode::locked, path.string(),
               fmt::format("process {} uses this data directory; stop it or choose another --home",
                           holder_of(fd))};
    }
    ::close(fd);
    return fail(std::move(error));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    Error error = os_error(errno == ENOSPC ? ErrorCode::no_space : ErrorCode::io, path,
                           "cannot write the lock file");
    ::close(fd);
    return fail(std::move(error));
  }
  return fd;
}

Status check_writable(const FilePath& folder) {
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) == 0 && std::filesystem::is_directory(folder))
    return {};
  return fail(ErrorCode::io, folder.string(),
              "is not a folder this user can read and write; check owner, mode and mount");
}

}  // namespace

Status check_free_space(FileSystem& fs, const FilePath& folder, std::uint64_t bytes_min) {
  WITAN_TRY(const std::uint64_t free, fs.free_bytes(folder));
  if (free >= bytes_min) return {};
  return fail(ErrorCode::no_space, folder.string(),
              fmt::format("{} MiB free, at least {} MiB are needed; free space and start again",
                          free >> 20U, bytes_min >> 20U));
}

Result<std::unique_ptr<DataDir>> DataDir::open(const FilePath& home, std::uint64_t free_bytes_min) {
  FileSystem& fs = posix_file_system();
  const HomeLayout layout(home);
  for (const FilePath& folder : {layout.config(), layout.data()}) {
    WITAN_TRY_VOID(fs.create_directories(folder));
    WITAN_TRY_VOID(check_writable(folder));
  }
  WITAN_TRY(const int fd, take_lock(layout.lock_file()));
  auto dir = std::unique_ptr<DataDir>(new DataDir(layout, fd));
  WITAN_TRY_VOID(check_free_space(fs, layout.data(), free_bytes_min));
  WITAN_TRY_VOID(fs.create_directories(layout.wal()));
  WITAN_TRY_VOID(fs.sync_directory(layout.data()));
  return dir;
}

// Closing releases the lock. The file stays: removing it could unlink a file another process has
// just locked.
DataDir::~DataDir() { ::close(lock_fd_); }

}  // namespace witan
