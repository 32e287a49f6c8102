// The receive side of the door and the quarantine: what is asked about which message, and told.
#include "actors/runtime/detail/cell.hpp"

namespace witan::rt::detail {

bool Cell::may_be_poison(const Item& item) {
  return item.kind == HopKind::message && item.mailbox != MailboxClass::control;
}

bool Cell::refused(const Envelope& envelope, std::uint64_t& watch) {
  const PoisonGuard::Judgement judgement = core.options.poison->judge(envelope, slot->path);
  watch = judgement.watch;
  if (!judgement.refused) return false;
  core.event(EventKind::message_refused, slot->path, judgement.id, judgement.count);
  context_.reply_error(envelope, {ErrorCode::not_allowed, slot->path,
                                  "this message is in quarantine as " + judgement.id +
                                      ", because its handling threw before; see `witan "
                                      "quarantine list`"});
  return true;
}

// A failure of the whole node says nothing about the message.
void Cell::tell_thrown(const Item& item) {
  PoisonGuard* guard = core.options.poison;
  if (guard == nullptr || !may_be_poison(item) || core.halted.load(std::memory_order_relaxed))
    return;
  guard->threw({item.envelope, item.kind, item.mailbox, core.path_of(item.from), slot->path,
                *failure_, core.clock->unix_now()});
}

void Cell::guarded(const Envelope& envelope, std::string_view peer,
                   const std::function<void()>& code) {
  const auto tell = [&](std::string_view reason) {
    if (core.options.poison == nullptr || core.halted.load(std::memory_order_relaxed)) return;
    core.options.poison->threw({envelope, HopKind::network, MailboxClass::control, peer, slot->path,
                                reason, core.clock->unix_now()});
  };
  try {
    code();
  } catch (const std::exception& e) {
    tell(e.what());
    throw;
  } catch (...) {
    tell("exception of unknown type");
    throw;
  }
}

}  // namespace witan::rt::detail
