#include "actors/mempool/core/submissions.hpp"

#include <algorithm>

namespace witan::mempool {

std::optional<std::uint32_t> Submissions::open(bool single, bool wait, Instant deadline) {
  if (count() >= open_max_) return std::nullopt;
  auto number = static_cast<std::uint32_t>(slots_.size());
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  Submission& what = slots_[number].what;
  what.single = single;
  what.wait = wait;
  if (wait) deadlines_.push_back({deadline, number, slots_[number].generation});
  return number;
}

void Submissions::accept(std::uint32_t number, const TxId& id, std::uint32_t position) {
  Submission& what = slots_[number].what;
  ++what.accepted;
  what.id = id;
  if (!what.wait) return;
  // An id whose submission timed out may come back after it left the pool unseen.
  (void)ids_.erase(id);
  const std::uint32_t slot = ids_.insert(id);
  if (awaited_.size() <= slot) awaited_.resize(slot + 1);
  awaited_[slot] = {number, slots_[number].generation, position};
  ++what.awaited;
}

void Submissions::note(Submission& what, std::uint32_t position, ErrorCode code, std::string text) {
  if (what.failures.size() < failures_kept_max)
    what.failures.push_back({position, code, std::move(text)});
}

void Submissions::reject(std::uint32_t number, const TxId& id, std::uint32_t position,
                         const Error& error) {
  Submission& what = slots_[number].what;
  ++what.rejected;
  what.id = id;
  if (what.failures.size() >= failures_kept_max) return;
  note(what, position, error.code,
       error.field.empty() ? error.text : error.field + ": " + error.text);
}

void Submissions::close_admission(std::uint32_t number) {
  slots_[number].what.admitting = false;
  finish_if_done(number);
}

void Submissions::finish_if_done(std::uint32_t number) {
  Slot& slot = slots_[number];
  if (slot.finished || slot.what.admitting) return;
  if (slot.what.awaited > 0 && !slot.what.overdue) return;
  slot.finished = true;
  finished_.push_back(number);
}

std::optional<Submissions::Awaited> Submissions::take(const TxId& id) {
  if (ids_.size() == 0) return std::nullopt;
  const std::uint32_t slot = ids_.find(id);
  if (slot == no_slot) return std::nullopt;
  const Awaited out = awaited_[slot];
  ids_.erase(id);
  if (slots_[out.number].generation != out.generation) return std::nullopt;
  --slots_[out.number].what.awaited;
  return out;
}

void Submissions::committed(const TxId& id, const Inclusion& where) {
  const auto awaited = take(id);
  if (!awaited) return;
  Submission& what = slots_[awaited->number].what;
  ++what.committed;
  what.height = std::max(what.height, where.height);
  what.index = where.index;
  what.fee = where.fee;
  if (where.code != ErrorCode::ok)
    note(what, awaited->position, where.code, "committed; only its fee was charged");
  finish_if_done(awaited->number);
}

void Submissions::dropped(const TxId& id, ErrorCode reason) {
  const auto awaited = take(id);
  if (!awaited) return;
  note(slots_[awaited->number].what, awaited->position, reason, "admitted, then dropped");
  finish_if_done(awaited->number);
}

void Submissions::expire(Instant now) {
  while (!deadlines_.empty() && deadlines_.front().at <= now) {
    const Deadline due = deadlines_.front();
    deadlines_.pop_front();
    Slot& slot = slots_[due.number];
    if (slot.generation != due.generation || slot.finished) continue;
    slot.what.overdue = true;
    // A batch says it by its counts.
    if (slot.what.single)
      note(slot.what, 0, ErrorCode::timeout, "not in a block yet; it stays pending");
    finish_if_done(due.number);
  }
}

void Submissions::release(std::uint32_t number) {
  Slot& slot = slots_[number];
  slot.what = Submission{};
  slot.finished = false;
  ++slot.generation;
  free_.push_back(number);
}

}  // namespace witan::mempool
