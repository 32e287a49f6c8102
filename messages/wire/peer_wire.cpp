#include "messages/wire/peer_wire.hpp"

#include <algorithm>
#include <array>

#include "messages/schema/chain.capnp.h"
#include "messages/schema/evidence.capnp.h"
#include "messages/schema/peer.capnp.h"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/decode.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "messages/wire/limits.hpp"

namespace witan {
namespace {

template <class R>
Status drop_value(const Result<R>& result) {
  if (!result) return fail(result.error());
  return {};
}

Status check_text(capnp::Text::Reader text, const char* field) {
  if (text.size() > limits::text_bytes_max)
    return fail(ErrorCode::too_large, field, "text above 256 bytes");
  return {};
}

Status check_length(capnp::Data::Reader data, std::size_t expected, const char* field) {
  if (data.size() != expected) return fail(ErrorCode::malformed, field, "wrong length");
  return {};
}

Status check_vote(const Words& w) {
  return decode<schema::Vote>(w, [](auto r) { return drop_value(read_vote(r)); });
}
Status check_proposal(const Words& w) {
  return decode<schema::Proposal>(w, [](auto r) -> Status {
    WITAN_TRY_VOID(drop_value(read_proposal(r)));
    return drop_value(read_polka(r));
  });
}
Status check_part(const Words& w) {
  return decode<schema::BlockPart>(w, [](auto r) { return drop_value(read_part(r)); });
}
Status check_certificate(const Words& w) {
  return decode<schema::Certificate>(w, [](auto r) -> Status {
    WITAN_TRY(const Certificate c, read_certificate(r));
    if (is_absent(c)) return fail(ErrorCode::missing, "certificate", "no signatures");
    return {};
  });
}
Status check_round_certificate(const Words& w) {
  return decode<schema::RoundCertificate>(
      w, [](auto r) { return drop_value(read_round_certificate(r)); });
}
Status check_round_status(const Words& w) {
  return decode<schema::RoundStatus>(w, [](schema::RoundStatus::Reader r) -> Status {
    WITAN_TRY_VOID(read_round(r.getRound(), true, "round_status.round"));
    if (r.getStep() > static_cast<std::uint8_t>(Step::commit))
      return fail(ErrorCode::out_of_range, "round_status.step", "not a step");
    return {};
  });
}
Status check_transactions(const Words& w) {
  return decode<schema::TransactionBatch>(w, [](schema::TransactionBatch::Reader r) -> Status {
    if (r.getTransactions().size() > limits::batch_bytes_max)
      return fail(ErrorCode::too_large, "transactions", "batch above its byte limit");
    WITAN_TRY(const auto items, split_items(as_view(r.getTransactions()), limits::batch_count_max,
                                            tx_bytes_max, "transactions"));
    if (items.size() != r.getCount())
      return fail(ErrorCode::malformed, "transactions.count", "does not match");
    return {};
  });
}
Status check_sync_status(const Words& w) {
  return decode<schema::SyncStatus>(w, [](schema::SyncStatus::Reader r) -> Status {
    if (r.getBase() > r.getTip())
      return fail(ErrorCode::out_of_range, "sync_status.base", "above tip");
    return {};
  });
}
Status check_range_request(const Words& w) {
  return decode<schema::RangeRequest>(w, [](schema::RangeRequest::Reader r) -> Status {
    if (r.getFirst() == 0 || r.getLast() < r.getFirst())
      return fail(ErrorCode::out_of_range, "range_request", "empty or inverted range");
    if (r.getLast() - r.getFirst() >= limits::range_blocks_max)
      return fail(ErrorCode::too_large, "range_request", "more than 256 blocks");
    return {};
  });
}
Status check_range_response(const Words& w) {
  return decode<schema::RangeResponse>(w, [](schema::RangeResponse::Reader r) -> Status {
    const auto blocks = r.getBlocks();
    if (blocks.size() > limits::range_blocks_max)
      return fail(ErrorCode::too_large, "range_response.blocks", "more than 256 blocks");
    for (const auto block : blocks) {
      if (block.getBytes().size() > block_bytes_max)
        return fail(ErrorCode::too_large, "range_response.bytes", "block above its limit");
      WITAN_TRY(const Certificate c, read_certificate(block.getCertificate()));
      if (is_absent(c)) return fail(ErrorCode::missing, "range_response.certificate");
    }
    return {};
  });
}
Status check_hello(const Words& w) {
  return decode<schema::Hello>(w, [](schema::Hello::Reader r) -> Status {
    WITAN_TRY_VOID(check_length(r.getChainId(), limits::hash_bytes, "hello.chain_id"));
    WITAN_TRY_VOID(check_text(r.getChainName(), "hello.chain_name"));
    WITAN_TRY_VOID(check_text(r.getMoniker(), "hello.moniker"));
    WITAN_TRY_VOID(check_text(r.getSoftware(), "hello.software"));
    if (r.getValidatorKey().size() == 0) return {};
    WITAN_TRY_VOID(check_length(r.getValidatorKey(), 32, "hello.validator_key"));
    return check_length(r.getValidatorProof(), limits::signature_bytes, "hello.validator_proof");
  });
}
Status check_goodbye(const Words& w) {
  return decode<schema::Goodbye>(w, [](schema::Goodbye::Reader r) -> Status {
    WITAN_TRY_VOID(check_text(r.getCode(), "goodbye.code"));
    return check_text(r.getText(), "goodbye.text");
  });
}
Status check_credit(const Words& w) {
  return decode<schema::Credit>(w, [](schema::Credit::Reader r) -> Status {
    if (r.getChannel() >= channel_count || !is_bulk(static_cast<Channel>(r.getChannel())))
      return fail(ErrorCode::out_of_range, "credit.channel", "not a bulk channel");
    if (r.getBytes() == 0) return fail(ErrorCode::out_of_range, "credit.bytes", "nothing");
    return {};
  });
}
// Form only: what it proves is judged where its signatures are checked.
Status check_evidence(const Words& w) {
  return decode<schema::EvidenceBatch>(w, [](schema::EvidenceBatch::Reader r) -> Status {
    const auto items = r.getItems();
    if (items.size() == 0) return fail(ErrorCode::missing, "evidence", "no items");
    if (items.size() > limits::evidence_max)
      return fail(ErrorCode::too_large, "evidence", "too many items");
    for (const auto item : items) {
      const auto evidence = decode_evidence(as_view(item));
      if (!evidence) return fail(evidence.error());
    }
    return {};
  });
}
template <class T>
Status check_shape(const Words& w) {
  return decode<T>(w, [](typename T::Reader) -> Status { return {}; });
}

constexpr std::size_t small_bytes = 4 * 1024;
constexpr std::size_t certificate_bytes = 64 * 1024;
constexpr std::size_t round_certificate_bytes = 128 * 1024;  // whole votes, 512 of them

// tidy: table
const std::array<WireType, 16> table{{
    {capnp::typeId<schema::Hello>(), "hello", Channel::control, small_bytes, check_hello},
    {capnp::typeId<schema::Goodbye>(), "goodbye", Channel::control, small_bytes, check_goodbye},
    {capnp::typeId<schema::Ping>(), "ping", Channel::control, small_bytes,
     check_shape<schema::Ping>},
    {capnp::typeId<schema::Pong>(), "pong", Channel::control, small_bytes,
     check_shape<schema::Pong>},
    {capnp::typeId<schema::Vote>(), "vote", Channel::votes, small_bytes, check_vote},
    {capnp::typeId<schema::Proposal>(), "proposal", Channel::blocks,
     certificate_bytes + small_bytes, check_proposal},
    {capnp::typeId<schema::BlockPart>(), "block_part", Channel::blocks,
     part_size_bytes + small_bytes, check_part},
    {capnp::typeId<schema::Certificate>(), "certificate", Channel::blocks, certificate_bytes,
     check_certificate},
    {capnp::typeId<schema::RoundStatus>(), "round_status", Channel::meta, small_bytes,
     check_round_status},
    {capnp::typeId<schema::SyncStatus>(), "sync_status", Channel::meta, small_bytes,
     check_sync_status},
    {capnp::typeId<schema::RangeRequest>(), "range_request", Channel::snapshots, small_bytes,
     check_range_request},
    {capnp::typeId<schema::RangeResponse>(), "range_response", Channel::snapshots,
     limits::message_bytes_max, check_range_response},
    {capnp::typeId<schema::TransactionBatch>(), "transactions", Channel::transactions,
     limits::batch_bytes_max + small_bytes, check_transactions},
    {capnp::typeId<schema::RoundCertificate>(), "round_certificate", Channel::blocks,
     round_certificate_bytes, check_round_certificate},
    {capnp::typeId<schema::EvidenceBatch>(), "evidence", Channel::witness_meta,
     limits::evidence_bytes_max + small_bytes, check_evidence},
    {capnp::typeId<schema::Credit>(), "credit", Channel::control, small_bytes, check_credit},
}};

}  // namespace

std::string_view name_of(Channel channel) {
  switch (channel) {
    case Channel::control:
      return "control";
    case Channel::votes:
      return "votes";
    case Channel::blocks:
      return "blocks";
    case Channel::witness_proofs:
      return "witness_proofs";
    case Channel::proofs:
      return "proofs";
    case Channel::vrf_proofs:
      return "vrf_proofs";
    case Channel::witness_meta:
      return "witness_meta";
    case Channel::meta:
      return "meta";
    case Channel::snapshots:
      return "snapshots";
    case Channel::vrf_meta:
      return "vrf_meta";
    case Channel::transactions:
      return "transactions";
  }
  return "unknown";
}

const WireType* find_wire_type(std::uint64_t type) {
  const auto it = std::find_if(table.begin(), table.end(),
                               [type](const WireType& entry) { return entry.type == type; });
  return it == table.end() ? nullptr : &*it;
}

std::span<const WireType> wire_types() { return table; }

}  // namespace witan
