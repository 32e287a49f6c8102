// What the write-ahead log holds: one kind per input of the core, and the signer's records.
//
//   kind        payload                                                      height of
//   vote        flat schema::Vote            (ours and peers')               the vote
//   proposal    flat schema::Proposal                                        the proposal
//   block       parts_root:32 verdict:u8 bytes (P21; bit 0 valid, bit 1 untimely) the block
//   certificate flat schema::Certificate                                     the certificate
//   timeout     step:u8 round:i32                                            the timer
//   decided     flat schema::Certificate     (commit certificate)            the block
//   sign        crypto/sign_state record                                     the signature
//   height_end  block_id:32 state_root:32    (committed by the ledger, S18)  the block
#pragma once
#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/block.hpp"
#include "messages/types/certificate.hpp"
#include "messages/types/proposal.hpp"
#include "messages/types/vote.hpp"

namespace witan::consensus {

enum class RecordKind : std::uint8_t {
  vote = 1,
  proposal = 2,
  block = 3,
  certificate = 4,
  timeout = 5,
  decided = 6,
  sign = 7,
  height_end = 8,
};
[[nodiscard]] std::string_view name_of(RecordKind kind);

struct BlockRecord {
  Hash32 parts_root;
  bool valid = false;
  Bytes bytes;
  bool timely = true;
};
struct TimeoutRecord {
  Step step = Step::propose;
  Round round;
};
// The ledger committed this block and came to this state.
struct HeightEndRecord {
  BlockId block_id;
  Hash32 state_root;
  bool operator==(const HeightEndRecord&) const = default;
};

[[nodiscard]] Bytes encode_record(const SignedVote& vote);
[[nodiscard]] Bytes encode_record(const SignedProposal& proposal);
[[nodiscard]] Bytes encode_record(const Certificate& certificate);
[[nodiscard]] Bytes encode_record(const BlockRecord& block);
[[nodiscard]] Bytes encode_record(const TimeoutRecord& timeout);
[[nodiscard]] Bytes encode_record(const HeightEndRecord& end);

// Errors: malformed, as for bytes from a peer: a disk is not trusted.
[[nodiscard]] Result<SignedVote> decode_vote_record(ByteView payload);
[[nodiscard]] Result<SignedProposal> decode_proposal_record(ByteView payload);
[[nodiscard]] Result<Certificate> decode_certificate_record(ByteView payload);
[[nodiscard]] Result<BlockRecord> decode_block_record(ByteView payload);
[[nodiscard]] Result<TimeoutRecord> decode_timeout_record(ByteView payload);
[[nodiscard]] Result<HeightEndRecord> decode_height_end_record(ByteView payload);

}  // namespace witan::consensus
