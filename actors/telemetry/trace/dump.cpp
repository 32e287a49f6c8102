// The flight recorder's way to disk, also out of a signal handler: plain system calls, memory that
// exists already, uncompressed blocks.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "actors/telemetry/trace/recorder.hpp"
#include "storage/data_dir.hpp"

namespace witan::trace {
namespace {

std::atomic<Recorder*> crash_recorder{nullptr};
constexpr int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::size_t reason_bytes_max = 200;

// For the handler of a thread whose own stack has overflowed. Pages that nobody touches cost
// nothing.
class CrashStack {
 public:
  CrashStack() {
    stack_t present{};
    if (sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
    bytes_.reset(new std::uint8_t[size]);
    stack_t mine{};
    mine.ss_sp = bytes_.get();
    mine.ss_size = size;
    if (sigaltstack(&mine, nullptr) != 0) bytes_.reset();
  }
  ~CrashStack() {
    if (!bytes_) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    (void)sigaltstack(&none, nullptr);
  }
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  static constexpr std::size_t size = 128 * 1024;  // a dump's own buffers, many times
  std::unique_ptr<std::uint8_t[]> bytes_;          // not initialised
};

void on_crash(int number) {
  if (Recorder* recorder = crash_recorder.exchange(nullptr)) {
    char reason[] = "signal 00";
    reason[7] = static_cast<char>('0' + number / 10 % 10);
    reason[8] = static_cast<char>('0' + number % 10);
    recorder->dump_dying(reason);
  }
  (void)signal(number, SIG_DFL);
  (void)raise(number);
}

bool write_all(int fd, const std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t done = ::write(fd, bytes, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes += done;
    size -= static_cast<std::size_t>(done);
  }
  return true;
}

}  // namespace

void dump_on_crash(Recorder* recorder) {
  crash_recorder = recorder;
  for (const int number : crash_signals) {
    struct sigaction action {};
    action.sa_handler = recorder != nullptr ? on_crash : SIG_DFL;
    action.sa_flags = SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, nullptr);
  }
}

void give_crash_stack() { thread_local const CrashStack stack; }

bool Recorder::write_block(int fd, BlockHeader header, ByteView payload) noexcept {
  header.raw_bytes = static_cast<std::uint32_t>(payload.size());
  header.wall_base = wall_base();
  const HeaderBytes head = encode_header(header, payload);
  return write_all(fd, head.data(), head.size()) && write_all(fd, payload.data(), payload.size());
}

bool Recorder::write_dump(int fd, std::string_view reason) noexcept {
  std::array<std::uint8_t, 16 * 1024> node{};
  reason = reason.substr(0, reason_bytes_max);
  const std::size_t prefix = node_prefix_.size();
  if (prefix + reason.size() + 12 > node.size()) return false;
  std::uint8_t* at = node.data();
  const auto put = [&at](const void* bytes, std::size_t size) {
    std::memcpy(at, bytes, size);
    at += size;
  };
  const auto reason_size = static_cast<std::uint32_t>(reason.size());
  put(node_prefix_.data(), prefix);
  put(&reason_size, sizeof reason_size);
  put(reason.data(), reason.size());
  put(&options_.node.started_ns, sizeof options_.node.started_ns);
  BlockHeader header;
  header.kind = BlockKind::node;
  header.count = 1;
  bool good = write_block(fd, header, {node.data(), static_cast<std::size_t>(at - node.data())});
  header = {};
  header.kind = BlockKind::names;
  header.count = names_count_.load(std::memory_order_relaxed);
  good = good && write_block(fd, header,
                             ByteView(names_).first(names_used_.load(std::memory_order_acquire)));
  const std::size_t count = lanes_->count.load(std::memory_order_acquire);
  for (std::size_t i = 0; good && i < count; ++i) {
    const TraceRing& ring = lanes_->all[i]->ring;
    const std::uint64_t end = ring.written();
    std::uint64_t from = end - std::min<std::uint64_t>(end, ring.capacity());
    std::uint64_t overwritten = 0;  // while we read: that is what a ring does
    while (good && from < end) {
      std::size_t got = ring.read(from, dump_buffer_, overwritten);
      if (got == 0) break;
      const std::size_t whole = whole_records(std::span(dump_buffer_).first(got));
      if (got == dump_buffer_.size() && whole > 0) {  // what was cut here is read again
        from -= got - whole;
        got = whole;
      }
      header = {};
      index_records(header, std::span(dump_buffer_).first(got));
      good = write_block(
          fd, header,
          {reinterpret_cast<const std::uint8_t*>(dump_buffer_.data()), got * record_bytes});
    }
  }
  return good;
}

Result<FilePath> Recorder::dump(std::string_view reason) {
  if (dumping_.test_and_set())
    return fail(ErrorCode::busy, "trace", "a dump is being written already");
  struct Release {
    std::atomic_flag& flag;
    ~Release() { flag.clear(); }
  } const release{dumping_};
  const FilePath& folder = options_.files.folder;
  WITAN_TRY_VOID(fs_.create_directories(folder));
  // What the disk has left is the chain's.
  WITAN_TRY_VOID(check_free_space(fs_, folder, 2 * options_.ring_bytes));
  WITAN_TRY_VOID(keep_newest(fs_, folder, dump_prefix, ~std::uint64_t{0}, options_.dumps_max - 1));
  static std::atomic<unsigned> number{0};
  char name[64];
  std::snprintf(name, sizeof name, "flight-%013llu-%03u.wtr",
                static_cast<unsigned long long>(unix_ms()), number.fetch_add(1) % 1000);
  const FilePath path = folder / name;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::io, path.string(), std::strerror(errno));
  bool good = write_dump(fd, reason);
  std::vector<PeerClock> clocks;
  {
    const std::lock_guard guard(clocks_mutex_);
    for (const auto& [node, clock] : clocks_) clocks.push_back(clock);
  }
  BlockHeader header;
  header.kind = BlockKind::clocks;
  header.count = static_cast<std::uint32_t>(clocks.size());
  good = good && write_block(fd, header, encode_clocks(clocks));
  const int error = errno;
  if (::close(fd) != 0 || !good)
    return fail(error == ENOSPC ? ErrorCode::no_space : ErrorCode::io, path.string(),
                std::strerror(error));
  return path;
}

void Recorder::dump_dying(const char* reason) noexcept {
  if (dumping_.test_and_set()) return;
  const int fd = ::open(dying_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return;
  (void)write_dump(fd, std::string_view(reason));
  (void)::close(fd);
}

}  // namespace witan::trace
