#include "actors/api/views.hpp"

#include "actors/telemetry/log.hpp"
#include "crypto/keys.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan {

void fill_header(const Header& header, const BlockId& id, schema::HeaderView::Builder out) {
  out.setHeight(header.height.get());
  out.setId(as_data(id));
  out.setTime(format_utc(header.time));
  out.setOriginRound(header.origin_round.get());
  out.setEpoch(header.epoch);
  out.setProposer(as_data(header.proposer));
  out.setPrevBlockId(as_data(header.prev_block_id));
  out.setPrevCommitHash(as_data(header.prev_commit_hash));
  out.setTxRoot(as_data(header.tx_root));
  out.setEvidenceRoot(as_data(header.evidence_root));
  out.setStateRoot(as_data(header.state_root));
  auto roots = out.initModuleRoots(module_count);
  for (kj::uint i = 0; i < module_count; ++i) roots.set(i, as_data(header.module_roots[i]));
  out.setValidatorsHash(as_data(header.validators_hash));
  out.setNextValidatorsHash(as_data(header.next_validators_hash));
  out.setRulesVersion(header.rules_version);
  out.setCfgVersion(header.cfg_version);
  out.setVersion(header.version);
  out.setChainId(as_data(header.chain_id));
  out.setProofRoot(as_data(header.proof_root));
  out.setVrfEntropy(as_data(header.vrf_entropy));
}

// `time`: of the block that is committed, if it is known.
void fill_commit(const Certificate& commit, const ValidatorSet& set, std::optional<UnixTime> time,
                 schema::CommitView::Builder out) {
  out.setHeight(commit.height.get());
  out.setRound(commit.round.get());
  out.setBlockId(as_data(commit.block_id));
  if (time) out.setTime(format_utc(*time));
  out.setValidators(static_cast<std::uint32_t>(set.size()));
  auto signers = out.initSigners(static_cast<kj::uint>(commit.signatures.size()));
  for (kj::uint i = 0; i < signers.size(); ++i) {
    const CertificateSignature& s = commit.signatures[i];
    if (s.validator < set.size()) {
      signers[i].setValidator(as_data(set.at(s.validator).key));
      signers[i].setAddress(to_address(set.at(s.validator).key));
    }
    signers[i].setIndex(s.validator);
    signers[i].setPolRound(s.pol_round.get());
    signers[i].setSignature(as_data(s.signature));
  }
}

void fill_transactions(const Block& block, bool with_bytes, schema::BlockView::Builder out) {
  const auto count = static_cast<kj::uint>(block.txs.size());
  out.setTxCount(count);
  auto ids = out.initTxIds(count);
  for (kj::uint i = 0; i < count; ++i) ids.set(i, as_data(tx_id(block.txs[i])));
  if (!with_bytes) return;
  auto transactions = out.initTransactions(count);
  for (kj::uint i = 0; i < count; ++i) transactions.set(i, as_data(ByteView(block.txs[i])));
}

void fill_validators(const ValidatorSet& set, Height height, schema::ValidatorsView::Builder out) {
  out.setHeight(height.get());
  out.setPowerTotal(set.power_total());
  auto list = out.initValidators(static_cast<kj::uint>(set.size()));
  for (kj::uint i = 0; i < list.size(); ++i) {
    const Validator& v = set.at(i);
    list[i].setKey(as_data(v.key));
    list[i].setAddress(to_address(v.key));
    list[i].setPower(v.power);
    list[i].setTier(v.tier);
    list[i].setTimetokeHours(v.timetoke_hours);
  }
}

}  // namespace witan
