#include "tools/sim/disk.hpp"

#include <algorithm>

namespace witan::sim {
namespace {

using faults::Action;

// What a rule makes of an operation; success unless it fails.
Status outcome_of(const faults::Decision& decision, std::string_view path) {
  switch (decision.action) {
    case Action::no_space:
    case Action::short_write:
      return fail(ErrorCode::no_space, std::string(path), "No space left on device");
    case Action::io_error:
      return fail(ErrorCode::io, std::string(path), "Input/output error");
    default:
      return {};
  }
}

class Gate {
 public:
  Gate(DiskFaults& faults, std::string path) : faults_(faults), path_(std::move(path)) {}

  // Asks the rules. `lied`: the operation must report success and do nothing.
  [[nodiscard]] Status pass(std::string_view call, bool* lied = nullptr,
                            std::optional<faults::Decision>* out = nullptr) const {
    const auto decision = faults_.on_disk(path_, call);
    if (!decision) return {};
    if (decision->action == Action::slow || decision->action == Action::hang)
      faults_.took(decision->by);
    if (decision->action == Action::lost_fsync && lied != nullptr) *lied = true;
    if (out != nullptr) *out = decision;
    return outcome_of(*decision, path_);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  DiskFaults& faults_;
  std::string path_;
};

class SimFile final : public File {
 public:
  SimFile(std::unique_ptr<File> inner, Gate gate)
      : inner_(std::move(inner)), gate_(std::move(gate)) {}

  Result<std::uint64_t> size() const override {
    WITAN_TRY_VOID(gate_.pass("size"));
    return inner_->size();
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    std::optional<faults::Decision> decision;
    WITAN_TRY_VOID(gate_.pass("read", nullptr, &decision));
    WITAN_TRY(const std::size_t n, inner_->read_at(offset, out));
    if (decision && decision->action == Action::corrupt && n > 0)
      for (std::uint64_t i = 0; i < std::max<std::uint64_t>(1, decision->bytes); ++i)
        out[(decision->draw + i) % n] ^= 0x5a;
    return n;
  }
  Status write_at(std::uint64_t offset, ByteView data) override {
    std::optional<faults::Decision> decision;
    const Status passed = gate_.pass("write", nullptr, &decision);
    if (decision && decision->action == Action::short_write)
      (void)inner_->write_at(offset,
                             data.first(std::min<std::size_t>(data.size(), decision->bytes)));
    if (!passed) return passed;
    return inner_->write_at(offset, data);
  }
  Status sync() override {
    if (failed_) return fail(ErrorCode::io, gate_.path(), "an earlier sync failed");
    bool lied = false;
    const Status passed = gate_.pass("sync", &lied);
    if (!passed) {
      failed_ = true;
      return passed;
    }
    return lied ? Status{} : inner_->sync();
  }
  Status preallocate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(gate_.pass("preallocate"));
    return inner_->preallocate(bytes);
  }
  Status truncate(std::uint64_t bytes) override {
    WITAN_TRY_VOID(gate_.pass("truncate"));
    return inner_->truncate(bytes);
  }

 private:
  std::unique_ptr<File> inner_;
  Gate gate_;
  bool failed_ = false;
};

class SimFiles final : public FileSystem {
 public:
  SimFiles(MemoryFileSystem& inner, DiskFaults& faults) : inner_(inner), faults_(faults) {}

  Result<std::unique_ptr<File>> open(const FilePath& path, OpenMode mode) override {
    WITAN_TRY_VOID(gate(path).pass(mode == OpenMode::create ? "create" : "open"));
    WITAN_TRY(auto file, inner_.open(path, mode));
    return std::unique_ptr<File>(std::make_unique<SimFile>(std::move(file), gate(path)));
  }
  bool exists(const FilePath& path) const override { return inner_.exists(path); }
  Result<std::vector<std::string>> list(const FilePath& folder) const override {
    WITAN_TRY_VOID(gate(folder).pass("list"));
    return inner_.list(folder);
  }
  Status create_directories(const FilePath& folder) override {
    WITAN_TRY_VOID(gate(folder).pass("make_folder"));
    return inner_.create_directories(folder);
  }
  Status rename(const FilePath& from, const FilePath& to) override {
    WITAN_TRY_VOID(gate(from).pass("rename"));
    return inner_.rename(from, to);
  }
  Status remove(const FilePath& path) override {
    WITAN_TRY_VOID(gate(path).pass("remove"));
    return inner_.remove(path);
  }
  Status sync_directory(const FilePath& folder) override {
    bool lied = false;
    WITAN_TRY_VOID(gate(folder).pass("sync_folder", &lied));
    return lied ? Status{} : inner_.sync_directory(folder);
  }
  Result<std::uint64_t> free_bytes(const FilePath& folder) const override {
    WITAN_TRY_VOID(gate(folder).pass("free_bytes"));
    return inner_.free_bytes(folder);
  }
  Result<FolderIdentity> identity(const FilePath& folder) const override {
    WITAN_TRY_VOID(gate(folder).pass("identity"));
    return inner_.identity(folder);
  }

 private:
  [[nodiscard]] Gate gate(const FilePath& path) const { return {faults_, path.string()}; }
  MemoryFileSystem& inner_;
  DiskFaults& faults_;
};

struct Less {
  using is_transparent = void;
  bool operator()(ByteView a, ByteView b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};
using Content = std::map<Bytes, Bytes, Less>;

}  // namespace

// One database and what of it a power cut may take back.
class Database {
 public:
  struct Undo {
    Bytes key;
    std::optional<Bytes> before;
  };

