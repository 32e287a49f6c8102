// What the peers family accepts.
//   peers          listener and dialler: knows every session; broadcasts to all of them
//   session/<n>    one connection: handshake, encryption, framing, limits
#pragma once
#include <string_view>

#include "actors/runtime/role.hpp"
#include "messages/schema/api.capnp.h"
#include "messages/schema/chain.capnp.h"
#include "messages/schema/consensus.capnp.h"
#include "messages/schema/evidence.capnp.h"
#include "messages/schema/peer.capnp.h"

namespace witan {

// Every message listed under Consensus and Bulk is broadcast to all ready sessions as it is.
struct PeersRole {
  static constexpr std::string_view name = "peers";
  static constexpr std::string_view path = "/node/peers/peers";
  using accepts =
      rt::Accepts<rt::Control<schema::ConnectionOpened, schema::ConnectionFailed,
                              schema::SessionReady, schema::SessionProgress, schema::SessionEnded,
                              schema::PeerMisbehaved, schema::GetPeers>,
                  rt::Consensus<schema::Vote, schema::Proposal, schema::BlockPart,
                                schema::Certificate, schema::RoundCertificate, schema::RoundStatus>,
                  rt::Bulk<schema::TransactionBatch, schema::SyncStatus, schema::EvidenceBatch>>;
};

// A message listed under Consensus and Bulk is sent to this peer (answers, catch-up pushes).
// Address one with context().ref<SessionRole>(path) or through the `peer` number of a message.
struct SessionRole {
  static constexpr std::string_view name = "session";
  using accepts =
      rt::Accepts<rt::Control<schema::SocketBytes, schema::SocketDrained, schema::SocketClosed,
                              schema::CloseSession>,
                  rt::Consensus<schema::Vote, schema::Proposal, schema::BlockPart,
                                schema::Certificate, schema::RoundCertificate, schema::RoundStatus>,
                  rt::Bulk<schema::TransactionBatch, schema::SyncStatus, schema::RangeRequest,
                           schema::RangeResponse, schema::EvidenceBatch>>;
};

}  // namespace witan
