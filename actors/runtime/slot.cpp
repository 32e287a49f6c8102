// Slots: the places of the supervision tree, and their bookkeeping.
#include "actors/runtime/detail/core.hpp"

namespace witan::rt::detail {
namespace {
constexpr std::uint32_t index_bits = 20;
constexpr std::uint32_t index_mask = (std::uint32_t{1} << index_bits) - 1;
}  // namespace

Slot::~Slot() { core->forget(number, path); }

IncarnationPtr Slot::current() {
  const std::lock_guard guard(lock_);
  return current_;
}

IncarnationPtr Slot::install(const SlotPtr& self, caf::strong_actor_ptr handle, bool blocking,
                             const MailboxBounds& bounds) {
  std::uint32_t next = 0;
  {
    const std::lock_guard guard(lock_);
    next = ++incarnations_;
  }
  auto incarnation = caf::make_counted<Incarnation>(self, std::move(handle), next, blocking);
  incarnation->bound = {0, bounds.consensus, bounds.bulk};
  const std::lock_guard guard(lock_);
  current_ = incarnation;
  state_ = ActorState::running;
  return incarnation;
}

void Slot::uninstall(const Incarnation* incarnation) {
  IncarnationPtr dropped;  // released outside the lock
  const std::lock_guard guard(lock_);
  if (current_.get() == incarnation) current_.swap(dropped);
}

bool Slot::claim() {
  const std::lock_guard guard(lock_);
  return !std::exchange(claimed_, true);
}

void Slot::release() {
  const std::lock_guard guard(lock_);
  claimed_ = false;
}

void Slot::set_state(ActorState state) {
  const std::lock_guard guard(lock_);
  state_ = state;
}

void Slot::set_reason(std::string reason) {
  const std::lock_guard guard(lock_);
  reason_.swap(reason);
}

std::string Slot::reason() {
  const std::lock_guard guard(lock_);
  return reason_;
}

void Slot::count_restart() {
  const std::lock_guard guard(lock_);
  ++restarts_;
}

ActorStatus Slot::status(Instant now) {
  ActorStatus out;
  out.path = path;
  out.supervisor = supervisor;
  IncarnationPtr who;
  {
    const std::lock_guard guard(lock_);
    who = current_;
    out.state = state_;
    out.restarts = restarts_;
    out.last_reason = reason_;
  }
  out.handled = handled;
  out.unknown = unknown;
  out.busy_total = {busy_total};
  for (std::size_t i = 0; i < mailbox_classes; ++i) {
    auto& box = out.mailbox[i];
    box.high_water = high_water[i];
    box.shed = shed[i];
    if (!who) continue;
    box.depth = who->depth[i];
    box.bound = who->bound[i];
    // Set when the mailbox was empty, moved on to the send time of every message taken: the head
    // was sent at that time or later.
    if (box.depth > 0) box.oldest = now - Instant{who->head_since[i]};
  }
  if (who) {
    if (const std::int64_t since = who->busy_since; since != 0) out.busy_now = now - Instant{since};
  }
  return out;
}

SlotPtr Core::slot(std::string_view path) {
  {
    const std::shared_lock guard(slots_mutex_);
    const auto at = by_path_.find(path);
    if (at != by_path_.end()) {
      if (auto found = at->second.lock()) return found;
    }
  }
  SlotPtr found;  // destroyed, if at all, outside the lock: ~Slot takes it
  const std::unique_lock guard(slots_mutex_);
  auto& place = by_path_[std::string(path)];
  found = place.lock();
  if (found) return found;
  std::uint32_t number = 0;
  if (free_.empty()) {
    if (by_number_.empty()) by_number_.emplace_back();  // number 0 = outside
    number = static_cast<std::uint32_t>(by_number_.size());
    WITAN_CHECK(number <= index_mask, number);
    by_number_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  found = std::make_shared<Slot>(shared_from_this(), std::string(path), number);
  place = found;
  by_number_[number & index_mask] = found;
  return found;
}

SlotPtr Core::slot_by_number(std::uint32_t number) {
  const std::uint32_t index = number & index_mask;
  const std::shared_lock guard(slots_mutex_);
  if (index >= by_number_.size()) return nullptr;
  auto found = by_number_[index].lock();
  // A slot that is just being destroyed may have been replaced: the generation tells.
  return found && found->number == number ? found : nullptr;
}

void Core::forget(std::uint32_t number, const std::string& path) {
  const std::unique_lock guard(slots_mutex_);
  by_number_[number & index_mask].reset();
  free_.push_back(number + (std::uint32_t{1} << index_bits));  // wraps after 4096 reuses
  const auto at = by_path_.find(path);
  if (at != by_path_.end() && at->second.expired()) by_path_.erase(at);
}

std::vector<SlotPtr> Core::slots() {
  std::vector<SlotPtr> out;
  const std::shared_lock guard(slots_mutex_);
  out.reserve(by_path_.size());
  for (const auto& [path, slot] : by_path_) {
    if (auto held = slot.lock()) out.push_back(std::move(held));
  }
  return out;
}

std::string_view slot_path(const SlotPtr& slot) { return slot ? slot->path : std::string_view{}; }
std::uint32_t slot_number(const SlotPtr& slot) { return slot ? slot->number : 0; }

MailboxLoad slot_load(const SlotPtr& slot, MailboxClass mailbox) {
  const auto who = slot ? slot->current() : nullptr;
  if (!who) return {};
  const auto i = static_cast<std::size_t>(mailbox);
  return {who->depth[i].load(std::memory_order_relaxed), who->bound[i]};
}

}  // namespace witan::rt::detail
