#include "storage/memory_file_system.hpp"

#include <algorithm>

namespace witan {

struct MemoryFileSystem::Inode {
  Bytes content;  // what a reader sees
  Bytes durable;  // what a crash leaves
};

namespace {
Error fault(FaultKind kind, const std::string& where) {
  if (kind == FaultKind::no_space || kind == FaultKind::short_write)
    return {ErrorCode::no_space, where, "injected fault"};
  return {ErrorCode::io, where, "injected fault"};
}
}  // namespace

// REQUIRES: the file system outlives its files.
class MemoryFile final : public File {
 public:
  MemoryFile(MemoryFileSystem& fs, std::shared_ptr<MemoryFileSystem::Inode> inode, std::string name,
             bool writable)
      : fs_(fs),
        inode_(std::move(inode)),
        name_(std::move(name)),
        generation_(fs.generation_),
        writable_(writable) {}

  [[nodiscard]] Result<std::uint64_t> size() const override {
    const std::lock_guard lock(fs_.mutex_);
    WITAN_TRY_VOID(alive());
    return inode_->content.size();
  }

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                            std::span<std::uint8_t> out) const override {
    const std::lock_guard lock(fs_.mutex_);
    WITAN_TRY_VOID(alive());
    const Bytes& content = inode_->content;
    if (offset >= content.size()) return std::size_t{0};
    const std::size_t n = std::min<std::size_t>(out.size(), content.size() - offset);
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
    return n;
  }

  [[nodiscard]] Status write_at(std::uint64_t offset, ByteView data) override {
    const std::lock_guard lock(fs_.mutex_);
    WITAN_TRY_VOID(alive_and_writable());
    const auto failed = fs_.next_operation();
    if (failed && *failed != FaultKind::short_write) return fail(fault(*failed, name_));
    if (failed) data = data.first(data.size() / 2);
    record({inode_, offset, Bytes(data.begin(), data.end()), false});
    if (failed) return fail(fault(*failed, name_));
    return {};
  }

  [[nodiscard]] Status sync() override {
    const std::lock_guard lock(fs_.mutex_);
    WITAN_TRY_VOID(alive_and_writable());
    const auto failed = fs_.next_operation();
    if (sync_failed_) return fail(ErrorCode::io, name_, "sync: refused, an earlier sync failed");
    const bool lost =
        failed && (*failed == FaultKind::failed_sync || *failed == FaultKind::lost_sync);
    if (!failed || lost) {
      std::erase_if(fs_.unsynced_, [&](const MemoryFileSystem::Write& write) {
        if (write.inode.lock() != inode_) return false;
        if (!lost) MemoryFileSystem::apply(inode_->durable, write);
        return true;
      });
    }
    if (!failed || *failed == FaultKind::lost_sync) return {};
    sync_failed_ = true;
    return fail(fault(*failed, name_));
  }

  [[nodiscard]] Status preallocate(std::uint64_t bytes) override {
    std::uint64_t present = 0;
    {
      const std::lock_guard lock(fs_.mutex_);
      WITAN_TRY_VOID(alive_and_writable());
      present = inode_->content.size();
    }
    if (present >= bytes) return {};
    return write_at(present, Bytes(bytes - present, 0));
  }

  [[nodiscard]] Status truncate(std::uint64_t bytes) override {
    const std::lock_guard lock(fs_.mutex_);
    WITAN_TRY_VOID(alive_and_writable());
    if (const auto failed = fs_.next_operation()) return fail(fault(*failed, name_));
    record({inode_, bytes, {}, true});
    return {};
  }

 private:
  [[nodiscard]] Status alive() const {
    if (generation_ == fs_.generation_) return {};
    return fail(ErrorCode::io, name_, "handle was opened before a crash");
  }
  [[nodiscard]] Status alive_and_writable() const {
    WITAN_TRY_VOID(alive());
    if (!writable_) return fail(ErrorCode::io, name_, "opened for reading");
    return {};
  }
  void record(MemoryFileSystem::Write write) {
    MemoryFileSystem::apply(inode_->content, write);
    fs_.unsynced_.push_back(std::move(write));
  }

  MemoryFileSystem& fs_;
  std::shared_ptr<MemoryFileSystem::Inode> inode_;
  std::string name_;
  std::uint64_t generation_;
  bool writable_;
  bool sync_failed_ = false;
};

MemoryFileSystem::MemoryFileSystem() = default;
MemoryFileSystem::~MemoryFileSystem() = default;

void MemoryFileSystem::fail_operation(std::uint64_t number, FaultKind kind, bool sticky) {
  const std::lock_guard lock(mutex_);
  rules_.push_back({number, kind, sticky});
}

void MemoryFileSystem::clear_faults() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

std::uint64_t MemoryFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void MemoryFileSystem::set_free_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = bytes;
}

void MemoryFileSystem::set_identity(FolderIdentity identity) {
  const std::lock_guard lock(mutex_);
  identity_ = std::move(identity);
}

