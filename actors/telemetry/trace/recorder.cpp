#include "actors/telemetry/trace/recorder.hpp"

#include <pthread.h>

#include <bit>
#include <chrono>

#include "actors/telemetry/trace/tags.hpp"
#include "messages/base/codec_bytes.hpp"

namespace witan::trace {
namespace {

constexpr std::size_t names_bytes = 256 * 1024;
constexpr std::size_t block_records = 4096;
constexpr std::size_t peers_max = 256;
constexpr auto drain_period = std::chrono::milliseconds(20);
constexpr Duration block_age_max = Duration::from_ms(500);

static_assert(static_cast<std::uint8_t>(rt::HopKind::network) == kind_network);
static_assert(static_cast<std::uint8_t>(rt::HopOutcome::quarantined) + 1 == outcome_names.size());
static_assert(static_cast<std::uint8_t>(rt::MailboxClass::bulk) + 1 == mailbox_names.size());

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

// Gives a thread's ring back when the thread ends.
class LaneOwner {
 public:
  ~LaneOwner() { release(); }
  void take(std::shared_ptr<Recorder::Lanes> lanes, Recorder::Lane* lane) {
    release();
    lanes_ = std::move(lanes);
    lane_ = lane;
  }

 private:
  void release() {
    if (lane_ != nullptr) lane_->owned.store(false, std::memory_order_release);
    lane_ = nullptr;
    lanes_.reset();
  }
  std::shared_ptr<Recorder::Lanes> lanes_;
  Recorder::Lane* lane_ = nullptr;
};

Recorder::Recorder(RecorderOptions options, FileSystem& fs)
    : TraceSink(false),
      options_(std::move(options)),
      fs_(fs),
      id_(next_id()),
      lanes_(std::make_shared<Lanes>()),
      names_(names_bytes),
      dump_buffer_(512) {
  exact_times = false;
  options_.node.started_ns = options_.clock->unix_now().ns;
  lanes_->all.reserve(options_.rings_max);
  for (const MessageType& type : message_types()) add_name(NameKind::type, type.id, type.name);
  ByteWriter prefix;
  for (const std::string* text :
       {&options_.node.id, &options_.node.moniker, &options_.node.software})
    prefix.prefixed(as_bytes(*text));
  node_prefix_ = prefix.take();
  dying_path_ = (options_.files.folder / (std::string(dump_prefix) + std::to_string(unix_ms()) +
                                          "-dying" + std::string(trace_suffix)))
                    .string();
  // Who dies cannot make a folder. Without one there will be no dump, which is no reason not to
  // run.
  if (fs_.create_directories(options_.files.folder))
    (void)keep_newest(fs_, options_.files.folder, dump_prefix, ~std::uint64_t{0},
                      options_.dumps_max);
}

Recorder::~Recorder() { stop_recording(); }

std::int64_t Recorder::wall_base() const {
  return options_.clock->unix_now().ns - options_.clock->now().ns;
}
std::uint64_t Recorder::unix_ms() const {
  return static_cast<std::uint64_t>(options_.clock->unix_now().ns / 1'000'000);
}

// ---- the message path

Recorder::Lane* Recorder::lane() {
  thread_local std::uint64_t owner = 0;
  thread_local Lane* mine = nullptr;
  if (owner != id_) [[unlikely]] {
    owner = id_;
    mine = take_lane();
  }
  return mine;
}

Recorder::Lane* Recorder::take_lane() {
  thread_local LaneOwner releaser;
  give_crash_stack();
  const std::lock_guard guard(lanes_->mutex);
  for (const auto& lane : lanes_->all) {
    bool free = false;
    if (!lane->owned.compare_exchange_strong(free, true, std::memory_order_acquire)) continue;
    releaser.take(lanes_, lane.get());
    return lane.get();
  }
  if (lanes_->all.size() >= options_.rings_max) return nullptr;
  const std::size_t records = options_.ring_bytes / options_.rings_max / record_bytes;
  lanes_->all.push_back(std::make_unique<Lane>(std::bit_floor(std::max<std::size_t>(records, 64))));
  lanes_->count.store(lanes_->all.size(), std::memory_order_release);
  releaser.take(lanes_, lanes_->all.back().get());
  return lanes_->all.back().get();
}

void Recorder::learn(Lane& lane, std::uint32_t number, std::string_view path,
                     const rt::SlotNames& names) {
  if (number == 0) return;
  std::uint32_t& known = lane.seen[number % lane.seen.size()];
  if (known == number) return;
  known = number;
  add_name(NameKind::actor, number, path.empty() ? names.path_of(number) : std::string(path));
}

void Recorder::learn_peer(Lane& lane, std::uint32_t session, std::string_view peer) {
  std::uint32_t& known = lane.seen_peers[session % lane.seen_peers.size()];
  if (known == session) return;
  known = session;
  add_name(NameKind::peer, session, peer);
}

void Recorder::add_name(NameKind kind, std::uint64_t number, std::string_view text) noexcept {
  const std::lock_guard guard(names_mutex_);
  const std::pair key(number, static_cast<std::uint8_t>(kind));
  if (text.empty() || named_.contains(key)) return;
  const std::size_t used = names_used_.load(std::memory_order_relaxed);
  const std::size_t size =
      encode_name(std::span<std::uint8_t>(names_).subspan(used), kind, number, text);
  if (size == 0) return;  // the table is full: shown by its number, and nothing grows
  named_.insert(key);
  names_count_.fetch_add(1, std::memory_order_relaxed);
  names_used_.store(used + size, std::memory_order_release);
}

void Recorder::hop(const rt::Hop& in) noexcept {
  Lane* mine = lane();
  if (mine == nullptr) {
    unrecorded_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  HopRecord out;
  const Envelope& e = in.envelope;
  out.trace_hi = e.trace.trace_hi;
  out.trace_lo = e.trace.trace_lo;
  out.span = e.trace.span;
  out.parent = e.trace.parent;
  out.hops = e.trace.hops;
  out.sent = in.sent.ns;
  out.started = in.started.ns;
  out.finished = in.finished.ns;
  out.type = e.type;
  out.from = in.from_slot;
  out.to = in.to_slot;
  out.size = static_cast<std::uint32_t>(e.words->flat_bytes());
  out.depth = in.depth;
  out.kind = static_cast<std::uint8_t>(in.kind);
  out.outcome = static_cast<std::uint8_t>(in.outcome);
  out.mailbox = static_cast<std::uint8_t>(in.mailbox);
  learn(*mine, in.to_slot, in.to, in.names);
  learn(*mine, in.from_slot, {}, in.names);
  if (in.kind == rt::HopKind::network) learn_peer(*mine, in.to_slot, in.from);
  const MessageType* type = find_message_type(e.type);
  if (type != nullptr) tag_message(*type, *e.words, out);
  const std::uint64_t before = mine->ring.written();
  const bool recording = recording_.load(std::memory_order_relaxed);
  if (recording && type != nullptr && type->transactions != TransactionForm::none) {
    write_with_transactions(*mine, out, transactions_in(*type, *e.words));
  } else {
    mine->ring.write(out);
  }
  const std::size_t quarter = mine->ring.capacity() / 4;
  if (recording && before / quarter != mine->ring.written() / quarter) wake_.notify_one();
}

// At most half of the ring, so that it always fits; the rest of a batch is not recorded.
void Recorder::write_with_transactions(Lane& lane, HopRecord& hop,
                                       const std::vector<std::uint64_t>& ids) {
  hop.transactions = ids.empty() ? 0 : 1;
  std::vector<TransactionRecord> lists(
      std::min((ids.size() + TransactionRecord::ids_max - 1) / TransactionRecord::ids_max,
               lane.ring.capacity() / 2));
  std::size_t taken = 0;
  for (TransactionRecord& list : lists) {
    list.span = hop.span;
    list.count =
        static_cast<std::uint32_t>(std::min(ids.size() - taken, TransactionRecord::ids_max));
    for (std::size_t k = 0; k < list.count; ++k) list.id(k) = ids[taken++];
  }
  lane.ring.write(hop, lists);
}

void Recorder::peer_clock(std::string_view node_id_hex, Duration offset, Duration error) noexcept {
  const std::lock_guard guard(clocks_mutex_);
  const auto at = clocks_.find(node_id_hex);
  if (at == clocks_.end() && clocks_.size() >= peers_max) return;
  PeerClock& clock = at == clocks_.end() ? clocks_[std::string(node_id_hex)] : at->second;
  clock = {std::string(node_id_hex), offset.ns, error.ns, options_.clock->unix_now().ns};
  ++clocks_version_;
}

// ---- recording

Status Recorder::start_recording() {
  const std::lock_guard guard(control_mutex_);
  if (thread_.joinable()) {
    if (recording_) return fail(ErrorCode::duplicate, "trace", "a recording runs already");
    thread_.join();  // it ended by itself
  }
  NodeInfo node = options_.node;
  node.reason = "recording";
  writer_ = std::make_unique<SegmentWriter>(fs_, options_.files, std::move(node));
  WITAN_TRY_VOID(writer_->open(unix_ms()));
  names_written_ = 0;
  clocks_written_ = 0;
  lost_ = 0;
  {
    const std::lock_guard lanes(lanes_->mutex);
    for (const auto& lane : lanes_->all) {
      const std::uint64_t written = lane->ring.written();
      // Not the oldest: they would be overwritten, and counted as lost, before we come to them.
      lane->drained = written - std::min<std::uint64_t>(written, lane->ring.capacity() / 4 * 3);
    }
  }
  {
    const std::lock_guard status(status_mutex_);
    status_ = {};
    status_.file = writer_->path();
  }
  stop_ = false;
  exact_times = true;
  recording_ = true;
  thread_ = std::thread([this] { record_loop(); });
  return {};
}

void Recorder::stop_recording() {
  const std::lock_guard guard(control_mutex_);
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(thread_mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

RecorderStatus Recorder::status() {
  RecorderStatus out;
  {
    const std::lock_guard guard(status_mutex_);
    out = status_;
  }
  out.recording = recording_;
  out.hops = unrecorded_.load(std::memory_order_relaxed);
  const std::lock_guard lanes(lanes_->mutex);
  for (const auto& lane : lanes_->all) out.hops += lane->ring.written();
  return out;
}

std::vector<HopRecord> Recorder::recent(Instant since) {
  std::vector<HopRecord> out, page(1024);
  const std::size_t count = lanes_->count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    const TraceRing& ring = lanes_->all[i]->ring;
    const std::uint64_t end = ring.written();
    std::uint64_t from = end - std::min<std::uint64_t>(end, ring.capacity());
    std::uint64_t lost = 0;
    while (from < end) {
      const std::size_t got = ring.read(from, page, lost);
      if (got == 0) break;
      for (std::size_t k = 0; k < got; ++k)
        if (page[k].kind != kind_transactions && page[k].sent >= since.ns) out.push_back(page[k]);
    }
  }
  return out;
}

std::vector<Name> Recorder::names() {
  bool whole = false;
  const std::size_t used = names_used_.load(std::memory_order_acquire);
  return decode_names(ByteView(names_).first(used), whole);
}

void Recorder::record_loop() {
  pthread_setname_np(pthread_self(), "trace");
  block_.reserve(block_records);
  Instant flushed = options_.clock->now();
  bool stop = false;
  while (!stop && writer_->is_open()) {
    {
      std::unique_lock lock(thread_mutex_);
      if (!stop_) wake_.wait_for(lock, drain_period);
      stop = stop_;
    }
    drain_all();
    const Instant now = options_.clock->now();
    if (!stop && now - flushed < block_age_max) continue;
    flush_block();
    write_clocks();
    flushed = now;
  }
  writer_->close();
  exact_times = false;
  recording_ = false;
}

void Recorder::drain_all() {
  const std::size_t count = lanes_->count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    Lane& lane = *lanes_->all[i];  // rings_max places are reserved: it does not move
    // At most once around: a busy thread must not keep us from the others.
    for (std::size_t left = lane.ring.capacity(); left > 0;) {
      const std::size_t held = block_.size();
      block_.resize(block_records);
      const std::size_t got = lane.ring.read(lane.drained, std::span(block_).subspan(held), lost_);
      block_.resize(held + got);
      if (block_.size() == block_records) {  // what was cut here is read again
        const std::size_t whole = whole_records(std::span(block_).subspan(held));
        if (held + whole > 0) {
          block_.resize(held + whole);
          lane.drained -= got - whole;
        }
        flush_block();
      }
      if (got == 0) break;
      left -= std::min(left, got);
    }
  }
}

void Recorder::flush_block() {
  if (block_.empty()) return;
  BlockHeader header;
  index_records(header, block_);
  header.lost = std::exchange(lost_, 0);
  write_names();
  append(header,
         {reinterpret_cast<const std::uint8_t*>(block_.data()), block_.size() * record_bytes});
  const std::lock_guard guard(status_mutex_);
  status_.lost += header.lost;
  status_.bytes = writer_->bytes();
  status_.file = writer_->path();
  block_.clear();
}

void Recorder::append(BlockHeader header, ByteView payload) {
  if (!writer_->is_open()) return;
  header.wall_base = wall_base();
  const std::size_t used = names_used_.load(std::memory_order_acquire);
  const Status done = writer_->append(header, payload, unix_ms(), ByteView(names_).first(used),
                                      names_count_.load(std::memory_order_relaxed));
  if (done) return;
  const std::lock_guard guard(status_mutex_);
  status_.error = done.error().to_string();
}

void Recorder::write_names() {
  const std::size_t used = names_used_.load(std::memory_order_acquire);
  if (used == names_written_) return;
  BlockHeader header;
  header.kind = BlockKind::names;
  append(header, ByteView(names_).subspan(names_written_, used - names_written_));
  names_written_ = used;
}

void Recorder::write_clocks() {
  std::vector<PeerClock> clocks;
  {
    const std::lock_guard guard(clocks_mutex_);
    if (clocks_version_ == clocks_written_) return;
    clocks_written_ = clocks_version_;
    for (const auto& [node, clock] : clocks_) clocks.push_back(clock);
  }
  BlockHeader header;
  header.kind = BlockKind::clocks;
  header.count = static_cast<std::uint32_t>(clocks.size());
  append(header, encode_clocks(clocks));
}

}  // namespace witan::trace