  std::shared_ptr<Content> content = std::make_shared<Content>();
  std::vector<std::vector<Undo>> unsynced;  // batches, oldest first

  void apply(const WriteBatch& batch) {
    // An iterator keeps what it looks at.
    if (content.use_count() > 1) content = std::make_shared<Content>(*content);
    std::vector<Undo>& undo = unsynced.emplace_back();
    batch.for_each([&](bool is_put, ByteView key, ByteView value) {
      const auto found = content->find(key);
      Undo step{Bytes(key.begin(), key.end()), std::nullopt};
      if (found != content->end()) step.before = found->second;
      undo.push_back(std::move(step));
      if (!is_put && found != content->end()) content->erase(found);
      if (is_put && found != content->end()) found->second.assign(value.begin(), value.end());
      if (is_put && found == content->end())
        content->emplace(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    });
  }
  void synced() { unsynced.clear(); }
  void lose(Random& random) {
    content = std::make_shared<Content>(*content);
    const std::size_t kept = random.below(unsynced.size() + 1);
    while (unsynced.size() > kept) {
      auto& batch = unsynced.back();
      for (auto step = batch.rbegin(); step != batch.rend(); ++step) {
        content->erase(step->key);
        if (step->before) content->emplace(std::move(step->key), std::move(*step->before));
      }
      unsynced.pop_back();
    }
    unsynced.clear();
  }
};

namespace {

class SimIterator final : public KvIterator {
 public:
  SimIterator(std::shared_ptr<const Content> content, const KeyRange& range, Direction direction)
      : content_(std::move(content)), forward_(direction == Direction::forward) {
    first_ = content_->lower_bound(range.begin);
    last_ = range.end.empty() ? content_->end() : content_->lower_bound(range.end);
    if (!range.end.empty() && Less{}(range.end, range.begin)) last_ = first_;
    at_ = forward_ ? first_ : last_;
    if (!forward_) step_back();
  }
  bool valid() const override { return forward_ ? at_ != last_ : !done_; }
  void next() override {
    if (forward_)
      ++at_;
    else
      step_back();
  }
  ByteView key() const override { return at_->first; }
  ByteView value() const override { return at_->second; }
  Status status() const override { return {}; }

 private:
  void step_back() {
    done_ = at_ == first_;
    if (!done_) --at_;
  }
  std::shared_ptr<const Content> content_;
  bool forward_;
  bool done_ = false;
  Content::const_iterator first_, last_, at_;
};

class SimKv final : public KvStore {
 public:
  SimKv(std::shared_ptr<Database> database, Gate gate)
      : database_(std::move(database)), gate_(std::move(gate)) {}

  Result<std::optional<Bytes>> get(ByteView key) const override {
    WITAN_TRY_VOID(gate_.pass("read"));
    const auto found = database_->content->find(key);
    if (found == database_->content->end()) return std::optional<Bytes>{};
    return std::optional(found->second);
  }
  Status write(const WriteBatch& batch, Durability durability) override {
    if (failed_) return fail(ErrorCode::io, gate_.path(), "an earlier write failed");
    Status passed = gate_.pass("write");
    bool lied = false;
    if (passed && durability == Durability::synced) passed = gate_.pass("sync", &lied);
    if (!passed) {
      failed_ = true;
      return passed;
    }
    if (!batch.empty()) database_->apply(batch);
    if (durability == Durability::synced && !lied) database_->synced();
    return {};
  }
  std::unique_ptr<KvIterator> iterate(const KeyRange& range, Direction direction) const override {
    return std::make_unique<SimIterator>(database_->content, range, direction);
  }
  std::uint64_t approximate_bytes(const KeyRange& range) const override {
    std::uint64_t total = 0;
    for (const auto& [key, value] : *database_->content)
      if (range.contains(key)) total += key.size() + value.size();
    return total;
  }
  void compact(const KeyRange&) override {}

 private:
  std::shared_ptr<Database> database_;
  Gate gate_;
  bool failed_ = false;
};

}  // namespace

SimDisk::SimDisk(DiskFaults& faults)
    : faults_(faults), files_(std::make_unique<SimFiles>(memory_, faults)) {}
SimDisk::~SimDisk() = default;

node::Databases SimDisk::databases() {
  node::Databases out;
  out.open = [this](const FilePath& path, const KvOptions&) -> Result<std::unique_ptr<KvStore>> {
    auto& database = databases_[path.string()];
    if (!database) database = std::make_shared<Database>();
    return std::unique_ptr<KvStore>(
        std::make_unique<SimKv>(database, Gate(faults_, path.string())));
  };
  out.remove = [this](const FilePath& path) -> Status {
    databases_.erase(path.string());
    return {};
  };
  return out;
}

void SimDisk::power_off(Random& random) {
  for (auto& [path, database] : databases_) database->lose(random);
  switch (random.below(3)) {
    case 0:
      return memory_.crash();
    case 1:
      return memory_.crash_keeping(random.below(memory_.unsynced_bytes() + 1));
    default:
      return memory_.crash_randomly(random);
  }
}

}  // namespace witan::sim
