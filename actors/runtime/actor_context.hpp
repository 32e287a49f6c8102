// ActorContext: everything an actor may ask of the runtime. One per incarnation; owned by the
// runtime, outlives the Actor. All members: the actor's own thread only (inside its constructor,
// handlers, callbacks, started() and stopping()). Send from started() on, not in the constructor:
// an actor that throws while it is built should have told nobody anything.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "actors/runtime/actor_ref.hpp"
#include "actors/runtime/callback.hpp"
#include "actors/runtime/supervisor.hpp"
#include "messages/base/random.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"
#include "messages/schema/common.capnp.h"
#include "messages/wire/envelope.hpp"
#include "messages/wire/trace_id.hpp"

namespace witan::rt {

namespace detail {
class Cell;
// Called with the reply, or with null and the error.
using ReplyCallback = Callback<void(const Envelope*, Error&&)>;
}  // namespace detail

// A Failure message as an Error, and back. An unknown code name reads as `internal`.
[[nodiscard]] Error error_from(schema::Failure::Reader failure);
[[nodiscard]] Draft<schema::Failure> failure_draft(const Error& error);

class ActorContext {
 public:
  explicit ActorContext(detail::Cell& cell) : cell_(cell) {}
  ActorContext(const ActorContext&) = delete;
  ActorContext& operator=(const ActorContext&) = delete;

  [[nodiscard]] Instant now() const;
  [[nodiscard]] UnixTime unix_now() const;
  // This actor's own stream: forked from the runtime's seed by path, so the same after a restart.
  [[nodiscard]] Random& random();
  [[nodiscard]] const std::string& path() const;
  // Trace of the message being handled.
  [[nodiscard]] TraceContext trace() const;

  // What code() sends begins the trace `id`; its cause is still the message being handled.
  void in_trace(TraceId id, const std::function<void()>& code);
  // For a message that came over a connection: what code() sends has the peer's trace as its cause.
  // Reports the hop (HopKind::network) from `peer`, a node id in hex, and gives `envelope` its
  // span.
  void receive(Envelope& envelope, std::string_view peer, const std::function<void()>& code);

  // The slot with this absolute path; it is created on first use.
  template <ActorRole Role>
  [[nodiscard]] ActorRef<Role> ref(std::string_view path) const {
    return ActorRef<Role>(erased_ref(path));
  }
  [[nodiscard]] ErasedRef erased_ref(std::string_view path) const;
  template <ActorRole Role>
  [[nodiscard]] ActorRef<Role> self() const {
    return ActorRef<Role>(erased_self());
  }
  [[nodiscard]] ErasedRef erased_self() const;
  // Who sent this envelope; empty when it came from outside or its sender's slot is gone.
  [[nodiscard]] ErasedRef sender_of(const Envelope& envelope) const;

  // To this actor itself, as a control message. Needs a handler for T, no entry in the role.
  template <class T>
  Delivery send_self(Draft<T>&& draft) {
    return self_impl(std::move(draft).seal());
  }
  // A timer: T arrives as a control message after the delay, unless this incarnation has ended. It
  // cannot be cancelled: give T a generation and ignore old ones.
  template <class T>
  void send_after(Duration delay, Draft<T>&& draft) {
    after_impl(delay, std::move(draft).seal());
  }

  // Asks and calls back exactly once, in this actor, never before request() returned: with
  // the reply, or an Error: `timeout` after the deadline, `busy` when shed, `unavailable` when
  // nobody stands in the slot or the receiver ended with the request unread, `unknown_type` for a
  // reply that is not a Reply, or what the receiver passed to reply_error(). Not called when
  // this actor ends first. The Reader is valid during the call.
  // REQUIRES: deadline > 0. callback: void(Result<Reply::Reader>).
  template <class Reply, ActorRole Role, class T, class F>
  requires(accepts_v<Role, T>&& std::is_invocable_v<
           F&, Result<typename Reply::Reader>>) void request(const ActorRef<Role>& to,
                                                             Draft<T>&& draft, Duration deadline,
                                                             F&& callback) {
    request_impl(to.erased(), std::move(draft).seal(), class_of<Role, T>, deadline,
                 reply_callback<Reply>(std::forward<F>(callback)));
  }

  // Answers a request, now or later (keep a copy of the Envelope). Nothing happens if the envelope
  // was no request; a second answer is dropped by the asker.
  template <class R>
  void reply(const Envelope& request, Draft<R>&& draft) {
    reply_impl(request, std::move(draft).seal());
  }
  void reply_error(const Envelope& request, const Error& error);

  // Starts a child under the supervisor of this actor, or under the supervisor at `supervisor`.
  // The child is in its slot when this returns. Errors: unavailable (no such supervisor), busy
  // (max_children), duplicate (the slot is taken).
  Result<ErasedRef> start_child(ChildSpec spec);
  Result<ErasedRef> start_child(std::string_view supervisor, ChildSpec spec);
  // Ends this actor normally after the current handler: transient and temporary children stay
  // stopped. To fail, throw.
  void stop_self(std::string reason);
  // Asks the supervisor of `child` to stop a child that start_child() made (shutdown deadline, then
  // kill).
  void stop_child(const ErasedRef& child);

  // Fail-stop: ends the whole process with the exit code of `code` (messages/base/exit_codes.hpp).
  // From this call on nothing is sent or handled by any actor of the node.
  [[noreturn]] void fail_node(ErrorCode code, const std::string& text);

  [[nodiscard]] detail::Cell& cell() { return cell_; }

  // Wraps a typed callback; also used by Runtime::ask.
  template <class Reply, class F>
  [[nodiscard]] static detail::ReplyCallback reply_callback(F&& callback);

 private:
  Delivery self_impl(Envelope&& envelope);
  void after_impl(Duration delay, Envelope&& envelope);
  void request_impl(const ErasedRef& to, Envelope&& envelope, MailboxClass mailbox,
                    Duration deadline, detail::ReplyCallback callback);
  void reply_impl(const Envelope& request, Envelope&& reply);

  detail::Cell& cell_;
};

template <class Reply, class F>
detail::ReplyCallback ActorContext::reply_callback(F&& callback) {
  return [f = std::forward<F>(callback)](const Envelope* reply, Error&& error) mutable {
    using Outcome = Result<typename Reply::Reader>;
    if (reply == nullptr) {
      f(Outcome(tl::make_unexpected(std::move(error))));
    } else if (reply->is<Reply>()) {
      const Received<Reply> received(*reply);
      f(Outcome(received.get()));
    } else if (reply->is<schema::Failure>()) {
      const Received<schema::Failure> received(*reply);
      f(Outcome(tl::make_unexpected(error_from(received.get()))));
    } else {
      f(Outcome(fail(ErrorCode::unknown_type, "reply", "receiver answered with another type")));
    }
  };
}

}  // namespace witan::rt
