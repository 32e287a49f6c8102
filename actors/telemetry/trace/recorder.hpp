// Recorder: the node's TraceSink. Always on: the last hops of every thread in fixed memory, a
// flight recorder that is written to `traces/` when the node fails or when asked. On demand:
// everything to compressed files (segment_writer.hpp), by a thread of its own that drains the same
// memory; what it cannot keep up with is lost, counted and stated in the files. Never blocks or
// fails an actor.
//
// Memory: ring_bytes over rings_max threads, 256 KiB of names. Threads beyond rings_max are not
// recorded (counted as lost). Outlives the Runtime.
#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "actors/runtime/door.hpp"
#include "actors/telemetry/trace/peer_clock_sink.hpp"
#include "actors/telemetry/trace/ring.hpp"
#include "actors/telemetry/trace/segment_writer.hpp"

namespace witan::trace {

struct RecorderOptions {
  NodeInfo node;                              // `reason` and `started_ns` are filled in here
  const Clock* clock = nullptr;               // of the runtime
  std::size_t ring_bytes = 24 * 1024 * 1024;  // all rings together
  std::size_t rings_max = 16;
  SegmentOptions files;       // of recordings; dumps go into the same folder
  std::size_t dumps_max = 8;  // the newest are kept
};

struct RecorderStatus {
  bool recording = false;
  std::uint64_t hops = 0;   // reported since the start
  std::uint64_t lost = 0;   // of recordings
  std::uint64_t bytes = 0;  // written by recordings
  std::string error;        // why the last recording ended by itself; empty: it did not
  FilePath file;            // being written, or the last one
};

class Recorder final : public rt::TraceSink, public PeerClockSink {
 public:
  Recorder(RecorderOptions options, FileSystem& fs);
  ~Recorder() override;  // ends a recording; writes no dump
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void hop(const rt::Hop& hop) noexcept override;
  void peer_clock(std::string_view node_id_hex, Duration offset, Duration error) noexcept override;

  // Writes what the rings hold to a new file. Errors: io, no_space, busy (a dump is being written).
  Result<FilePath> dump(std::string_view reason);
  // The same for a process that is dying: no lock is waited for, nothing is allocated.
  void dump_dying(const char* reason) noexcept;

  // Begins with the newest three quarters of what the rings hold. Errors: io, no_space; duplicate
  // when it records already.
  Status start_recording();
  void stop_recording();  // writes what is left
  [[nodiscard]] RecorderStatus status();

  // For live views, from any thread: the hops the rings still hold that were sent at or after
  // `since` (of the runtime's clock), by no order, and the names of actors and types.
  [[nodiscard]] std::vector<HopRecord> recent(Instant since);
  [[nodiscard]] std::vector<Name> names();

 private:
  struct Lane {  // a ring and what belongs to its thread
    explicit Lane(std::size_t records) : ring(records) {}
    TraceRing ring;
    std::array<std::uint32_t, 1024> seen{};      // actor numbers whose names are known, by low bits
    std::array<std::uint32_t, 64> seen_peers{};  // the same of sessions
    std::uint64_t drained = 0;                   // the recording thread's
    std::atomic<bool> owned{true};
  };
  // Shared with the threads that use the rings, so that either side may end first.
  struct Lanes {
    std::mutex mutex;
    std::vector<std::unique_ptr<Lane>> all;  // only grows, to rings_max, within reserved memory
    std::atomic<std::size_t> count{0};
  };
  friend class LaneOwner;

  Lane* lane();
  Lane* take_lane();
  void learn(Lane& lane, std::uint32_t number, std::string_view path, const rt::SlotNames& names);
  void add_name(NameKind kind, std::uint64_t number, std::string_view text) noexcept;
  void learn_peer(Lane& lane, std::uint32_t session, std::string_view peer);
  void write_with_transactions(Lane& lane, HopRecord& hop, const std::vector<std::uint64_t>& ids);
  [[nodiscard]] std::int64_t wall_base() const;
  [[nodiscard]] std::uint64_t unix_ms() const;

  // dump.cpp
  bool write_dump(int fd, std::string_view reason) noexcept;
  bool write_block(int fd, BlockHeader header, ByteView payload) noexcept;

  // the recording thread
  void record_loop();
  void drain_all();
  void flush_block();
  void append(BlockHeader header, ByteView payload);
  void write_names();
  void write_clocks();

  RecorderOptions options_;
  FileSystem& fs_;
  const std::uint64_t id_;  // tells recorders of one process apart
  std::shared_ptr<Lanes> lanes_;
  std::atomic<std::uint64_t> unrecorded_{0};  // hops of threads without a ring
  std::atomic<bool> recording_{false};

  // Names: encoded as they stand in files, appended only.
  std::mutex names_mutex_;
  std::set<std::pair<std::uint64_t, std::uint8_t>> named_;
  Bytes names_;  // fixed size
  std::atomic<std::size_t> names_used_{0};
  std::atomic<std::uint32_t> names_count_{0};

  std::mutex clocks_mutex_;
  std::map<std::string, PeerClock, std::less<>> clocks_;
  std::uint64_t clocks_version_ = 0;

  std::atomic_flag dumping_;
  std::vector<HopRecord> dump_buffer_;
  Bytes node_prefix_;  // encoded node block without its reason
  std::string dying_path_;

  std::mutex control_mutex_;  // start, stop
  std::mutex thread_mutex_;
  std::condition_variable wake_;
  bool stop_ = false;  // guarded by thread_mutex_
  std::thread thread_;
  std::unique_ptr<SegmentWriter> writer_;  // the recording thread's while it runs
  std::vector<HopRecord> block_;
  std::size_t names_written_ = 0;
  std::uint64_t clocks_written_ = 0;
  std::uint64_t lost_ = 0;  // not yet told in a file
  std::mutex status_mutex_;
  RecorderStatus status_;
};

// Signals that end a process (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) write the flight recorder
// before they do. One recorder a process; null ends it. A stack that overflowed has no room for
// that: threads that record have a second one for it.
void dump_on_crash(Recorder* recorder);
// Gives this thread its second stack, until it ends; once a thread, a later call changes nothing.
void give_crash_stack();

}  // namespace witan::trace
