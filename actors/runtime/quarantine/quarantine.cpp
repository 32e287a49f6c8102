#include "actors/runtime/quarantine/quarantine.hpp"

#include <algorithm>
#include <chrono>

#include "messages/base/hex.hpp"
#include "storage/atomic_file.hpp"

namespace witan::quarantine {
namespace {

// Canonical words of a message without content: the null or empty root.
constexpr std::size_t nothing_bytes = sizeof(capnp::word);

void add_reason(Record& record, std::string_view reason) {
  std::string text =
      printable(reason.empty() ? "an exception without a text" : reason, reason_bytes_max);
  if (!record.reasons.empty() && record.reasons.back() == text) return;
  if (record.reasons.size() == reasons_max) record.reasons.erase(record.reasons.begin());
  record.reasons.push_back(std::move(text));
}

Result<Envelope> envelope_of(const Record& record) {
  Envelope out;
  out.type = record.type;
  out.trace.trace_hi = record.trace.trace_hi;  // what comes of it belongs to the same trace
  out.trace.trace_lo = record.trace.trace_lo;
  out.trace.span = record.trace.span;
  WITAN_TRY(out.words, Words::from_flat(record.words));
  return out;
}

Status delivered(rt::Delivery delivery, const std::string& path) {
  if (delivery == rt::Delivery::delivered) return {};
  if (delivery == rt::Delivery::shed) return fail(ErrorCode::busy, path, "its mailbox is full");
  return fail(ErrorCode::unavailable, path, "nobody stands there now");
}

}  // namespace

Quarantine::Quarantine(QuarantineOptions options) : options_(std::move(options)) {
  const std::lock_guard disk(disk_mutex_);
  load();
}

// ---- the door

bool Quarantine::knows(std::uint64_t type, std::string_view kind) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
    return entry.second.record.type == type && entry.second.kind == kind;
  });
}

Quarantine::Judgement Quarantine::judge(const Envelope& envelope, std::string_view path) noexcept {
  try {
    {
      const std::string kind = rt::kind_of_actor(path);
      const std::lock_guard guard(mutex_);
      if (!knows(envelope.type, kind)) return {};
    }
    const Hash32 id =
        identity_of(path, envelope.type, canonical_of(envelope.type, *envelope.words));
    const std::lock_guard guard(mutex_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return {};
    Entry& entry = at->second;
    const bool passes =
        entry.record.state == State::suspect || std::exchange(entry.let_through, false);
    if (passes) return {.refused = false, .watch = entry.number, .id = {}, .count = 0};
    return {.refused = true, .watch = 0, .id = to_hex(id), .count = ++entry.refusals};
  } catch (...) {  // no memory: as if nobody knew it
    return {};
  }
}

void Quarantine::handled(std::uint64_t watch) noexcept {
  try {
    const std::lock_guard disk(disk_mutex_);
    std::optional<Record> acquitted;
    bool replayed = false;
    {
      const std::lock_guard guard(mutex_);
      const auto at = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const auto& e) { return e.second.number == watch; });
      if (at == entries_.end()) return;
      replayed = at->second.replaying;
      if (at->second.record.state == State::quarantined && !replayed) return;
      acquitted = at->second.record;
      erase(at);
    }
    release(*acquitted, "was handled");
    if (replayed) came({acquitted->id, {}});
  } catch (...) {  // no memory: it stays
  }
}

Quarantine::Entry& Quarantine::keep(const Hash32& id, const Thrown& thrown) {
  Entry& entry = entries_[id];
  Record& record = entry.record;
  if (entry.number == 0) {
    entry.number = ++numbers_;
    record.id = id;
    record.type = thrown.envelope.type;
    record.first = thrown.at;
  }
  record.kind = thrown.kind;
  record.mailbox = thrown.mailbox;
  record.throws += record.throws == UINT32_MAX ? 0 : 1;
  record.last = thrown.at;
  record.trace = thrown.envelope.trace;
  record.receiver = printable(thrown.to, path_bytes_max);
  entry.kind = rt::kind_of_actor(thrown.to);
  record.sender = printable(thrown.from, path_bytes_max);
  record.size = thrown.envelope.words->flat_bytes();
  add_reason(record, thrown.reason);
  return entry;
}

