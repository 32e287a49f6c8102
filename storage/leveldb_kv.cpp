// KvStore on LevelDB, the only file that includes its headers.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/helpers/memenv.h>
#include <leveldb/write_batch.h>

#include <atomic>

#include "storage/kv.hpp"

namespace witan {

class MemoryDisk {
 public:
  MemoryDisk() : env_(leveldb::NewMemEnv(leveldb::Env::Default())) {}
  [[nodiscard]] leveldb::Env* env() const { return env_.get(); }

 private:
  std::unique_ptr<leveldb::Env> env_;
};

namespace {

leveldb::Slice to_slice(ByteView b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
ByteView to_view(const leveldb::Slice& s) { return as_bytes({s.data(), s.size()}); }

Error to_error(const leveldb::Status& status, const std::string& name) {
  const std::string text = status.ToString();
  // LevelDB keeps the system's message, not its number.
  if (text.find("No space left") != std::string::npos)
    return {ErrorCode::no_space, name, text + "; free space and start again"};
  if (status.IsCorruption()) return {ErrorCode::corrupt, name, text + "; restore from a backup"};
  if (status.IsNotFound()) return {ErrorCode::not_found, name, text};
  if (text.find("LOCK: ") != std::string::npos)
    return {ErrorCode::locked, name, text + "; stop the process that uses it"};
  return {ErrorCode::io, name, text};
}

// LevelDB's iterator with bounds and direction.
class LevelDbIterator final : public KvIterator {
 public:
  LevelDbIterator(std::unique_ptr<leveldb::Iterator> it, KeyRange range, Direction direction,
                  std::string name)
      : it_(std::move(it)),
        range_(std::move(range)),
        direction_(direction),
        name_(std::move(name)) {
    if (direction_ == Direction::forward) {
      it_->Seek(to_slice(range_.begin));
    } else if (range_.end.empty()) {
      it_->SeekToLast();
    } else {
      it_->Seek(to_slice(range_.end));
      if (it_->Valid()) {
        it_->Prev();
      } else if (it_->status().ok()) {
        it_->SeekToLast();
      }
    }
  }
  [[nodiscard]] bool valid() const override {
    return it_->Valid() && range_.contains(to_view(it_->key()));
  }
  void next() override { direction_ == Direction::forward ? it_->Next() : it_->Prev(); }
  [[nodiscard]] ByteView key() const override { return to_view(it_->key()); }
  [[nodiscard]] ByteView value() const override { return to_view(it_->value()); }
  [[nodiscard]] Status status() const override {
    if (it_->status().ok()) return {};
    return fail(to_error(it_->status(), name_));
  }

 private:
  std::unique_ptr<leveldb::Iterator> it_;
  KeyRange range_;
  Direction direction_;
  std::string name_;
};

class LevelDbStore final : public KvStore {
 public:
  // Members are destroyed in reverse order: the database before its cache, filter and environment.
  static Result<std::unique_ptr<KvStore>> open(const std::string& path, const KvOptions& options,
                                               std::shared_ptr<MemoryDisk> disk) {
    auto store = std::unique_ptr<LevelDbStore>(new LevelDbStore);
    store->name_ = path;
    store->disk_ = std::move(disk);
    store->cache_.reset(leveldb::NewLRUCache(options.block_cache_bytes));
    if (options.bloom_bits_per_key > 0)
      store->filter_.reset(leveldb::NewBloomFilterPolicy(options.bloom_bits_per_key));
    leveldb::Options o;
    o.create_if_missing = options.create_if_missing;
    o.paranoid_checks = true;  // damage is reported, never skipped
    o.write_buffer_size = options.write_buffer_bytes;
    o.max_file_size = options.table_file_bytes;
    o.max_open_files = options.open_files_max;
    o.block_cache = store->cache_.get();
    o.filter_policy = store->filter_.get();
    o.compression = options.compress ? leveldb::kSnappyCompression : leveldb::kNoCompression;
    if (store->disk_) o.env = store->disk_->env();
    leveldb::DB* db = nullptr;
    const leveldb::Status status = leveldb::DB::Open(o, path, &db);
    store->db_.reset(db);
    if (!status.ok()) return fail(to_error(status, path));
    return std::unique_ptr<KvStore>(std::move(store));
  }

  [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) const override {
    std::string value;
    const leveldb::Status status = db_->Get(read_options(), to_slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>{};
    if (!status.ok()) return fail(to_error(status, name_));
    const ByteView view = as_bytes(value);
    return std::optional<Bytes>(Bytes(view.begin(), view.end()));
  }

  [[nodiscard]] Status write(const WriteBatch& batch, Durability durability) override {
    if (failed_.load()) return fail(ErrorCode::io, name_, "refused: an earlier write failed");
    leveldb::WriteBatch out;
    batch.for_each([&](bool is_put, ByteView key, ByteView value) {
      if (is_put) {
        out.Put(to_slice(key), to_slice(value));
      } else {
        out.Delete(to_slice(key));
      }
    });
    leveldb::WriteOptions options;
    options.sync = durability == Durability::synced;
    const leveldb::Status status = db_->Write(options, &out);
    if (status.ok()) return {};
    failed_.store(true);
    return fail(to_error(status, name_));
  }

  [[nodiscard]] std::unique_ptr<KvIterator> iterate(const KeyRange& range,
                                                    Direction direction) const override {
    leveldb::ReadOptions options = read_options();
    options.fill_cache = false;  // a scan must not evict what point reads use
    return std::make_unique<LevelDbIterator>(
        std::unique_ptr<leveldb::Iterator>(db_->NewIterator(options)), range, direction, name_);
  }

  [[nodiscard]] std::uint64_t approximate_bytes(const KeyRange& range) const override {
    const Bytes last(64, 0xff);  // above every key in use
    const leveldb::Range bounds(to_slice(range.begin),
                                to_slice(range.end.empty() ? last : range.end));
    std::uint64_t size = 0;
    db_->GetApproximateSizes(&bounds, 1, &size);
    return size;
  }

  void compact(const KeyRange& range) override {
    const leveldb::Slice begin = to_slice(range.begin);
    const leveldb::Slice end = to_slice(range.end);
    db_->CompactRange(&begin, range.end.empty() ? nullptr : &end);
  }

 private:
  LevelDbStore() = default;
  static leveldb::ReadOptions read_options() {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    return options;
  }

  std::string name_;
  std::shared_ptr<MemoryDisk> disk_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
  std::atomic<bool> failed_{false};
};

}  // namespace

Result<std::unique_ptr<KvStore>> open_leveldb(const std::filesystem::path& path,
                                              const KvOptions& options) {
  return LevelDbStore::open(path.string(), options, nullptr);
}

std::shared_ptr<MemoryDisk> make_memory_disk() { return std::make_shared<MemoryDisk>(); }

Result<std::unique_ptr<KvStore>> open_memory(std::shared_ptr<MemoryDisk> disk,
                                             const std::string& name, const KvOptions& options) {
  return LevelDbStore::open("/" + name, options, std::move(disk));
}

Result<std::unique_ptr<KvStore>> open_memory() {
  return open_memory(make_memory_disk(), "memory", {});
}

}  // namespace witan