std::optional<FaultKind> MemoryFileSystem::next_operation() {
  ++operations_;
  for (const Rule& rule : rules_) {
    if (rule.number == operations_ || (rule.sticky && rule.number < operations_)) return rule.kind;
  }
  return std::nullopt;
}

void MemoryFileSystem::apply(Bytes& content, const Write& write) {
  if (write.is_truncate) {
    content.resize(write.offset);
    return;
  }
  if (content.size() < write.offset + write.data.size())
    content.resize(write.offset + write.data.size());
  std::copy(write.data.begin(), write.data.end(),
            content.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

void MemoryFileSystem::forget_unsynced() {
  unsynced_.clear();
  names_ = durable_names_;
  for (auto& [name, inode] : names_) inode->content = inode->durable;
  ++generation_;
}

void MemoryFileSystem::crash() {
  const std::lock_guard lock(mutex_);
  forget_unsynced();
}

void MemoryFileSystem::crash_keeping(std::uint64_t kept) {
  const std::lock_guard lock(mutex_);
  for (Write& write : unsynced_) {
    if (!write.is_truncate) {
      write.data.resize(std::min<std::uint64_t>(kept, write.data.size()));
      kept -= write.data.size();
      if (write.data.empty()) break;
    }
    if (const auto inode = write.inode.lock()) apply(inode->durable, write);
  }
  forget_unsynced();
}

void MemoryFileSystem::crash_randomly(Random& random) {
  constexpr std::uint64_t sector_bytes = 512;
  const std::lock_guard lock(mutex_);
  for (const Write& write : unsynced_) {
    const auto inode = write.inode.lock();
    if (!inode || write.is_truncate) continue;
    const std::uint64_t end = write.offset + write.data.size();
    for (std::uint64_t at = write.offset; at < end;) {
      const std::uint64_t stop = std::min(end, (at / sector_bytes + 1) * sector_bytes);
      if (random.below(2) == 1) {
        const auto first = write.data.begin() + static_cast<std::ptrdiff_t>(at - write.offset);
        const auto last = write.data.begin() + static_cast<std::ptrdiff_t>(stop - write.offset);
        apply(inode->durable, {inode, at, Bytes(first, last), false});
      }
      at = stop;
    }
  }
  forget_unsynced();
}

std::uint64_t MemoryFileSystem::unsynced_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const Write& write : unsynced_) total += write.data.size();
  return total;
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const FilePath& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  const std::string name = path.string();
  auto found = names_.find(name);
  if (mode == OpenMode::create) {
    if (const auto failed = next_operation()) return fail(fault(*failed, name));
    if (found == names_.end()) {
      found = names_.emplace(name, std::make_shared<Inode>()).first;
    } else {
      Write empty{found->second, 0, {}, true};
      apply(found->second->content, empty);
      unsynced_.push_back(std::move(empty));
    }
  }
  if (found == names_.end()) return fail(ErrorCode::not_found, name, "open: no such file");
  return std::unique_ptr<File>(
      std::make_unique<MemoryFile>(*this, found->second, name, mode != OpenMode::read));
}

bool MemoryFileSystem::exists(const FilePath& path) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(path.string());
}

Result<std::vector<std::string>> MemoryFileSystem::list(const FilePath& folder) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, inode] : names_) {
    const FilePath path(name);
    if (path.parent_path() == folder) out.push_back(path.filename().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Folders exist as soon as a file is in them.
Status MemoryFileSystem::create_directories(const FilePath&) { return {}; }

Status MemoryFileSystem::rename(const FilePath& from, const FilePath& to) {
  const std::lock_guard lock(mutex_);
  if (const auto failed = next_operation()) return fail(fault(*failed, from.string()));
  const auto found = names_.find(from.string());
  if (found == names_.end()) return fail(ErrorCode::not_found, from.string(), "rename");
  const auto inode = found->second;
  names_.erase(found);
  names_[to.string()] = inode;
  return {};
}

Status MemoryFileSystem::remove(const FilePath& path) {
  const std::lock_guard lock(mutex_);
  if (const auto failed = next_operation()) return fail(fault(*failed, path.string()));
  if (names_.erase(path.string()) == 0) return fail(ErrorCode::not_found, path.string(), "remove");
  return {};
}

Status MemoryFileSystem::sync_directory(const FilePath& folder) {
  const std::lock_guard lock(mutex_);
  if (const auto failed = next_operation()) return fail(fault(*failed, folder.string()));
  const auto inside = [&](const auto& entry) {
    return FilePath(entry.first).parent_path() == folder;
  };
  std::erase_if(durable_names_, inside);
  for (const auto& entry : names_) {
    if (inside(entry)) durable_names_.insert(entry);
  }
  return {};
}

Result<std::uint64_t> MemoryFileSystem::free_bytes(const FilePath&) const {
  const std::lock_guard lock(mutex_);
  return free_bytes_;
}

Result<FolderIdentity> MemoryFileSystem::identity(const FilePath&) const {
  const std::lock_guard lock(mutex_);
  return identity_;
}

}  // namespace witan
