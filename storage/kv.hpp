// KvStore: an ordered key-value database with atomic batches.
//
// Keys and values are byte strings; keys are ordered lexicographically as unsigned bytes, so
// builders in keys.hpp write numbers big-endian. Every key of every database is listed in keys.hpp.
//
// Threads: get, scan, iterate and approximate_bytes may run on any thread at any time; there is one
// writer at a time (calls to write from two threads are serialised, but nothing here orders them).
// An iterator sees the database as it was when it was made and belongs to one thread.
//
// Errors: io, no_space, corrupt (a checksum of a block or log record does not match; every read
// verifies), locked (another process has the database open). After a write has failed the store
// refuses all later writes: the caller ends the process (rule S4 of the consensus specification).
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

enum class Durability : std::uint8_t {
  buffered,  // survives the death of the process, not of the host
  synced,    // on the device when write() returns; so is everything written before it
};
enum class Direction : std::uint8_t { forward, backward };

// Keys k with begin <= k < end. An empty `end` means no upper bound.
struct KeyRange {
  Bytes begin;
  Bytes end;

  [[nodiscard]] static KeyRange all() { return {}; }
  // Every key that starts with `prefix`.
  [[nodiscard]] static KeyRange prefix(ByteView prefix);
  [[nodiscard]] static KeyRange between(ByteView begin, ByteView end) {
    return {Bytes(begin.begin(), begin.end()), Bytes(end.begin(), end.end())};
  }
  [[nodiscard]] bool contains(ByteView key) const;
};

// Puts and erases that happen together or not at all, in the order they were added. Keys and values
// are copied into one buffer: no allocation per entry. Reusable after clear().
class WriteBatch {
 public:
  void put(ByteView key, ByteView value);
  void erase(ByteView key);
  void clear();
  [[nodiscard]] bool empty() const { return operations_.empty(); }
  [[nodiscard]] std::size_t size() const { return operations_.size(); }
  [[nodiscard]] std::size_t bytes() const { return data_.size(); }

  // visit(is_put, key, value) in insertion order; value is empty for an erase.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    ByteView rest = data_;
    for (const Operation& op : operations_) {
      const ByteView key = rest.first(op.key_bytes);
      const ByteView value = rest.subspan(op.key_bytes, op.value_bytes);
      visit(op.is_put, key, value);
      rest = rest.subspan(std::size_t{op.key_bytes} + op.value_bytes);
    }
  }

 private:
  struct Operation {
    bool is_put = false;
    std::uint32_t key_bytes = 0;
    std::uint32_t value_bytes = 0;
  };
  std::vector<Operation> operations_;
  Bytes data_;
};

// Walks a KeyRange in one direction over a consistent view. key() and value() are valid until
// next().
//   for (auto it = store.iterate(range, Direction::forward); it->valid(); it->next()) ...
// REQUIRES: the store outlives the iterator. After the loop check status(): damage ends it early.
class KvIterator {
 public:
  virtual ~KvIterator() = default;
  [[nodiscard]] virtual bool valid() const = 0;
  virtual void next() = 0;
  [[nodiscard]] virtual ByteView key() const = 0;
  [[nodiscard]] virtual ByteView value() const = 0;
  [[nodiscard]] virtual Status status() const = 0;
};

class KvStore {
 public:
  virtual ~KvStore() = default;
  [[nodiscard]] virtual Result<std::optional<Bytes>> get(ByteView key) const = 0;
  [[nodiscard]] virtual Status write(const WriteBatch& batch, Durability durability) = 0;
  [[nodiscard]] virtual std::unique_ptr<KvIterator> iterate(const KeyRange& range,
                                                            Direction direction) const = 0;
  // Bytes on disk used by the range, roughly; recent writes may not be counted.
  [[nodiscard]] virtual std::uint64_t approximate_bytes(const KeyRange& range) const = 0;
  // Rewrites the range so that erased and overwritten entries free their space. Slow; blocks.
  virtual void compact(const KeyRange& range) = 0;

  // Calls visit(key, value) for each entry of the range in order until it returns false.
  using Visitor = std::function<bool(ByteView key, ByteView value)>;
  [[nodiscard]] Status scan(const KeyRange& range, Direction direction, const Visitor& visit) const;
  // First entry of the range in the given direction: the lowest (forward) or highest (backward)
  // key.
  struct Entry {
    Bytes key;
    Bytes value;
  };
  [[nodiscard]] Result<std::optional<Entry>> first(const KeyRange& range,
                                                   Direction direction) const;
  // One entry, as a batch of its own.
  [[nodiscard]] Status put(ByteView key, ByteView value, Durability durability);
  // Makes everything written so far durable.
  [[nodiscard]] Status sync() { return write(WriteBatch{}, Durability::synced); }
};

struct KvOptions {
  std::size_t write_buffer_bytes = 8U
                                   << 20U;    // kept in memory (twice, briefly) before it is sorted
  std::size_t block_cache_bytes = 8U << 20U;  // uncompressed blocks kept in memory
  std::size_t table_file_bytes = 4U << 20U;
  int bloom_bits_per_key = 10;  // 0: no filter
  int open_files_max = 256;
  bool compress = false;  // hashes, signatures and certificates do not compress
  bool create_if_missing = true;
};

// Opens or creates the LevelDB database in folder `path` (its parent must exist).
[[nodiscard]] Result<std::unique_ptr<KvStore>> open_leveldb(const std::filesystem::path& path,
                                                            const KvOptions& options = {});

// Databases in memory, by name: the same engine without a disk. A database that was closed can be
// opened again with its content while the MemoryDisk lives, as after a restart.
class MemoryDisk;
[[nodiscard]] std::shared_ptr<MemoryDisk> make_memory_disk();
[[nodiscard]] Result<std::unique_ptr<KvStore>> open_memory(std::shared_ptr<MemoryDisk> disk,
                                                           const std::string& name,
                                                           const KvOptions& options = {});
// A database of its own that vanishes when it is closed.
[[nodiscard]] Result<std::unique_ptr<KvStore>> open_memory();

}  // namespace witan
