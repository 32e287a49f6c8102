// A database in a map that loses power as a log-structured one does: what was written since the
// last sync survives up to some batch, and nothing after it. Every call asks a IoFaultPlan.
#pragma once
#include <map>

#include "storage/fault_file_system.hpp"
#include "storage/kv.hpp"

namespace witan::test {

struct MapDisk {
  std::map<Bytes, Bytes> visible;
  std::map<Bytes, Bytes> durable;
  std::vector<WriteBatch> unsynced;

  static void apply(std::map<Bytes, Bytes>& to, const WriteBatch& batch) {
    batch.for_each([&to](bool is_put, ByteView key, ByteView value) {
      Bytes k(key.begin(), key.end());
      if (is_put) {
        to.insert_or_assign(std::move(k), Bytes(value.begin(), value.end()));
      } else {
        to.erase(k);
      }
    });
  }
  // Power loss: the first `kept` of the unsynced batches reached the disk.
  void crash(std::size_t kept = 0) {
    for (std::size_t i = 0; i < std::min(kept, unsynced.size()); ++i) apply(durable, unsynced[i]);
    unsynced.clear();
    visible = durable;
  }
};

class MapKv final : public KvStore {
 public:
  MapKv(MapDisk& disk, IoFaultPlan& plan, std::string name)
      : disk_(disk), plan_(plan), name_(std::move(name)) {}

  [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) const override {
    WITAN_TRY_VOID(plan_.next_plain(IoKind::db_read, name_));
    const auto found = disk_.visible.find(Bytes(key.begin(), key.end()));
    if (found == disk_.visible.end()) return std::optional<Bytes>{};
    return std::optional(found->second);
  }

  [[nodiscard]] Status write(const WriteBatch& batch, Durability durability) override {
    if (failed_) return fail(ErrorCode::io, name_, "refused: an earlier write failed");
    const Status status = plan_.next_plain(IoKind::db_write, name_);
    failed_ = !status.has_value();
    if (!status) return status;
    MapDisk::apply(disk_.visible, batch);
    disk_.unsynced.push_back(batch);
    if (durability == Durability::buffered) return {};
    for (const WriteBatch& written : disk_.unsynced) MapDisk::apply(disk_.durable, written);
    disk_.unsynced.clear();
    return {};
  }

  [[nodiscard]] std::unique_ptr<KvIterator> iterate(const KeyRange& range,
                                                    Direction direction) const override {
    auto out = std::make_unique<Walk>();
    out->status_ = plan_.next_plain(IoKind::db_read, name_);
    if (!out->status_) return out;
    for (const auto& entry : disk_.visible)
      if (range.contains(entry.first)) out->entries_.push_back(entry);
    if (direction == Direction::backward) std::reverse(out->entries_.begin(), out->entries_.end());
    return out;
  }

  [[nodiscard]] std::uint64_t approximate_bytes(const KeyRange&) const override { return 0; }
  void compact(const KeyRange&) override {}

 private:
  struct Walk final : KvIterator {
    [[nodiscard]] bool valid() const override { return at_ < entries_.size(); }
    void next() override { ++at_; }
    [[nodiscard]] ByteView key() const override { return entries_[at_].first; }
    [[nodiscard]] ByteView value() const override { return entries_[at_].second; }
    [[nodiscard]] Status status() const override { return status_; }
    std::vector<std::pair<Bytes, Bytes>> entries_;
    std::size_t at_ = 0;
    Status status_;
  };

  MapDisk& disk_;
  IoFaultPlan& plan_;
  std::string name_;
  bool failed_ = false;
};

}  // namespace witan::test