void Quarantine::threw(const Thrown& thrown) noexcept {
  try {
    const Bytes canonical = canonical_of(thrown.envelope.type, *thrown.envelope.words);
    if (canonical.size() <= nothing_bytes) return;
    const Hash32 id = identity_of(thrown.to, thrown.envelope.type, canonical);
    const std::lock_guard disk(disk_mutex_);
    Record record;
    bool told = false;  // that it is in quarantine
    bool replayed = false;
    {
      const std::lock_guard guard(mutex_);
      Entry& entry = keep(id, thrown);
      told = entry.record.state == State::quarantined;
      if (entry.record.throws >= options_.throws_max) entry.record.state = State::quarantined;
      replayed = std::exchange(entry.replaying, false);
      entry.let_through = false;
      changed();
      record = entry.record;
    }
    const std::string reason = record.reasons.back();
    const bool refused = record.state == State::quarantined;
    if (record.size <= words_bytes_max) thrown.envelope.words->append_flat(record.words);
    write(record);
    enforce_bounds(id);
    if (!told) tell(refused ? Notice::quarantined : Notice::suspected, record, reason);
    if (replayed) came({id, reason});
  } catch (...) {  // no memory: the message is not known, as before
  }
}

// Told when the files say the same.
void Quarantine::came(Replayed outcome) {
  const std::lock_guard guard(mutex_);
  outcome_ = std::move(outcome);
  came_.notify_all();
}

// ---- an operator

Result<Quarantine::Entries::iterator> Quarantine::find(std::string_view id) {
  std::vector<Hash32> ids;
  for (const auto& [known, entry] : entries_) ids.push_back(known);
  WITAN_TRY(const Hash32 found, find_id(ids, id));
  return entries_.find(found);
}

Result<Hash32> Quarantine::drop(std::string_view id) {
  const std::lock_guard disk(disk_mutex_);
  Record record;
  {
    const std::lock_guard guard(mutex_);
    WITAN_TRY(const auto at, find(id));
    record = at->second.record;
  }
  WITAN_TRY_VOID(remove_file(record.id));
  {
    const std::lock_guard guard(mutex_);
    erase(entries_.find(record.id));
  }
  tell(Notice::released, record, "dropped by the operator");
  return record.id;
}

Result<Quarantine::Replayed> Quarantine::replay(std::string_view id, const Send& send,
                                                Duration deadline) {
  const std::lock_guard alone(replay_mutex_);
  Record record;
  {
    const std::lock_guard disk(disk_mutex_);
    Hash32 found;
    {
      const std::lock_guard guard(mutex_);
      WITAN_TRY(const auto at, find(id));
      found = at->first;
    }
    WITAN_TRY(record, read_record(options_.files, options_.folder, found));
  }
  if (record.kind == rt::HopKind::network)
    return fail(ErrorCode::not_allowed, record.receiver,
                "it came over a connection, where it cannot be put in again");
  if (record.words.empty())
    return fail(ErrorCode::not_allowed, to_hex(record.id), "it was too large to be kept");
  WITAN_TRY(Envelope envelope, envelope_of(record));
  {
    const std::lock_guard guard(mutex_);
    const auto at = entries_.find(record.id);
    if (at == entries_.end()) return fail(ErrorCode::not_found, to_hex(record.id), "just released");
    at->second.replaying = at->second.let_through = true;
    outcome_.reset();
  }
  const Status sent =
      delivered(send(record.receiver, std::move(envelope), record.mailbox), record.receiver);
  std::unique_lock guard(mutex_);
  if (sent)
    came_.wait_for(guard, std::chrono::nanoseconds(deadline.ns), [&] { return bool(outcome_); });
  if (const auto at = entries_.find(record.id); at != entries_.end())
    at->second.replaying = at->second.let_through = false;
  if (!sent) return fail(sent.error());
  if (!outcome_)
    return fail(ErrorCode::timeout, record.receiver, "did not handle it in time; it stays");
  return *std::exchange(outcome_, std::nullopt);
}

Quarantine::Sizes Quarantine::sizes() const {
  const std::lock_guard guard(mutex_);
  return count();
}

// ---- what is kept

