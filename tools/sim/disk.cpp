#include "tools/sim/disk.hpp"

#include <algorithm>

#include "actors/runtime/faults/fault_files.hpp"

namespace witan::sim {
namespace {

using faults::Action;

// Asks the rules, and lets the time pass that they take.
IoVerdict asked(DiskFaults& faults, const std::string& path, std::string_view call) {
  const auto decision = faults.on_disk(path, call);
  if (!decision) return {};
  if (decision->action == Action::slow || decision->action == Action::hang)
    faults.took(decision->by);
  return faults::verdict_of(*decision, path);
}

class SimFiles final : public JudgedFiles {
 public:
  SimFiles(MemoryFileSystem& inner, DiskFaults& faults) : JudgedFiles(inner), faults_(faults) {}

 private:
  IoVerdict judge(IoKind kind, const std::string& path, std::uint64_t) const override {
    return asked(faults_, path, name_of(kind));
  }
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
  SimKv(std::shared_ptr<Database> database, DiskFaults& faults, std::string path)
      : database_(std::move(database)), faults_(faults), path_(std::move(path)) {}

  Result<std::optional<Bytes>> get(ByteView key) const override {
    WITAN_TRY_VOID(asked(faults_, path_, "read").status);
    const auto found = database_->content->find(key);
    if (found == database_->content->end()) return std::optional<Bytes>{};
    return std::optional(found->second);
  }
  Status write(const WriteBatch& batch, Durability durability) override {
    if (failed_) return fail(ErrorCode::io, path_, "an earlier write failed");
    const bool synced = durability == Durability::synced;
    IoVerdict verdict = asked(faults_, path_, "write");
    if (verdict.status && synced) verdict = asked(faults_, path_, "sync");
    if (!verdict.status) {
      failed_ = true;
      return verdict.status;
    }
    if (!batch.empty()) database_->apply(batch);
    if (synced && !verdict.lied) database_->synced();
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
  DiskFaults& faults_;
  const std::string path_;
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
    return std::unique_ptr<KvStore>(std::make_unique<SimKv>(database, faults_, path.string()));
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
