// Between the consensus schemas and the plain types the cores work with.
// read_* check every length and range (errors: malformed, out_of_range, too_large; the field is
// named) and may be given a reader over hostile words: pointer errors of Cap'n Proto become
// `malformed` through decode() in messages/wire/decode.hpp. write_* never fail.
#pragma once
#include "messages/base/result.hpp"
#include "messages/schema/consensus.capnp.h"
#include "messages/types/block.hpp"
#include "messages/types/certificate.hpp"
#include "messages/types/proposal.hpp"
#include "messages/types/vote.hpp"
#include "messages/wire/envelope.hpp"

namespace witan {

void write_vote(schema::Vote::Builder to, const SignedVote& vote);
[[nodiscard]] Result<SignedVote> read_vote(schema::Vote::Reader from);

void write_proposal(schema::Proposal::Builder to, const SignedProposal& proposal);
[[nodiscard]] Result<SignedProposal> read_proposal(schema::Proposal::Reader from);

// The polka that travels with a re-proposal: prevotes of its polRound for its block. nullopt if
// none is attached. Errors: as read_certificate; malformed (of something else than the proposal
// leans on).
[[nodiscard]] Result<std::optional<PolkaCertificate>> read_polka(schema::Proposal::Reader from);

struct PartMessage {
  BlockPart part;
  std::uint32_t parts_count = 0;
};
void write_part(schema::BlockPart::Builder to, const BlockPart& part, std::uint32_t parts_count);
[[nodiscard]] Result<PartMessage> read_part(schema::BlockPart::Reader from);

void write_certificate(schema::Certificate::Builder to, const Certificate& certificate);
// An absent certificate (no signatures, height 0) reads as a default one.
[[nodiscard]] Result<Certificate> read_certificate(schema::Certificate::Reader from);
void write_round_certificate(schema::RoundCertificate::Builder to,
                             const RoundCertificate& certificate);
// Errors: as read_vote; also too_large, duplicate (order), malformed (votes of another round).
[[nodiscard]] Result<RoundCertificate> read_round_certificate(
    schema::RoundCertificate::Reader from);

// The same as flat bytes, for storage and the log.
[[nodiscard]] Bytes encode_certificate(const Certificate& certificate);
[[nodiscard]] Result<Certificate> decode_certificate(ByteView bytes);
[[nodiscard]] inline bool is_absent(const Certificate& c) { return c.signatures.empty(); }

void write_header(schema::Header::Builder to, const Header& header);
[[nodiscard]] Result<Header> read_header(schema::Header::Reader from);

// A block as flat bytes: what is cut into parts, stored and synced.
[[nodiscard]] Bytes encode_block(const Block& block);
[[nodiscard]] Result<Block> decode_block(ByteView bytes, std::uint32_t bytes_max = block_bytes_max);

// Value ids and rounds inside schema fields.
[[nodiscard]] Result<ValueId> read_value(capnp::Data::Reader from, const char* field);
inline capnp::Data::Reader as_data(const ValueId& value) {
  return value ? capnp::Data::Reader(value->data.data(), value->data.size())
               : capnp::Data::Reader();
}
[[nodiscard]] Result<Round> read_round(std::int32_t from, bool nil_allowed, const char* field);

// Lists of byte strings as one blob: u32 little-endian length, then the bytes, repeated. The views
// point into `blob`. Errors: malformed, too_large (count or an item above its limit), missing
// (empty item).
void append_item(Bytes& blob, ByteView item);
[[nodiscard]] Result<std::vector<ByteView>> split_items(ByteView blob, std::size_t count_max,
                                                        std::size_t item_bytes_max,
                                                        const char* field);

}  // namespace witan
