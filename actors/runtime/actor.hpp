// Actor: the base of every actor of the node. A plain class: it registers handlers in its
// constructor and is called by the runtime, one message at a time, never by two threads at once.
//
//   class Mempool final : public rt::ActorFor<MempoolRole> {
//    public:
//     explicit Mempool(rt::ActorContext& context) : ActorFor(context) {
//       handle<schema::TxBatch>(&Mempool::on_batch);
//     }
//    private:
//     void on_batch(schema::TxBatch::Reader batch, const Envelope& envelope);
//   };
//
// A handler that throws ends this incarnation: the reason goes to the supervisor, which restarts
// the actor by policy. The message that made it throw is not delivered again.
#pragma once
#include <capnp/message.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "actors/runtime/actor_context.hpp"
#include "actors/runtime/role.hpp"
#include "messages/wire/envelope.hpp"

namespace witan::rt {

class Actor {
 public:
  explicit Actor(ActorContext& context) : context_(context) {}
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // After all actors of the tree are in their slots, before the first message. May send.
  virtual void started() {}
  // Graceful stop: flush, say goodbye. Not called after a failure or a kill. Must end within the
  // child's shutdown deadline.
  virtual void stopping() {}

  // Calls the handler of the envelope's type; false if there is none. For the runtime and replay.
  bool dispatch(const Envelope& envelope);

 protected:
  [[nodiscard]] ActorContext& context() { return context_; }
  [[nodiscard]] const ActorContext& context() const { return context_; }

  // Registers the handler of T; a second one for the same type is a programming error.
  // The Reader and the reference are valid during the call; copy the Envelope to keep the words.
  template <class T, class Derived>
  void handle(void (Derived::*handler)(typename T::Reader, const Envelope&)) {
    static_assert(sizeof(handler) <= sizeof(Entry::member));
    Entry entry{capnp::typeId<T>(), &invoke<T, Derived>, {}};
    std::memcpy(entry.member, &handler, sizeof(handler));
    add(entry);
  }

 private:
  struct Entry {
    std::uint64_t type;
    void (*call)(Actor&, const Entry&, const Envelope&);
    std::byte member[sizeof(void(Actor::*)())];
  };

  template <class T, class Derived>
  static void invoke(Actor& actor, const Entry& entry, const Envelope& envelope) {
    void (Derived::*handler)(typename T::Reader, const Envelope&) = nullptr;
    std::memcpy(&handler, entry.member, sizeof(handler));
    capnp::SegmentArrayMessageReader reader(
        envelope.words->segments(),
        {.traversalLimitInWords = std::uint64_t{1} << 40, .nestingLimit = 64});
    (static_cast<Derived&>(actor).*handler)(reader.getRoot<T>(), envelope);
  }
  void add(const Entry& entry);

  ActorContext& context_;
  std::vector<Entry> entries_;  // sorted by type
};

// An actor of one role: handlers for types the role accepts are checked at compile time.
// own<T>() registers types that only the actor sends to itself (timers).
template <ActorRole RoleT>
class ActorFor : public Actor {
 public:
  using Role = RoleT;
  using Actor::Actor;

 protected:
  template <class T, class Derived>
  void handle(void (Derived::*handler)(typename T::Reader, const Envelope&)) {
    static_assert(accepts_v<Role, T>, "the role's interface.hpp does not accept this type");
    Actor::handle<T>(handler);
  }
  template <class T, class Derived>
  void own(void (Derived::*handler)(typename T::Reader, const Envelope&)) {
    Actor::handle<T>(handler);
  }
};

}  // namespace witan::rt
