#include "storage/fault_file_system.hpp"

#include <algorithm>

namespace witan {
namespace {

Error error_of(IoFault fault, const std::string& path) {
  if (fault == IoFault::no_space || fault == IoFault::short_write)
    return {ErrorCode::no_space, path, "injected fault"};
  if (fault == IoFault::power_loss) return {ErrorCode::io, path, "power is lost"};
  return {ErrorCode::io, path, "injected fault"};
}

class FaultFile final : public File {
 public:
  FaultFile(std::unique_ptr<File> file, MemoryFileSystem& disk, IoFaultPlan& plan, std::string path)
      : file_(std::move(file)), disk_(disk), plan_(plan), path_(std::move(path)) {}

  [[nodiscard]] Result<std::uint64_t> size() const override {
    WITAN_TRY_VOID(plan_.next_plain(IoKind::size, path_));
    return file_->size();
  }

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            std::span<std::uint8_t> out) const override {
    const auto decision = plan_.next(IoKind::read, path_);
    if (decision.fault && *decision.fault != IoFault::flip)
      return fail(error_of(*decision.fault, path_));
    WITAN_TRY(const std::size_t got, file_->read_at(offset, out));
    if (decision.fault && got > 0) out[decision.at % got] ^= 1U;
    return got;
  }

  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override {
    const auto decision = plan_.next(IoKind::write, path_, data.size());
    if (!decision.fault) return file_->write_at(offset, data);
    const bool part =
        *decision.fault == IoFault::short_write || *decision.fault == IoFault::power_loss;
    if (part && decision.at > 0)
      WITAN_TRY_VOID(
          file_->write_at(offset, data.first(std::min<std::size_t>(data.size(), decision.at))));
    return fail(error_of(*decision.fault, path_));
  }

  [[nodiscard]] Status sync() override {
    const auto decision = plan_.next(IoKind::sync, path_);
    if (decision.fault) {
      const bool lost = *decision.fault == IoFault::lost_sync;
      if (!lost && *decision.fault != IoFault::failed_sync)
        return fail(error_of(*decision.fault, path_));
      disk_.fail_operation(disk_.operations() + 1,
                           lost ? FaultKind::lost_sync : FaultKind::failed_sync);
    }
    return file_->sync();
  }

  [[nodiscard]] Status preallocate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(plan_.next_plain(IoKind::preallocate, path_));
    return file_->preallocate(bytes);
  }

  [[nodiscard]] Status truncate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(plan_.next_plain(IoKind::truncate, path_));
    return file_->truncate(bytes);
  }

 private:
  std::unique_ptr<File> file_;
  MemoryFileSystem& disk_;
  IoFaultPlan& plan_;
  std::string path_;
};

}  // namespace

std::string_view name_of(IoKind kind) {
  constexpr std::string_view names[] = {
      "open",        "create",     "size",     "read",        "write",    "sync",
      "preallocate", "truncate",   "list",     "make_folder", "rename",   "remove",
      "sync_folder", "free_bytes", "identity", "db_read",     "db_write", "moment"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(IoFault fault) {
  constexpr std::string_view names[] = {"error",     "no_space", "short_write", "failed_sync",
                                        "lost_sync", "flip",     "power_loss"};
  return names[static_cast<std::size_t>(fault)];
}

std::vector<IoFault> faults_of(IoKind kind) {
  switch (kind) {
    case IoKind::read:
      return {IoFault::error, IoFault::flip, IoFault::power_loss};
    case IoKind::write:
      return {IoFault::error, IoFault::no_space, IoFault::short_write, IoFault::power_loss};
    case IoKind::create:
    case IoKind::preallocate:
    case IoKind::db_write:
      return {IoFault::error, IoFault::no_space, IoFault::power_loss};
    case IoKind::sync:
      return {IoFault::error, IoFault::failed_sync, IoFault::lost_sync, IoFault::power_loss};
    case IoKind::moment:
      return {IoFault::power_loss};
    default:
      return {IoFault::error, IoFault::power_loss};
  }
}

void IoFaultPlan::set(std::uint64_t number, IoFault fault, std::uint64_t at) {
  number_ = number;
  fault_ = fault;
  at_ = at;
  hit_ = false;
}

void IoFaultPlan::clear() {
  number_ = 0;
  powered_ = true;
}

IoFaultPlan::Decision IoFaultPlan::next(IoKind kind, const std::string& path, std::uint64_t bytes) {
  if (!powered_) return {IoFault::power_loss, 0};
  ++calls_;
  if (recording_) recorded_.push_back({kind, path, bytes});
  if (calls_ != number_) return {};
  hit_ = true;
  if (fault_ == IoFault::power_loss) powered_ = false;
  return {fault_, at_};
}

Status IoFaultPlan::next_plain(IoKind kind, const std::string& path) {
  const Decision decision = next(kind, path);
  if (!decision.fault) return {};
  return fail(error_of(*decision.fault, path));
}

Result<std::unique_ptr<File>> FaultFileSystem::open(const FilePath& path, OpenMode mode) {
  const bool create = mode == OpenMode::create;
  WITAN_TRY_VOID(plan_.next_plain(create ? IoKind::create : IoKind::open, path.string()));
  WITAN_TRY(auto file, disk_.open(path, mode));
  return std::unique_ptr<File>(
      std::make_unique<FaultFile>(std::move(file), disk_, plan_, path.string()));
}

Result<std::vector<std::string>> FaultFileSystem::list(const FilePath& folder) const {
  WITAN_TRY_VOID(plan_.next_plain(IoKind::list, folder.string()));
  return disk_.list(folder);
}
Status FaultFileSystem::create_directories(const FilePath& folder) {
  WITAN_TRY_VOID(plan_.next_plain(IoKind::make_folder, folder.string()));
  return disk_.create_directories(folder);
}
Status FaultFileSystem::rename(const FilePath& from, const FilePath& to) {
  WITAN_TRY_VOID(plan_.next_plain(IoKind::rename, from.string()));
  return disk_.rename(from, to);
}
Status FaultFileSystem::remove(const FilePath& path) {
  WITAN_TRY_VOID(plan_.next_plain(IoKind::remove, path.string()));
  return disk_.remove(path);
}
Status FaultFileSystem::sync_directory(const FilePath& folder) {
  WITAN_TRY_VOID(plan_.next_plain(IoKind::sync_folder, folder.string()));
  return disk_.sync_directory(folder);
}
Result<std::uint64_t> FaultFileSystem::free_bytes(const FilePath& folder) const {
  WITAN_TRY_VOID(plan_.next_plain(IoKind::free_bytes, folder.string()));
  return disk_.free_bytes(folder);
}
Result<FolderIdentity> FaultFileSystem::identity(const FilePath& folder) const {
  WITAN_TRY_VOID(plan_.next_plain(IoKind::identity, folder.string()));
  return disk_.identity(folder);
}

}  // namespace witan
