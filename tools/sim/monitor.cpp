#include "tools/sim/monitor.hpp"

#include <fmt/format.h>

#include "actors/ledger/core/account.hpp"
#include "crypto/hash.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::sim {
namespace {

std::string short_hex(const Hash32& hash) { return to_hex(hash.view().first(4)); }

std::string short_hex(const ValueId& value) {
  return value ? to_hex(value->view().first(4)) : "nil";
}

std::string text_of(const Vote& v) {
  return fmt::format("{} for {} in {}/{} by validator {}",
                     v.type == VoteType::prevote ? "prevote" : "precommit", short_hex(v.value),
                     v.height.get(), v.round.get(), v.validator);
}

Status require(bool holds, std::string rule, std::string text) {
  if (holds) return {};
  return fail(ErrorCode::internal, std::move(rule), std::move(text));
}

}  // namespace

Monitor::Monitor(const Genesis& genesis, const ChainId& chain_id, ValidatorSetPtr validators,
                 std::shared_ptr<const Verifier> verifier)
    : chain_id_(chain_id),
      initial_(genesis.initial_height),
      validators_(std::move(validators)),
      verifier_(std::move(verifier)) {
  for (const GenesisAccount& account : genesis.accounts) supply_ += account.balance;
}

void Monitor::violated(const std::string& rule, const std::string& text) {
  if (!violation_) violation_ = rule + ": " + text;
}

std::string Monitor::signed_vote(const SignedVote& signed_vote) {
  const Vote& vote = signed_vote.vote;
  if (excused_.contains(vote.validator)) return {};
  const auto [known, is_new] =
      votes_.try_emplace({vote.validator, vote.height, vote.round, vote.type}, vote.value);
  if (!is_new) {
    if (known->second != vote.value)
      violated("signatures", text_of(vote) + " after one for " + short_hex(known->second));
    return {};
  }
  check_amnesia(vote);
  return text_of(vote);
}

void Monitor::check_amnesia(const Vote& vote) {
  std::vector<Vote>& mine = of_height_[{vote.validator, vote.height}];
  for (const Vote& other : mine) {
    const bool later = vote.type == VoteType::prevote;
    if (later ? is_amnesia(other, vote) : is_amnesia(vote, other))
      return violated("locks", text_of(vote) + " against " + text_of(other));
  }
  mine.push_back(vote);
  // Its earlier heights are done with.
  of_height_.erase(of_height_.lower_bound({vote.validator, Height(0)}),
                   of_height_.lower_bound({vote.validator, vote.height}));
}

std::string Monitor::signed_proposal(const SignedProposal& signed_proposal) {
  const Proposal& p = signed_proposal.proposal;
  if (excused_.contains(p.proposer)) return {};
  const auto [known, is_new] = proposals_.try_emplace({p.proposer, p.height, p.round}, p.block_id);
  if (!is_new && known->second != p.block_id)
    violated("signatures", fmt::format("validator {} proposed twice in {}/{}", p.proposer,
                                       p.height.get(), p.round.get()));
  if (!is_new) return {};
  return fmt::format("proposal of {} in {}/{}, polka in {}", short_hex(p.block_id), p.height.get(),
                     p.round.get(), p.pol_round.get());
}

Height Monitor::highest() const { return chain_.empty() ? Height(0) : chain_.rbegin()->first; }

std::optional<Hash32> Monitor::block_at(Height height) const {
  const auto found = chain_.find(height);
  if (found == chain_.end()) return std::nullopt;
  return found->second.id;
}

Height Monitor::look(const std::string& node, const node::Stores& stores, Height from) {
  const Height last = stores.height();
  for (; from <= last && !violation_; from = from + 1) {
    const auto meta = stores.state->latest();
    if (!meta || meta->height < from) break;  // not executed yet
    if (const Status ok = check_block(stores, from); !ok)
      violated(ok.error().field,
               fmt::format("{} at height {}: {}", node, from.get(), ok.error().text));
  }
  return from;
}

Status Monitor::check_block(const node::Stores& stores, Height height) {
  WITAN_TRY(const StoredBlock stored, stores.blocks->block_at(height));
  WITAN_TRY(const Bytes raw, stores.blocks->certificate_at(height));
  WITAN_TRY(const Certificate certificate, decode_certificate(raw));
  WITAN_TRY_VOID(require(certificate.type == VoteType::precommit && certificate.height == height &&
                             certificate.block_id == stored.id,
                         "certificates", "the certificate is about something else"));
  if (const auto power = verifier_->check_power(certificate); !power)
    return fail(ErrorCode::internal, "certificates", power.error().to_string());
  const auto found = chain_.find(height);
  if (found != chain_.end()) {
    WITAN_TRY_VOID(require(found->second.id == stored.id, "agreement",
                           "stores " + short_hex(stored.id) + ", another correct node " +
                               short_hex(found->second.id)));
    return check_state(stores, height, found->second);
  }
  WITAN_TRY(const Block block, decode_block(stored.block));
  const Known known{stored.id, block.header.time, block.header.state_root};
  WITAN_TRY_VOID(check_new(block, known, certificate));
  chain_.emplace(height, known);
  return check_state(stores, height, known);
}

Status Monitor::check_new(const Block& block, const Known& known, const Certificate& by) {
  const Header& header = block.header;
  if (const Status verified = verifier_->check_signatures(by); !verified)
    return fail(ErrorCode::internal, "certificates", verified.error().to_string());
  WITAN_TRY_VOID(require(block_id(header) == known.id, "validity", "the id is not the hash"));
  WITAN_TRY_VOID(require(header.chain_id == chain_id_, "validity", "of another chain"));
  const auto before = chain_.find(Height(header.height.get() - 1));
  if (before != chain_.end()) {
    WITAN_TRY_VOID(require(header.prev_block_id == before->second.id, "validity",
                           "does not follow the block before it"));
    WITAN_TRY_VOID(
        require(header.time > before->second.time, "validity", "its time does not grow"));
  } else {
    WITAN_TRY_VOID(require(header.height == initial_, "validity", "a height is missing"));
  }
  for (const Bytes& tx : block.txs)
    WITAN_TRY_VOID(require(transactions_.insert(tx_id(tx)).second, "validity",
                           "holds a transaction of an earlier block"));
  return {};
}

Status Monitor::check_state(const node::Stores& stores, Height height, const Known& known) {
  const auto meta = stores.state->latest();
  if (!meta || meta->height != height) return {};  // a later one is looked at instead
  WITAN_TRY_VOID(require(meta->state_root == known.state_root && meta->block_id == known.id,
                         "state", "the state's root is not the header's"));
  if (height <= supply_checked_) return {};
  supply_checked_ = height;
  std::uint64_t sum = 0;
  WITAN_TRY_VOID(stores.state->for_each(Module::accounts, [&](const Hash32&, ByteView value) {
    const auto account = ledger::decode_account(value);
    if (account) sum += account->balance;
    return account.has_value();
  }));
  return require(sum == supply_, "supply",
                 fmt::format("balances sum to {}, genesis has {}", sum, supply_));
}

}  // namespace witan::sim
