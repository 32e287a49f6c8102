// The part of a session that says how much more may come: to its socket, and to its peer.
#include <utility>

#include "actors/peers/session_actor.hpp"

namespace witan::peers {
namespace {

constexpr Duration credit_retry = Duration::from_ms(5);
// A Credit for less is not worth it. Well below the window: a peer that has spent it gets more.
constexpr std::size_t grant_bytes_min = credit_window_bytes / 4;

}  // namespace

// Each class on its own: the socket is read while the verifier takes votes and blocks, and bulk is
// granted again while the mailbox behind it has room.
void SessionActor::return_credit() {
  bool stalled = false;
  const auto stall = [&](rt::MailboxClass mailbox) {
    stalled = true;
    if (!credit_timer_) services_.metrics.credit_stalls.with({rt::name_of(mailbox)}).add();
  };
  if (verifier_.load(rt::MailboxClass::consensus).crowded())
    stall(rt::MailboxClass::consensus);
  else
    transport_.consumed(options_.connection, std::exchange(credit_held_, 0));
  for (std::size_t c = 0; c < channel_count && !ended_; ++c) {
    const auto channel = static_cast<Channel>(c);
    if (reader_.ungranted(channel) < grant_bytes_min) continue;
    if (has_room(channel))
      send_credit(channel);
    else
      stall(rt::MailboxClass::bulk);
  }
  if (!stalled || ended_ || std::exchange(credit_timer_, true)) return;
  context().send_after(credit_retry, Draft<schema::CreditTimer>());
}

void SessionActor::on_credit_timer(schema::CreditTimer::Reader, const Envelope&) {
  credit_timer_ = false;
  if (!ended_) return_credit();
}

// Whether the mailbox behind a bulk channel takes more.
bool SessionActor::has_room(Channel channel) const {
  switch (channel) {
    case Channel::transactions:
      return !mempool_.load(rt::MailboxClass::bulk).crowded();
    case Channel::snapshots:
      return !sync_.load(rt::MailboxClass::bulk).crowded();
    default:
      return true;
  }
}

// Past the stage: the accounts are the connection's own, and a rule that lost a grant would close
// the channel for good.
void SessionActor::send_credit(Channel channel) {
  Draft<schema::Credit> credit;
  credit->setChannel(static_cast<std::uint8_t>(channel));
  credit->setBytes(static_cast<std::uint32_t>(reader_.grant(channel)));
  const Envelope envelope = std::move(credit).seal();
  push(Channel::control, find_wire_type(envelope.type), envelope);
}

Status SessionActor::on_credit(schema::Credit::Reader credit) {
  WITAN_TRY_VOID(queue_.grant(static_cast<Channel>(credit.getChannel()), credit.getBytes()));
  pump();
  return {};
}

}  // namespace witan::peers
