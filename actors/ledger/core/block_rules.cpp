#include "actors/ledger/core/block_rules.hpp"

#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"

namespace witan::ledger {
namespace {

tl::unexpected<Error> broken(std::string field, std::string text) {
  return fail(ErrorCode::invalid_block, std::move(field), std::move(text));
}

template <class Tag, std::size_t N>
Status same(const FixedBytes<Tag, N>& got, const FixedBytes<Tag, N>& expected, const char* field) {
  if (got == expected) return {};
  return broken(field, "expected " + to_hex(expected) + ", got " + to_hex(got));
}

Status same(std::uint64_t got, std::uint64_t expected, const char* field) {
  if (got == expected) return {};
  return broken(field, "expected " + std::to_string(expected) + ", got " + std::to_string(got));
}

}  // namespace

Status check_header(const Header& header, const ExpectedHeader& expected) {
  WITAN_TRY_VOID(same(header.version, block_protocol_version, "header.version"));
  WITAN_TRY_VOID(same(header.chain_id, expected.chain_id, "header.chain_id"));
  WITAN_TRY_VOID(same(header.height.get(), expected.height.get(), "header.height"));
  if (header.origin_round.is_nil() || header.origin_round.get() > round_max)
    return broken("header.origin_round", "not a round");
  if (header.time <= expected.prev_time)
    return broken("header.time", "not later than the previous block's");
  WITAN_TRY_VOID(same(header.epoch, expected.epoch, "header.epoch"));
  WITAN_TRY_VOID(same(header.proposer, expected.proposer, "header.proposer"));
  WITAN_TRY_VOID(same(header.prev_block_id, expected.prev_block_id, "header.prev_block_id"));
  WITAN_TRY_VOID(same(header.validators_hash, expected.validators_hash, "header.validators_hash"));
  WITAN_TRY_VOID(same(header.next_validators_hash, expected.next_validators_hash,
                      "header.next_validators_hash"));
  WITAN_TRY_VOID(same(header.cfg_version, expected.cfg_version, "header.cfg_version"));
  WITAN_TRY_VOID(same(header.rules_version, expected.rules_version, "header.rules_version"));
  WITAN_TRY_VOID(same(header.vrf_entropy, expected.vrf_entropy, "header.vrf_entropy"));
  return same(header.proof_root, expected.proof_root, "header.proof_root");
}

Status check_lists(const Header& header, const BlockLists& lists) {
  WITAN_TRY_VOID(same(header.prev_commit_hash, lists.last_commit_hash, "header.prev_commit_hash"));
  if (lists.tx_bytes > lists.tx_bytes_max)
    return broken("block.txs", "transactions take more bytes than a block may hold");
  WITAN_TRY_VOID(same(header.tx_root, tx_root(lists.tx_ids), "header.tx_root"));
  return same(header.evidence_root, evidence_root(lists.evidence_hashes), "header.evidence_root");
}

Status check_state(const Header& header, const ModuleRoots& roots) {
  static constexpr const char* fields[module_count] = {
      "header.module_roots.accounts",   "header.module_roots.reputation",
      "header.module_roots.timetoke",   "header.module_roots.identities",
      "header.module_roots.validators", "header.module_roots.governance",
      "header.module_roots.proofs"};
  for (std::size_t i = 0; i < module_count; ++i)
    WITAN_TRY_VOID(same(header.module_roots[i], roots[i], fields[i]));
  return same(header.state_root, state_root(roots), "header.state_root");
}

}  // namespace witan::ledger
