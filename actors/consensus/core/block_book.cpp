#include "actors/consensus/core/block_book.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan::consensus {

void BlockBook::reset(Height height) {
  height_ = height;
  proposals_.clear();
  blocks_.clear();
}

bool BlockBook::add_proposal(const SignedProposal& proposal, Round current,
                             std::optional<UnixTime> now) {
  const Proposal& p = proposal.proposal;
  if (p.height != height_ || p.round.get() > current.get() + proposal_rounds_ahead_max)
    return false;
  const bool held = std::any_of(proposals_.begin(), proposals_.end(),
                                [&](const Held& h) { return h.proposal.proposal == p; });
  if (held || proposals_.size() >= proposals_max) return false;
  if (!blocks_.contains(key_of(p.parts))) {
    if (blocks_.size() >= blocks_max) return false;
    blocks_.emplace(key_of(p.parts), Entry(p.parts)).first->second.proposed_at = now;
  }
  proposals_.push_back({proposal, false});
  return true;
}

std::optional<SignedProposal> BlockBook::contradicted_by(const SignedProposal& proposal) const {
  const Proposal& p = proposal.proposal;
  for (const Held& held : proposals_) {
    const Proposal& other = held.proposal.proposal;
    if (other.round == p.round && other.proposer == p.proposer && !(other == p))
      return held.proposal;
  }
  return std::nullopt;
}

bool BlockBook::add_part(const BlockPart& part, std::uint32_t parts_count) {
  if (part.height != height_) return false;
  bool added = false;
  for (auto it = blocks_.lower_bound({part.parts_root, 0});
       it != blocks_.end() && it->first.first == part.parts_root; ++it)
    if (it->second.parts.header().count == parts_count) added |= it->second.parts.add(part);
  return added;
}

BlockBook::Entry& BlockBook::add_whole(const PartSetHeader& header, const BlockId& id,
                                       ByteView bytes) {
  WITAN_CHECK(bytes.size() == header.total_bytes, bytes.size(), header.total_bytes);
  Entry& entry = blocks_.try_emplace(key_of(header), Entry(header)).first->second;
  entry.id = id;
  for (const BlockPart& part : cut_block(height_, Round(0), bytes).parts) entry.parts.add(part);
  return entry;
}

std::vector<const BlockBook::Entry*> BlockBook::take_unchecked() {
  std::vector<const Entry*> out;
  for (auto& [key, entry] : blocks_) {
    if (entry.checking || entry.valid || !entry.parts.complete()) continue;
    entry.checking = true;
    out.push_back(&entry);
  }
  return out;
}

void BlockBook::set_verdict(const Hash32& parts_root, const ValueId& id, bool valid, bool timely) {
  Entry* entry = find(parts_root);
  if (entry == nullptr) return;
  entry->checking = false;
  entry->id = id;
  if (!entry->valid) entry->timely = timely;
  if (entry->valid != true) entry->valid = valid;
}

std::vector<ProposalComplete> BlockBook::take_complete() {
  std::vector<ProposalComplete> out;
  for (Held& held : proposals_) {
    const Proposal& p = held.proposal.proposal;
    const auto it = blocks_.find(key_of(p.parts));
    const Entry* entry = it == blocks_.end() ? nullptr : &it->second;
    if (held.reported || entry == nullptr || !entry->valid) continue;
    held.reported = true;
    // A proposal that names another block than its parts carry is invalid, whatever they carry.
    const bool valid = *entry->valid && entry->id == p.block_id;
    out.push_back({p.height, p.round, p.pol_round, p.block_id, p.proposer, valid, entry->timely});
  }
  return out;
}

const BlockBook::Entry* BlockBook::find_root(const Hash32& parts_root) const {
  return const_cast<BlockBook*>(this)->find(parts_root);
}

const BlockBook::Entry* BlockBook::find_block(const BlockId& id) const {
  for (const auto& [key, entry] : blocks_)
    if (entry.id == id && entry.parts.complete()) return &entry;
  return nullptr;
}

std::vector<SignedProposal> BlockBook::proposals(Round round) const {
  std::vector<SignedProposal> out;
  for (const Held& held : proposals_)
    if (held.proposal.proposal.round == round) out.push_back(held.proposal);
  return out;
}

BlockBook::Entry* BlockBook::find(const Hash32& parts_root) {
  Entry* first = nullptr;
  for (auto it = blocks_.lower_bound({parts_root, 0});
       it != blocks_.end() && it->first.first == parts_root; ++it) {
    if (it->second.parts.complete()) return &it->second;
    if (first == nullptr) first = &it->second;
  }
  return first;
}

}  // namespace witan::consensus