Quarantine::Sizes Quarantine::count() const {
  Sizes out;
  for (const auto& [id, entry] : entries_)
    ++(entry.record.state == State::suspect ? out.suspects : out.quarantined);
  return out;
}

void Quarantine::erase(Entries::iterator at) {
  if (at == entries_.end()) return;
  entries_.erase(at);
  changed();
}

void Quarantine::changed() {
  std::uint64_t bits = 0;
  for (const auto& [id, entry] : entries_) bits |= bit_of(entry.record.type);
  types_.store(bits, std::memory_order_relaxed);
}

// Oldest first, never the newest.
std::vector<Hash32> Quarantine::over_bound(State state, const Hash32& newest) const {
  const Bound& bound = state == State::suspect ? options_.suspects : options_.quarantined;
  std::vector<const Entry*> of_state;
  std::uint64_t bytes = 0;
  for (const auto& [id, entry] : entries_) {
    if (entry.record.state != state) continue;
    of_state.push_back(&entry);
    bytes += entry.file_bytes;
  }
  std::sort(of_state.begin(), of_state.end(), [](const Entry* a, const Entry* b) {
    return a->record.last != b->record.last ? a->record.last < b->record.last
                                            : a->number < b->number;
  });
  std::vector<Hash32> out;
  std::size_t count = of_state.size();
  for (const Entry* entry : of_state) {
    if (count <= bound.count && bytes <= bound.bytes) break;
    if (entry->record.id == newest) continue;
    out.push_back(entry->record.id);
    --count;
    bytes -= entry->file_bytes;
  }
  return out;
}

void Quarantine::enforce_bounds(const Hash32& newest) {
  std::vector<Hash32> leaving;
  {
    const std::lock_guard guard(mutex_);
    for (const State state : {State::suspect, State::quarantined})
      for (const Hash32& id : over_bound(state, newest)) leaving.push_back(id);
  }
  for (const Hash32& id : leaving) forget(id, "there is no room for more");
}

void Quarantine::forget(const Hash32& id, std::string_view why) {
  Record record;
  {
    const std::lock_guard guard(mutex_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return;
    record = at->second.record;
    erase(at);
  }
  release(record, why);
}

void Quarantine::release(const Record& record, std::string_view why) {
  if (const Status removed = remove_file(record.id); !removed)
    tell(Notice::failed, record, removed.error().to_string());
  tell(Notice::released, record, std::string(why));
}

// ---- the disk

void Quarantine::load() {
  Listing listing = read_folder(options_.files, options_.folder);
  for (const Damage& damage : listing.damages) {
    Record unknown;
    tell(Notice::damaged, unknown, damage.file + ": " + damage.error.to_string());
  }
  {
    const std::lock_guard guard(mutex_);
    for (Record& record : listing.records) {
      Entry& entry = entries_[record.id];
      entry.number = ++numbers_;
      entry.file_bytes = encode(record).size();
      record.words = {};
      if (record.throws >= options_.throws_max) record.state = State::quarantined;
      entry.kind = rt::kind_of_actor(record.receiver);
      entry.record = std::move(record);
    }
    changed();
  }
  enforce_bounds({});
}

void Quarantine::write(const Record& record) {
  const Bytes bytes = encode(record);
  Status written = options_.files.create_directories(options_.folder);
  if (written)
    written = write_file_atomically(options_.files, file_of(options_.folder, record.id), bytes);
  if (!written) return tell(Notice::failed, record, written.error().to_string());
  const std::lock_guard guard(mutex_);
  if (const auto at = entries_.find(record.id); at != entries_.end())
    at->second.file_bytes = bytes.size();
}

Status Quarantine::remove_file(const Hash32& id) {
  const FilePath path = file_of(options_.folder, id);
  if (!options_.files.exists(path)) return {};
  WITAN_TRY_VOID(options_.files.remove(path));
  return options_.files.sync_directory(options_.folder);
}

void Quarantine::tell(Notice::Kind kind, const Record& record, std::string text) {
  if (!options_.notice) return;
  const Sizes now = sizes();
  options_.notice({.kind = kind,
                   .id = to_hex(record.id),
                   .receiver = record.receiver,
                   .type = record.type,
                   .text = std::move(text),
                   .suspects = now.suspects,
                   .kept = now.quarantined});
}

}  // namespace witan::quarantine
