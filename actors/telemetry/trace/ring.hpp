// TraceRing: the last hops of one thread in fixed memory. One thread writes, wait-free, some
// thirty nanoseconds a hop; any thread may read at any time, and gets whole records only: what was
// overwritten while it read is left out. Reading allocates nothing, so that a dying process can.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <span>

#include "actors/telemetry/trace/core/hop.hpp"

namespace witan::trace {

class TraceRing {
 public:
  // REQUIRES: `records` is a power of two.
  explicit TraceRing(std::size_t records)
      : mask_(records - 1), words_(new std::atomic<std::uint64_t>[records * record_words]()) {}

  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }
  // Records ever written. Those in [written - capacity, written) may still be there.
  [[nodiscard]] std::uint64_t written() const { return written_.load(std::memory_order_acquire); }

  // The owning thread only. Record: HopRecord or TransactionRecord.
  template <class Record>
  void write(const Record& record) {
    static_assert(sizeof(Record) == record_bytes);
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    begin(at + 1);
    put(at, &record);
    written_.store(at + 1, std::memory_order_release);
  }
  // A hop and its transactions: a reader sees all of them or none. REQUIRES: they fit.
  void write(const HopRecord& hop, std::span<const TransactionRecord> transactions) {
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    const std::uint64_t end = at + 1 + transactions.size();
    begin(end);
    put(at, &hop);
    for (std::size_t i = 0; i < transactions.size(); ++i) put(at + 1 + i, &transactions[i]);
    written_.store(end, std::memory_order_release);
  }

  // Copies records `from`, from + 1, ... into `out` until it is full or nothing more was written.
  // `from` moves behind what was copied; records that were overwritten before or while they were
  // read are added to `lost`. Returns how many stand in `out`.
  std::size_t read(std::uint64_t& from, std::span<HopRecord> out, std::uint64_t& lost) const {
    const std::uint64_t end = written();
    if (end - from > capacity()) {
      lost += end - capacity() - from;
      from = end - capacity();
    }
    const std::uint64_t first = from;
    std::size_t n = 0;
    for (; n < out.size() && from < end; ++n, ++from) copy(from, out[n]);
    // Slots of what is being written now, or was meanwhile, hold newer bytes.
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::uint64_t begun = begun_.load(std::memory_order_relaxed);
    const std::uint64_t oldest = begun > capacity() ? begun - capacity() : 0;
    if (oldest <= first) return n;
    const auto gone = static_cast<std::size_t>(std::min<std::uint64_t>(oldest - first, n));
    lost += gone;
    std::memmove(static_cast<void*>(out.data()), out.data() + gone, (n - gone) * record_bytes);
    return n - gone;
  }

 private:
  // From here on the slots of all records before `end` may change.
  void begin(std::uint64_t end) {
    begun_.store(end, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
  }
  void put(std::uint64_t at, const void* record) {
    std::uint64_t raw[record_words];
    std::memcpy(raw, record, sizeof raw);
    std::atomic<std::uint64_t>* to = &words_[(at & mask_) * record_words];
    for (std::size_t i = 0; i < record_words; ++i) to[i].store(raw[i], std::memory_order_relaxed);
  }
  void copy(std::uint64_t at, HopRecord& out) const {
    std::uint64_t raw[record_words];
    const std::atomic<std::uint64_t>* source = &words_[(at & mask_) * record_words];
    for (std::size_t i = 0; i < record_words; ++i)
      raw[i] = source[i].load(std::memory_order_relaxed);
    std::memcpy(static_cast<void*>(&out), raw, sizeof raw);
  }

  const std::size_t mask_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  alignas(64) std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace witan::trace
