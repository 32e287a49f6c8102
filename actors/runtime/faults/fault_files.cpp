#include "actors/runtime/faults/fault_files.hpp"

#include <algorithm>

namespace witan::faults {
namespace {

// What the rules make of one call.
struct Verdict {
  std::optional<Decision> decision;
  Status status;  // an error: the call fails with it
  [[nodiscard]] bool is(Action action) const { return decision && decision->action == action; }
};

Verdict ask(Rules& rules, const std::string& node, const std::string& path, std::string_view call) {
  if (!rules.any(Moment::disk)) return {};
  Site site;
  site.moment = Moment::disk;
  site.node = node;
  site.where = path;
  site.call = call;
  Verdict out;
  out.decision = rules.decide(site);
  if (!out.decision) return out;
  const std::string text =
      "rule " + std::to_string(out.decision->rule) + " on " + std::string(call);
  switch (out.decision->action) {
    case Action::slow:
    case Action::hang:
      rules.wait(out.decision->rule, out.decision->by);
      break;
    case Action::no_space:
    case Action::short_write:
      out.status = fail(ErrorCode::no_space, path, text + ": No space left on device");
      break;
    case Action::io_error:
      out.status = fail(ErrorCode::io, path, text + ": Input/output error");
      break;
    default:
      break;
  }
  return out;
}

class FaultFile final : public File {
 public:
  FaultFile(std::unique_ptr<File> inner, Rules& rules, const std::string& node, std::string path)
      : inner_(std::move(inner)), rules_(rules), node_(node), path_(std::move(path)) {}

  Result<std::uint64_t> size() const override {
    WITAN_TRY_VOID(pass("size").status);
    return inner_->size();
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    const Verdict verdict = pass("read");
    WITAN_TRY_VOID(verdict.status);
    WITAN_TRY(const std::size_t got, inner_->read_at(offset, out));
    if (!verdict.is(Action::corrupt) || got == 0) return got;
    const auto wrong = std::clamp<std::uint64_t>(verdict.decision->bytes, 1, got);
    for (std::uint64_t i = 0; i < wrong; ++i) out[(verdict.decision->draw + i) % got] ^= 0x5a;
    return got;
  }
  Status write_at(std::uint64_t offset, ByteView data) override {
    const Verdict verdict = pass("write");
    if (verdict.is(Action::short_write))
      (void)inner_->write_at(
          offset, data.first(std::min<std::uint64_t>(data.size(), verdict.decision->bytes)));
    WITAN_TRY_VOID(verdict.status);
    return inner_->write_at(offset, data);
  }
  Status sync() override {
    if (!failed_) {
      const Verdict verdict = pass("sync");
      if (verdict.is(Action::lost_fsync)) return {};
      if (verdict.status) return inner_->sync();
      failed_ = verdict.status.error();
    }
    return fail(*failed_);
  }
  Status preallocate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(pass("preallocate").status);
    return inner_->preallocate(bytes);
  }
  Status truncate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(pass("truncate").status);
    return inner_->truncate(bytes);
  }

 private:
  [[nodiscard]] Verdict pass(std::string_view call) const {
    return ask(rules_, node_, path_, call);
  }
  std::unique_ptr<File> inner_;
  Rules& rules_;
  const std::string& node_;
  const std::string path_;
  std::optional<Error> failed_;
};

}  // namespace

Result<std::unique_ptr<File>> FaultFiles::open(const FilePath& path, OpenMode mode) {
  const std::string text = path.string();
  WITAN_TRY_VOID(ask(rules_, node_, text, mode == OpenMode::create ? "create" : "open").status);
  WITAN_TRY(auto file, inner_.open(path, mode));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(std::move(file), rules_, node_, text));
}

Result<std::vector<std::string>> FaultFiles::list(const FilePath& folder) const {
  WITAN_TRY_VOID(ask(rules_, node_, folder.string(), "list").status);
  return inner_.list(folder);
}

Status FaultFiles::create_directories(const FilePath& folder) {
  WITAN_TRY_VOID(ask(rules_, node_, folder.string(), "make_folder").status);
  return inner_.create_directories(folder);
}

Status FaultFiles::rename(const FilePath& from, const FilePath& to) {
  WITAN_TRY_VOID(ask(rules_, node_, from.string(), "rename").status);
  return inner_.rename(from, to);
}

Status FaultFiles::remove(const FilePath& path) {
  WITAN_TRY_VOID(ask(rules_, node_, path.string(), "remove").status);
  return inner_.remove(path);
}

Status FaultFiles::sync_directory(const FilePath& folder) {
  WITAN_TRY_VOID(ask(rules_, node_, folder.string(), "sync_folder").status);
  return inner_.sync_directory(folder);
}

Result<std::uint64_t> FaultFiles::free_bytes(const FilePath& folder) const {
  WITAN_TRY_VOID(ask(rules_, node_, folder.string(), "free_bytes").status);
  return inner_.free_bytes(folder);
}

Result<FolderIdentity> FaultFiles::identity(const FilePath& folder) const {
  WITAN_TRY_VOID(ask(rules_, node_, folder.string(), "identity").status);
  return inner_.identity(folder);
}

}  // namespace witan::faults
