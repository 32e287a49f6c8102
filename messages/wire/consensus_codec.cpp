#include "messages/wire/consensus_codec.hpp"

#include "messages/base/hex.hpp"
#include "messages/wire/decode.hpp"
#include "messages/wire/limits.hpp"

namespace witan {
namespace {

Result<VoteType> read_vote_type(schema::VoteType from, const char* field) {
  switch (from) {
    case schema::VoteType::PREVOTE:
      return VoteType::prevote;
    case schema::VoteType::PRECOMMIT:
      return VoteType::precommit;
    case schema::VoteType::UNSPECIFIED:
      break;
  }
  return fail(ErrorCode::out_of_range, field, "not a vote type");
}

schema::VoteType to_schema(VoteType type) {
  return type == VoteType::prevote ? schema::VoteType::PREVOTE : schema::VoteType::PRECOMMIT;
}

Result<ValidatorIndex> read_index(std::uint32_t from, const char* field) {
  if (from >= validators_max)
    return fail(ErrorCode::out_of_range, field, "validator index above the largest set");
  return from;
}

template <class Fixed>
Result<Fixed> read_fixed(capnp::Data::Reader from, const char* field) {
  return fixed_from<Fixed>(as_view(from), field);
}

}  // namespace

Result<ValueId> read_value(capnp::Data::Reader from, const char* field) {
  if (from.size() == 0) return ValueId{};
  WITAN_TRY(const BlockId id, read_fixed<BlockId>(from, field));
  return ValueId{id};
}

Result<Round> read_round(std::int32_t from, bool nil_allowed, const char* field) {
  if (from > round_max || from < (nil_allowed ? -1 : 0))
    return fail(ErrorCode::out_of_range, field, "round outside its range");
  return Round(from);
}

void write_vote(schema::Vote::Builder to, const SignedVote& vote) {
  to.setType(to_schema(vote.vote.type));
  to.setHeight(vote.vote.height.get());
  to.setRound(vote.vote.round.get());
  to.setPolRound(vote.vote.pol_round.get());
  to.setValidator(vote.vote.validator);
  if (vote.vote.value) to.setValue(as_data(*vote.vote.value));
  to.setSignature(as_data(vote.signature));
}

Result<SignedVote> read_vote(schema::Vote::Reader from) {
  SignedVote out;
  WITAN_TRY(out.vote.type, read_vote_type(from.getType(), "vote.type"));
  out.vote.height = Height(from.getHeight());
  WITAN_TRY(out.vote.round, read_round(from.getRound(), false, "vote.round"));
  WITAN_TRY(out.vote.pol_round, read_round(from.getPolRound(), true, "vote.pol_round"));
  WITAN_TRY(out.vote.validator, read_index(from.getValidator(), "vote.validator"));
  WITAN_TRY(out.vote.value, read_value(from.getValue(), "vote.value"));
  WITAN_TRY(out.signature, read_fixed<Signature>(from.getSignature(), "vote.signature"));
  return out;
}

void write_proposal(schema::Proposal::Builder to, const SignedProposal& signed_proposal) {
  const Proposal& p = signed_proposal.proposal;
  to.setHeight(p.height.get());
  to.setRound(p.round.get());
  to.setPolRound(p.pol_round.get());
  to.setProposer(p.proposer);
  to.setBlockId(as_data(p.block_id));
  to.setPartsCount(p.parts.count);
  to.setPartsBytes(p.parts.total_bytes);
  to.setPartsRoot(as_data(p.parts.root));
  to.setSignature(as_data(signed_proposal.signature));
}

Result<SignedProposal> read_proposal(schema::Proposal::Reader from) {
  SignedProposal out;
  Proposal& p = out.proposal;
  p.height = Height(from.getHeight());
  WITAN_TRY(p.round, read_round(from.getRound(), false, "proposal.round"));
  WITAN_TRY(p.pol_round, read_round(from.getPolRound(), true, "proposal.pol_round"));
  if (p.pol_round >= p.round)
    return fail(ErrorCode::out_of_range, "proposal.pol_round", "not below the round");
  WITAN_TRY(p.proposer, read_index(from.getProposer(), "proposal.proposer"));
  WITAN_TRY(p.block_id, read_fixed<BlockId>(from.getBlockId(), "proposal.block_id"));
  p.parts.count = from.getPartsCount();
  p.parts.total_bytes = from.getPartsBytes();
  // P36: the announced size is bounded before the first part is kept.
  if (p.parts.total_bytes == 0 || p.parts.total_bytes > block_bytes_max)
    return fail(ErrorCode::out_of_range, "proposal.parts_bytes", "block size outside its range");
  if (p.parts.count != (p.parts.total_bytes + part_size_bytes - 1) / part_size_bytes)
    return fail(ErrorCode::out_of_range, "proposal.parts_count", "does not match the block size");
  WITAN_TRY(p.parts.root, read_fixed<Hash32>(from.getPartsRoot(), "proposal.parts_root"));
  WITAN_TRY(out.signature, read_fixed<Signature>(from.getSignature(), "proposal.signature"));
  return out;
}

void write_part(schema::BlockPart::Builder to, const BlockPart& part, std::uint32_t parts_count) {
  to.setHeight(part.height.get());
  to.setRound(part.round.get());
  to.setPartsRoot(as_data(part.parts_root));
  to.setIndex(part.index);
  to.setPartsCount(parts_count);
  to.setBytes(as_data(ByteView(part.bytes)));
  Bytes proof;
  for (const Hash32& hash : part.proof) append(proof, hash.view());
  to.setProof(as_data(ByteView(proof)));
}

Result<PartMessage> read_part(schema::BlockPart::Reader from) {
  PartMessage out;
  BlockPart& part = out.part;
  part.height = Height(from.getHeight());
  WITAN_TRY(part.round, read_round(from.getRound(), false, "part.round"));
  WITAN_TRY(part.parts_root, read_fixed<Hash32>(from.getPartsRoot(), "part.parts_root"));
  part.index = from.getIndex();
  out.parts_count = from.getPartsCount();
  if (out.parts_count == 0 || out.parts_count > limits::parts_max)
    return fail(ErrorCode::out_of_range, "part.parts_count",
                "outside 1.." + std::to_string(limits::parts_max));
  if (part.index >= out.parts_count)
    return fail(ErrorCode::out_of_range, "part.index", "not below parts_count");
  const ByteView bytes = as_view(from.getBytes());
  if (bytes.empty() || bytes.size() > part_size_bytes)
    return fail(ErrorCode::too_large, "part.bytes", "part size outside its range");
  part.bytes.assign(bytes.begin(), bytes.end());
  const ByteView proof = as_view(from.getProof());
  if (proof.size() % limits::hash_bytes != 0 ||
      proof.size() / limits::hash_bytes > limits::merkle_depth_max)
    return fail(ErrorCode::malformed, "part.proof", "not a list of at most 32 hashes");
  for (std::size_t at = 0; at < proof.size(); at += limits::hash_bytes)
    part.proof.push_back(Hash32::from(proof.subspan(at, limits::hash_bytes)));
  return out;
}

void write_certificate(schema::Certificate::Builder to, const Certificate& certificate) {
  const auto count = static_cast<kj::uint>(certificate.signatures.size());
  to.setType(to_schema(certificate.type));
  to.setHeight(certificate.height.get());
  to.setRound(certificate.round.get());
  to.setBlockId(as_data(certificate.block_id));
  auto validators = to.initValidators(count);
  auto pol_rounds = to.initPolRounds(count);
  auto signatures = to.initSignatures(count * limits::signature_bytes);
  for (kj::uint i = 0; i < count; ++i) {
    const CertificateSignature& s = certificate.signatures[i];
    validators.set(i, s.validator);
    pol_rounds.set(i, s.pol_round.get());
    std::memcpy(signatures.begin() + i * limits::signature_bytes, s.signature.data.data(),
                limits::signature_bytes);
  }
}

Result<Certificate> read_certificate(schema::Certificate::Reader from) {
  Certificate out;
  const auto validators = from.getValidators();
  if (validators.size() == 0 && from.getHeight() == 0) return out;
  WITAN_TRY(out.type, read_vote_type(from.getType(), "certificate.type"));
  out.height = Height(from.getHeight());
  WITAN_TRY(out.round, read_round(from.getRound(), false, "certificate.round"));
  WITAN_TRY(out.block_id, read_fixed<BlockId>(from.getBlockId(), "certificate.block_id"));
  const auto pol_rounds = from.getPolRounds();
  const ByteView signatures = as_view(from.getSignatures());
  if (validators.size() == 0 || validators.size() > validators_max)
    return fail(ErrorCode::too_large, "certificate.validators", "count outside 1..512");
  if (pol_rounds.size() != validators.size() ||
      signatures.size() != std::size_t{validators.size()} * limits::signature_bytes)
    return fail(ErrorCode::malformed, "certificate.signatures", "lists differ in length");
  out.signatures.reserve(validators.size());
  for (kj::uint i = 0; i < validators.size(); ++i) {
    CertificateSignature s;
    WITAN_TRY(s.validator, read_index(validators[i], "certificate.validators"));
    if (i > 0 && s.validator <= out.signatures.back().validator)
      return fail(ErrorCode::duplicate, "certificate.validators", "not strictly increasing");
    WITAN_TRY(s.pol_round, read_round(pol_rounds[i], true, "certificate.pol_rounds"));
    s.signature = Signature::from(
        signatures.subspan(std::size_t{i} * limits::signature_bytes, limits::signature_bytes));
    out.signatures.push_back(s);
  }
  return out;
}

Result<std::optional<PolkaCertificate>> read_polka(schema::Proposal::Reader from) {
  if (!from.hasPolka()) return std::optional<PolkaCertificate>{};
  WITAN_TRY(Certificate polka, read_certificate(from.getPolka()));
  if (is_absent(polka)) return std::optional<PolkaCertificate>{};
  WITAN_TRY(const BlockId block, read_fixed<BlockId>(from.getBlockId(), "proposal.block_id"));
  if (polka.type != VoteType::prevote || polka.height.get() != from.getHeight() ||
      polka.round.get() != from.getPolRound() || polka.block_id != block)
    return fail(ErrorCode::malformed, "proposal.polka", "not the polka the proposal leans on");
  return std::optional<PolkaCertificate>(std::move(polka));
}

void write_round_certificate(schema::RoundCertificate::Builder to,
                             const RoundCertificate& certificate) {
  to.setKind(static_cast<std::uint8_t>(certificate.kind));
  to.setHeight(certificate.height.get());
  to.setRound(certificate.round.get());
  auto votes = to.initVotes(static_cast<kj::uint>(certificate.votes.size()));
  for (kj::uint i = 0; i < votes.size(); ++i) write_vote(votes[i], certificate.votes[i]);
}

Result<RoundCertificate> read_round_certificate(schema::RoundCertificate::Reader from) {
  RoundCertificate out;
  out.kind = static_cast<RoundCertificate::Kind>(from.getKind());
  if (out.kind != RoundCertificate::Kind::precommit && out.kind != RoundCertificate::Kind::skip)
    return fail(ErrorCode::out_of_range, "round_certificate.kind", "not a kind");
  out.height = Height(from.getHeight());
  WITAN_TRY(out.round, read_round(from.getRound(), false, "round_certificate.round"));
  const auto votes = from.getVotes();
  if (votes.size() == 0 || votes.size() > validators_max)
    return fail(ErrorCode::too_large, "round_certificate.votes", "count outside 1..512");
  out.votes.reserve(votes.size());
  for (const auto vote : votes) {
    WITAN_TRY(const SignedVote read, read_vote(vote));
    if (read.vote.height != out.height || read.vote.round != out.round)
      return fail(ErrorCode::malformed, "round_certificate.votes", "of another round");
    if (!out.votes.empty() && read.vote.validator <= out.votes.back().vote.validator)
      return fail(ErrorCode::duplicate, "round_certificate.votes", "not strictly increasing");
    out.votes.push_back(read);
  }
  return out;
}

Bytes encode_certificate(const Certificate& certificate) {
  Draft<schema::Certificate> draft(64 + certificate.signatures.size() * 10);
  write_certificate(*draft, certificate);
  Bytes out;
  std::move(draft).seal().words->append_flat(out);
  return out;
}

Result<Certificate> decode_certificate(ByteView bytes) {
  WITAN_TRY(const WordsPtr words, Words::from_flat(bytes));
  return decode<schema::Certificate>(*words, [](auto r) { return read_certificate(r); });
}

void write_header(schema::Header::Builder to, const Header& header) {
  to.setVersion(header.version);
  to.setChainId(as_data(header.chain_id));
  to.setHeight(header.height.get());
  to.setOriginRound(header.origin_round.get());
  to.setTimeNs(header.time.ns);
  to.setEpoch(header.epoch);
  to.setProposer(as_data(header.proposer));
  to.setPrevBlockId(as_data(header.prev_block_id));
  to.setPrevCommitHash(as_data(header.prev_commit_hash));
  to.setTxRoot(as_data(header.tx_root));
  to.setEvidenceRoot(as_data(header.evidence_root));
  to.setStateRoot(as_data(header.state_root));
  auto roots = to.initModuleRoots(module_count * limits::hash_bytes);
  for (std::size_t i = 0; i < module_count; ++i)
    std::memcpy(roots.begin() + i * limits::hash_bytes, header.module_roots[i].data.data(),
                limits::hash_bytes);
  to.setValidatorsHash(as_data(header.validators_hash));
  to.setNextValidatorsHash(as_data(header.next_validators_hash));
  to.setCfgVersion(header.cfg_version);
  to.setRulesVersion(header.rules_version);
  to.setVrfEntropy(as_data(header.vrf_entropy));
  to.setProofRoot(as_data(header.proof_root));
}

Result<Header> read_header(schema::Header::Reader from) {
  Header out;
  out.version = from.getVersion();
  if (out.version != block_protocol_version)
    return fail(ErrorCode::wrong_version, "header.version",
                "block protocol " + std::to_string(out.version) + " is not supported");
  WITAN_TRY(out.chain_id, read_fixed<Hash32>(from.getChainId(), "header.chain_id"));
  out.height = Height(from.getHeight());
  WITAN_TRY(out.origin_round, read_round(from.getOriginRound(), false, "header.origin_round"));
  out.time.ns = from.getTimeNs();
  out.epoch = from.getEpoch();
  WITAN_TRY(out.proposer, read_fixed<PublicKey>(from.getProposer(), "header.proposer"));
  WITAN_TRY(out.prev_block_id, read_fixed<Hash32>(from.getPrevBlockId(), "header.prev_block_id"));
  WITAN_TRY(out.prev_commit_hash,
            read_fixed<Hash32>(from.getPrevCommitHash(), "header.prev_commit_hash"));
  WITAN_TRY(out.tx_root, read_fixed<Hash32>(from.getTxRoot(), "header.tx_root"));
  WITAN_TRY(out.evidence_root, read_fixed<Hash32>(from.getEvidenceRoot(), "header.evidence_root"));
  WITAN_TRY(out.state_root, read_fixed<Hash32>(from.getStateRoot(), "header.state_root"));
  const ByteView roots = as_view(from.getModuleRoots());
  if (roots.size() != module_count * limits::hash_bytes)
    return fail(ErrorCode::malformed, "header.module_roots", "expected seven hashes");
  for (std::size_t i = 0; i < module_count; ++i)
    out.module_roots[i] = Hash32::from(roots.subspan(i * limits::hash_bytes, limits::hash_bytes));
  WITAN_TRY(out.validators_hash,
            read_fixed<Hash32>(from.getValidatorsHash(), "header.validators_hash"));
  WITAN_TRY(out.next_validators_hash,
            read_fixed<Hash32>(from.getNextValidatorsHash(), "header.next_validators_hash"));
  out.cfg_version = from.getCfgVersion();
  out.rules_version = from.getRulesVersion();
  WITAN_TRY(out.vrf_entropy, read_fixed<Hash32>(from.getVrfEntropy(), "header.vrf_entropy"));
  WITAN_TRY(out.proof_root, read_fixed<Hash32>(from.getProofRoot(), "header.proof_root"));
  return out;
}

void append_item(Bytes& blob, ByteView item) {
  const auto size = static_cast<std::uint32_t>(item.size());
  std::uint8_t prefix[sizeof size];
  std::memcpy(prefix, &size, sizeof size);
  append(blob, prefix);
  append(blob, item);
}

Result<std::vector<ByteView>> split_items(ByteView blob, std::size_t count_max,
                                          std::size_t item_bytes_max, const char* field) {
  std::vector<ByteView> out;
  while (!blob.empty()) {
    if (blob.size() < 4) return fail(ErrorCode::malformed, field, "length prefix is cut short");
    std::uint32_t size = 0;
    std::memcpy(&size, blob.data(), sizeof size);
    blob = blob.subspan(4);
    if (size == 0) return fail(ErrorCode::missing, field, "empty item");
    if (size > item_bytes_max) return fail(ErrorCode::too_large, field, "item above its limit");
    if (size > blob.size()) return fail(ErrorCode::malformed, field, "item is cut short");
    if (out.size() == count_max) return fail(ErrorCode::too_large, field, "too many items");
    out.push_back(blob.first(size));
    blob = blob.subspan(size);
  }
  return out;
}

Bytes encode_block(const Block& block) {
  Bytes transactions;
  std::size_t total = 0;
  for (const Bytes& tx : block.txs) total += tx.size() + 4;
  transactions.reserve(total);
  for (const Bytes& tx : block.txs) append_item(transactions, tx);
  Draft<schema::Block> draft(total / 8 + 512 + block.last_commit.signatures.size() * 16);
  write_header(draft->initHeader(), block.header);
  draft->setTransactions(as_data(ByteView(transactions)));
  draft->setTransactionCount(static_cast<std::uint32_t>(block.txs.size()));
  auto evidence = draft->initEvidence(static_cast<kj::uint>(block.evidence.size()));
  for (kj::uint i = 0; i < evidence.size(); ++i)
    evidence.set(i, as_data(ByteView(block.evidence[i])));
  if (!is_absent(block.last_commit)) write_certificate(draft->initLastCommit(), block.last_commit);
  Bytes out;
  std::move(draft).seal().words->append_flat(out);
  return out;
}

Result<Block> decode_block(ByteView bytes, std::uint32_t bytes_max) {
  if (bytes.size() > bytes_max)
    return fail(ErrorCode::too_large, "block", "above the block size limit");
  WITAN_TRY(const WordsPtr words, Words::from_flat(bytes));
  return decode<schema::Block>(*words, [](schema::Block::Reader from) -> Result<Block> {
    Block out;
    WITAN_TRY(out.header, read_header(from.getHeader()));
    WITAN_TRY(const auto items,
              split_items(as_view(from.getTransactions()), limits::block_transactions_max,
                          tx_bytes_max, "block.transactions"));
    if (items.size() != from.getTransactionCount())
      return fail(ErrorCode::malformed, "block.transaction_count", "does not match");
    out.txs.reserve(items.size());
    for (const ByteView item : items) out.txs.emplace_back(item.begin(), item.end());
    const auto evidence = from.getEvidence();
    if (evidence.size() > limits::evidence_max)
      return fail(ErrorCode::too_large, "block.evidence", "too many items");
    for (const auto item : evidence) {
      if (item.size() > limits::evidence_bytes_max)
        return fail(ErrorCode::too_large, "block.evidence", "item above its limit");
      out.evidence.emplace_back(item.begin(), item.end());
    }
    WITAN_TRY(out.last_commit, read_certificate(from.getLastCommit()));
    return out;
  });
}

}  // namespace witan
