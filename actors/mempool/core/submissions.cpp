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

Status Submissions::accept(std::uint32_t number, const TxId& id, std::uint32_t position) {
  Submission& what = slots_[number].what;
  what.id = id;
  if (what.wait) {
    WITAN_TRY_VOID(watch(id, {number, slots_[number].generation, position, no_submission}));
    ++what.awaited;
  }
  ++what.accepted;
  return {};
}

Status Submissions::watch(const TxId& id, Awaited waiter) {
  std::uint32_t slot = ids_.find(id);
  if (slot == no_slot) {
    slot = ids_.insert(id);
    if (awaited_.size() <= slot) awaited_.resize(slot + 1);
    awaited_[slot] = waiter;
    return {};
  }
  Awaited* answered = nullptr;  // its place can be taken
  std::size_t waiting = 0;
  for (Awaited* at = &awaited_[slot];; at = &joined_[at->next]) {
    if (is_void(*at)) {
      answered = at;
    } else if (at->number == waiter.number) {
      return fail(ErrorCode::duplicate, "id", "twice in this request");
    } else {
      ++waiting;
    }
    if (at->next == no_submission) break;
  }
  if (waiting >= waiters_per_tx_max)
    return fail(ErrorCode::busy, "id", "too many requests wait for this transaction already");
  if (answered == nullptr) {
    join(awaited_[slot], waiter);
  } else {
    waiter.next = answered->next;
    *answered = waiter;
  }
  return {};
}

void Submissions::join(Awaited& first, Awaited waiter) {
  auto place = static_cast<std::uint32_t>(joined_.size());
  if (joined_free_.empty()) {
    joined_.emplace_back();
  } else {
    place = joined_free_.back();
    joined_free_.pop_back();
  }
  waiter.next = std::exchange(first.next, place);
  joined_[place] = waiter;
}

void Submissions::note(Submission& what, std::uint32_t position, ErrorCode code, std::string text) {
  if (what.failures.size() < failures_kept_max)
    what.failures.push_back({position, code, std::move(text)});
}

void Submissions::note(Submission& what, std::uint32_t position, const Error& error) {
  if (what.failures.size() >= failures_kept_max) return;
  note(what, position, error.code,
       error.field.empty() ? error.text : error.field + ": " + error.text);
}

void Submissions::reject(std::uint32_t number, const TxId& id, std::uint32_t position,
                         const Error& error) {
  Submission& what = slots_[number].what;
  ++what.rejected;
  what.id = id;
  note(what, position, error);
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

template <class Tell>
void Submissions::settle(const TxId& id, const Tell& tell) {
  if (ids_.size() == 0) return;
  const std::uint32_t slot = ids_.find(id);
  if (slot == no_slot) return;
  ids_.erase(id);
  Awaited waiter = awaited_[slot];
  while (true) {
    if (!is_void(waiter)) {
      --slots_[waiter.number].what.awaited;
      tell(slots_[waiter.number].what, waiter.position);
      finish_if_done(waiter.number);
    }
    if (waiter.next == no_submission) return;
    joined_free_.push_back(waiter.next);
    waiter = joined_[waiter.next];
  }
}

void Submissions::committed(const TxId& id, const Inclusion& where) {
  settle(id, [&where](Submission& what, std::uint32_t position) {
    ++what.committed;
    what.height = std::max(what.height, where.height);
    what.index = where.index;
    what.fee = where.fee;
    if (where.code != ErrorCode::ok)
      note(what, position, where.code, "committed; only its fee was charged");
  });
}

void Submissions::dropped(const TxId& id, ErrorCode reason) {
  settle(id, [reason](Submission& what, std::uint32_t position) {
    note(what, position, reason, "admitted, then dropped");
  });
}

void Submissions::refused(const TxId& id, const Error& error) {
  settle(id, [&error](Submission& what, std::uint32_t position) {
    --what.accepted;
    ++what.rejected;
    note(what, position, error);
  });
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
