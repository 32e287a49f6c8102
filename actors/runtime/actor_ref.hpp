// ActorRef<Role>: a typed handle to a slot of the supervision tree ("/node/chain/consensus").
//
// A slot is a place, not an incarnation: a reference may be taken before the actor starts and stays
// valid across its restarts. While nobody stands in the slot a send answers `no_receiver`.
// Copying costs one reference count. Every member may be called from any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "actors/runtime/role.hpp"
#include "messages/base/check.hpp"
#include "messages/wire/envelope.hpp"

namespace witan::rt {

enum class [[nodiscard]] Delivery : std::uint8_t{
    delivered,    // in the receiver's mailbox (or taken by a fault rule)
    shed,         // the bound of its mailbox class is reached; counted
    no_receiver,  // nobody in the slot now, or the node has failed or stopped
};

[[nodiscard]] constexpr std::string_view name_of(Delivery d) {
  return d == Delivery::delivered ? "delivered" : d == Delivery::shed ? "shed" : "no_receiver";
}

// How full one mailbox class is: what a reader of a socket looks at before it reads on.
struct MailboxLoad {
  std::uint32_t depth = 0;
  std::uint32_t bound = 0;  // 0 = unbounded
  // More than half full: who feeds it waits before it has to shed.
  [[nodiscard]] bool crowded() const { return bound != 0 && depth > bound / 2; }
};

namespace detail {
class Slot;
using SlotPtr = std::shared_ptr<Slot>;
// The send side of the door: trace, faults, accounting, then the mailbox.
Delivery deliver(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox);
std::string_view slot_path(const SlotPtr& slot);
std::uint32_t slot_number(const SlotPtr& slot);
MailboxLoad slot_load(const SlotPtr& slot, MailboxClass mailbox);
}  // namespace detail

// A handle without a role, for supervision, tools, replay and fault injection: types are checked
// only by the receiver (an unknown one is counted and dropped).
class ErasedRef {
 public:
  ErasedRef() = default;
  explicit ErasedRef(detail::SlotPtr slot) : slot_(std::move(slot)) {}

  Delivery send(Envelope envelope, MailboxClass mailbox) const {
    return detail::deliver(slot_, std::move(envelope), mailbox);
  }
  [[nodiscard]] bool empty() const { return slot_ == nullptr; }
  // "" for an empty reference.
  [[nodiscard]] std::string_view path() const { return detail::slot_path(slot_); }
  // The number that Envelope::sender carries; 0 for an empty reference.
  [[nodiscard]] std::uint32_t number() const { return detail::slot_number(slot_); }
  [[nodiscard]] MailboxLoad load(MailboxClass mailbox) const {
    return detail::slot_load(slot_, mailbox);
  }
  [[nodiscard]] const detail::SlotPtr& slot() const { return slot_; }
  bool operator==(const ErasedRef&) const = default;

 private:
  detail::SlotPtr slot_;
};

template <ActorRole Role>
class ActorRef {
 public:
  // An empty reference: every send answers no_receiver.
  ActorRef() = default;
  explicit ActorRef(ErasedRef ref) : ref_(std::move(ref)) {}

  // Seals and sends a message.
  template <class T>
  requires accepts_v<Role, T> Delivery send(Draft<T>&& draft)
  const { return ref_.send(std::move(draft).seal(), class_of<Role, T>); }

  // Forwards an envelope without copying its words. REQUIRES: envelope.is<T>(). A request keeps its
  // reply address: the new receiver answers the original sender.
  template <class T>
  requires accepts_v<Role, T> Delivery send(const Envelope& envelope)
  const {
    WITAN_CHECK(envelope.is<T>(), envelope.type, capnp::typeId<T>());
    return ref_.send(envelope, class_of<Role, T>);
  }

  [[nodiscard]] bool empty() const { return ref_.empty(); }
  [[nodiscard]] std::string_view path() const { return ref_.path(); }
  [[nodiscard]] MailboxLoad load(MailboxClass mailbox) const { return ref_.load(mailbox); }
  [[nodiscard]] const ErasedRef& erased() const { return ref_; }
  bool operator==(const ActorRef&) const = default;

 private:
  ErasedRef ref_;
};

}  // namespace witan::rt
