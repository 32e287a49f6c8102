#include "actors/consensus/core/block_book.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan::consensus {

void BlockBook::reset(Height height) {
  height_ = height;
  proposals_.clear();
  blocks_.clear();
}

bool BlockBook::add_proposal(const SignedProposal& proposal, Round current) {
  const Proposal& p = proposal.proposal;
  if (p.height != height_ || p.round.get() > current.get() + proposal_rounds_ahead_max)
    return false;
  const bool held = std::any_of(proposals_.begin(), proposals_.end(),
                                [&](const Held& h) { return h.proposal.proposal == p; });
  if (held || proposals_.size() >= proposals_max) return false;
  if (find(p.parts.root) == nullptr) {
    if (blocks_.size() >= blocks_max) return false;
    blocks_.emplace(p.parts.root, Entry(p.parts));
  }
  proposals_.push_back({proposal, false});
  return true;
}

bool BlockBook::add_part(const BlockPart& part) {
  Entry* entry = find(part.parts_root);
  return part.height == height_ && entry != nullptr && entry->parts.add(part);
}

BlockBook::Entry& BlockBook::add_whole(const PartSetHeader& header, const BlockId& id,
                                       ByteView bytes) {
  WITAN_CHECK(bytes.size() == header.total_bytes, bytes.size(), header.total_bytes);
  Entry& entry = blocks_.try_emplace(header.root, Entry(header)).first->second;
  entry.id = id;
  for (const BlockPart& part : cut_block(height_, Round(0), bytes).parts) entry.parts.add(part);
  return entry;
}

std::vector<const BlockBook::Entry*> BlockBook::take_unchecked() {
  std::vector<const Entry*> out;
  for (auto& [root, entry] : blocks_) {
    if (entry.checking || entry.valid || !entry.parts.complete()) continue;
    entry.checking = true;
    out.push_back(&entry);
  }
  return out;
}

void BlockBook::set_verdict(const Hash32& parts_root, const ValueId& id, bool valid) {
  Entry* entry = find(parts_root);
  if (entry == nullptr) return;
  entry->checking = false;
  entry->id = id;
  if (entry->valid != true) entry->valid = valid;
}

void BlockBook::forget_verdict(const Hash32& parts_root) {
  if (Entry* entry = find(parts_root)) entry->valid.reset();
}

std::vector<ProposalComplete> BlockBook::take_complete() {
  std::vector<ProposalComplete> out;
  for (Held& held : proposals_) {
    const Proposal& p = held.proposal.proposal;
    const Entry* entry = find(p.parts.root);
    if (held.reported || entry == nullptr || !entry->valid) continue;
    held.reported = true;
    // A proposal that names another block than its parts carry is invalid, whatever they carry.
    const bool valid = *entry->valid && entry->id == p.block_id;
    out.push_back({p.height, p.round, p.pol_round, p.block_id, p.proposer, valid});
  }
  return out;
}

const BlockBook::Entry* BlockBook::find_root(const Hash32& parts_root) const {
  const auto it = blocks_.find(parts_root);
  return it == blocks_.end() ? nullptr : &it->second;
}

const BlockBook::Entry* BlockBook::find_block(const BlockId& id) const {
  for (const auto& [root, entry] : blocks_)
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
  const auto it = blocks_.find(parts_root);
  return it == blocks_.end() ? nullptr : &it->second;
}

}  // namespace witan::consensus
