#include "storage/judged_files.hpp"

#include <algorithm>
#include <optional>

namespace witan {

class JudgedFiles::JudgedFile final : public File {
 public:
  JudgedFile(std::unique_ptr<File> inner, const JudgedFiles& files, std::string path)
      : inner_(std::move(inner)), files_(files), path_(std::move(path)) {}

  Result<std::uint64_t> size() const override {
    WITAN_TRY_VOID(ask(IoKind::size).status);
    return inner_->size();
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    const IoVerdict verdict = ask(IoKind::read);
    WITAN_TRY_VOID(verdict.status);
    WITAN_TRY(const std::size_t got, inner_->read_at(offset, out));
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(verdict.wrong, got); ++i)
      out[(verdict.place + i) % got] ^= 1U;
    return got;
  }
  Status write_at(std::uint64_t offset, ByteView data) override {
    const IoVerdict verdict = ask(IoKind::write, data.size());
    if (verdict.status) return inner_->write_at(offset, data);
    if (verdict.part > 0)
      (void)inner_->write_at(offset,
                             data.first(std::min<std::uint64_t>(data.size(), verdict.part)));
    return verdict.status;
  }
  Status sync() override {
    if (failed_) return fail(*failed_);
    const IoVerdict verdict = ask(IoKind::sync);
    if (!verdict.status) failed_ = verdict.status.error();
    if (failed_ || verdict.lied) return verdict.status;
    return inner_->sync();
  }
  Status preallocate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(ask(IoKind::preallocate).status);
    return inner_->preallocate(bytes);
  }
  Status truncate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(ask(IoKind::truncate).status);
    return inner_->truncate(bytes);
  }

 private:
  [[nodiscard]] IoVerdict ask(IoKind kind, std::uint64_t bytes = 0) const {
    return files_.judge(kind, path_, bytes);
  }
  std::unique_ptr<File> inner_;
  const JudgedFiles& files_;
  const std::string path_;
  std::optional<Error> failed_;
};

std::string_view name_of(IoKind kind) {
  constexpr std::string_view names[] = {
      "open",        "create",     "size",     "read",        "write",    "sync",
      "preallocate", "truncate",   "list",     "make_folder", "rename",   "remove",
      "sync_folder", "free_bytes", "identity", "db_read",     "db_write", "moment"};
  return names[static_cast<std::size_t>(kind)];
}

Result<std::unique_ptr<File>> JudgedFiles::open(const FilePath& path, OpenMode mode) {
  WITAN_TRY_VOID(ask(mode == OpenMode::create ? IoKind::create : IoKind::open, path).status);
  WITAN_TRY(auto file, inner_.open(path, mode));
  return std::unique_ptr<File>(std::make_unique<JudgedFile>(std::move(file), *this, path.string()));
}

Result<std::vector<std::string>> JudgedFiles::list(const FilePath& folder) const {
  WITAN_TRY_VOID(ask(IoKind::list, folder).status);
  return inner_.list(folder);
}

Status JudgedFiles::create_directories(const FilePath& folder) {
  WITAN_TRY_VOID(ask(IoKind::make_folder, folder).status);
  return inner_.create_directories(folder);
}

Status JudgedFiles::rename(const FilePath& from, const FilePath& to) {
  WITAN_TRY_VOID(ask(IoKind::rename, from).status);
  return inner_.rename(from, to);
}

Status JudgedFiles::remove(const FilePath& path) {
  WITAN_TRY_VOID(ask(IoKind::remove, path).status);
  return inner_.remove(path);
}

Status JudgedFiles::sync_directory(const FilePath& folder) {
  const IoVerdict verdict = ask(IoKind::sync_folder, folder);
  WITAN_TRY_VOID(verdict.status);
  return verdict.lied ? Status{} : inner_.sync_directory(folder);
}

Result<std::uint64_t> JudgedFiles::free_bytes(const FilePath& folder) const {
  WITAN_TRY_VOID(ask(IoKind::free_bytes, folder).status);
  return inner_.free_bytes(folder);
}

Result<FolderIdentity> JudgedFiles::identity(const FilePath& folder) const {
  WITAN_TRY_VOID(ask(IoKind::identity, folder).status);
  return inner_.identity(folder);
}

}  // namespace witan
