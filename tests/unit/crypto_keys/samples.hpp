// Fixed sample objects: every field different and non-zero, so that a layout slip shows.
#pragma once
#include "crypto/sign_bytes.hpp"

namespace witan::samples {

template <class Fixed>
Fixed filled(std::uint8_t first) {
  Fixed out;
  for (std::size_t i = 0; i < out.data.size(); ++i)
    out.data[i] = static_cast<std::uint8_t>(first + i);
  return out;
}

inline ChainId chain() { return filled<ChainId>(0xc0); }

inline Vote vote() {
  return {VoteType::prevote, Height(7), Round(3), filled<BlockId>(0x10), Round(1), 5};
}

inline Proposal proposal() {
  return {Height(7), Round(3), Round(2), filled<BlockId>(0x10), {2, 70000, filled<Hash32>(0x20)},
          4};
}

inline Transfer transfer() {
  return {filled<AccountId>(0x30), filled<AccountId>(0x40), 1000, 5, 9,
          Bytes{1, 2, 3},          filled<Signature>(0x50)};
}

inline Certificate certificate() {
  return {VoteType::precommit,
          Height(7),
          Round(3),
          filled<BlockId>(0x10),
          {{0, Round::nil(), filled<Signature>(0x60)}, {2, Round(1), filled<Signature>(0x70)}}};
}

inline Header header() {
  Header h;
  h.chain_id = chain();
  h.height = Height(7);
  h.origin_round = Round(1);
  h.time = UnixTime{1'700'000'000'123'456'789};
  h.epoch = 11;
  h.proposer = filled<PublicKey>(0x01);
  h.prev_block_id = filled<Hash32>(0x02);
  h.prev_commit_hash = filled<Hash32>(0x03);
  h.tx_root = filled<Hash32>(0x04);
  h.evidence_root = filled<Hash32>(0x05);
  h.state_root = filled<Hash32>(0x06);
  for (std::size_t i = 0; i < module_count; ++i)
    h.module_roots[i] = filled<Hash32>(static_cast<std::uint8_t>(0x07 + i));
  h.validators_hash = filled<Hash32>(0x11);
  h.next_validators_hash = filled<Hash32>(0x12);
  h.cfg_version = 13;
  h.rules_version = 14;
  h.vrf_entropy = filled<Hash32>(0x15);
  h.proof_root = filled<Hash32>(0x16);
  return h;
}

inline Genesis genesis() {
  Genesis g;
  g.chain_name = "witan-test";
  g.type = ChainType::staging;
  g.time = UnixTime{1'700'000'000'000'000'000};
  g.validators.push_back(
      {"alpha", filled<PublicKey>(0x21), filled<Signature>(0x22), 100, 900, 3, 720, 12});
  g.validators.push_back(
      {"beta", filled<PublicKey>(0x23), filled<Signature>(0x24), 101, 901, 4, 721, 13});
  g.accounts.push_back({filled<AccountId>(0x25), 5000});
  return g;
}

inline std::vector<Validator> validators() {
  return {{filled<PublicKey>(0x01), 10, 3, 100},
          {filled<PublicKey>(0x02), 20, 4, 200},
          {filled<PublicKey>(0x03), 30, 5, 300}};
}

}  // namespace witan::samples
