// Every named limit is refused with its error and its field.
#include <functional>

#include "messages/schema/chain.capnp.h"
#include "messages/schema/peer.capnp.h"
#include "messages/wire/peer_wire.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::test {
namespace {

template <class T>
Status check(const std::function<void(typename T::Builder)>& write) {
  Draft<T> draft;
  write(*draft);
  return find_wire_type(capnp::typeId<T>())->check(*std::move(draft).seal().words);
}

void refused(const Status& status, ErrorCode code, std::string_view field) {
  BOOST_REQUIRE_MESSAGE(!status, field << " was not refused");
  BOOST_CHECK_EQUAL(status.error().code, code);
  BOOST_CHECK_EQUAL(status.error().field, field);
}

// A valid message with one field spoiled.
using SpoilVote = std::function<void(schema::Vote::Builder)>;
Status vote(const SpoilVote& spoil) {
  Random r(1);
  const SignedVote valid = any_vote(r);
  return check<schema::Vote>([&](auto to) {
    write_vote(to, valid);
    spoil(to);
  });
}
Status proposal(const std::function<void(schema::Proposal::Builder)>& spoil) {
  Random r(2);
  SignedProposal valid = any_proposal(r);
  valid.proposal.round = Round(3);
  valid.proposal.pol_round = Round(2);
  return check<schema::Proposal>([&](auto to) {
    write_proposal(to, valid);
    spoil(to);
  });
}
Status part(const std::function<void(schema::BlockPart::Builder)>& spoil) {
  Random r(3);
  const PartMessage valid = any_part(r);
  return check<schema::BlockPart>([&](auto to) {
    write_part(to, valid.part, valid.parts_count);
    spoil(to);
  });
}
Status certificate(const std::function<void(schema::Certificate::Builder)>& spoil) {
  Random r(4);
  Certificate valid = any_certificate(r);
  valid.signatures = {{1, Round(), any_fixed<Signature>(r)},
                      {4, Round(2), any_fixed<Signature>(r)}};
  return check<schema::Certificate>([&](auto to) {
    write_certificate(to, valid);
    spoil(to);
  });
}
Status header(const std::function<void(schema::Header::Builder)>& spoil) {
  Random r(5);
  const Header valid = any_header(r);
  Draft<schema::Header> draft;
  write_header(*draft, valid);
  spoil(*draft);
  const auto read = read_header(draft->asReader());
  if (!read) return fail(read.error());
  return {};
}

const Bytes short_hash(31, 1);

}  // namespace

BOOST_AUTO_TEST_SUITE(limits_test)

BOOST_AUTO_TEST_CASE(votes) {
  WITAN_REQUIRE_OK(vote([](auto) {}));
  refused(vote([](auto v) { v.setType(schema::VoteType::UNSPECIFIED); }), ErrorCode::out_of_range,
          "vote.type");
  refused(vote([](auto v) { v.setType(static_cast<schema::VoteType>(7)); }),
          ErrorCode::out_of_range, "vote.type");
  refused(vote([](auto v) { v.setRound(-1); }), ErrorCode::out_of_range, "vote.round");
  refused(vote([](auto v) { v.setRound(round_max + 1); }), ErrorCode::out_of_range, "vote.round");
  refused(vote([](auto v) { v.setPolRound(-2); }), ErrorCode::out_of_range, "vote.pol_round");
  refused(vote([](auto v) { v.setValidator(validators_max); }), ErrorCode::out_of_range,
          "vote.validator");
  refused(vote([](auto v) { v.setValue(as_data(ByteView(short_hash))); }), ErrorCode::malformed,
          "vote.value");
  refused(vote([](auto v) { v.setSignature(as_data(ByteView(Bytes(65)))); }), ErrorCode::malformed,
          "vote.signature");
}

BOOST_AUTO_TEST_CASE(proposals) {
  WITAN_REQUIRE_OK(proposal([](auto) {}));
  refused(proposal([](auto p) { p.setRound(-1); }), ErrorCode::out_of_range, "proposal.round");
  refused(proposal([](auto p) { p.setPolRound(3); }), ErrorCode::out_of_range,
          "proposal.pol_round");
  refused(proposal([](auto p) { p.setPolRound(-2); }), ErrorCode::out_of_range,
          "proposal.pol_round");
  refused(proposal([](auto p) { p.setProposer(validators_max); }), ErrorCode::out_of_range,
          "proposal.proposer");
  refused(proposal([](auto p) { p.setBlockId(nullptr); }), ErrorCode::malformed,
          "proposal.block_id");
  refused(proposal([](auto p) { p.setPartsBytes(0); }), ErrorCode::out_of_range,
          "proposal.parts_bytes");
  refused(proposal([](auto p) { p.setPartsBytes(block_bytes_max + 1); }), ErrorCode::out_of_range,
          "proposal.parts_bytes");
  refused(proposal([](auto p) { p.setPartsCount(p.getPartsCount() + 1); }), ErrorCode::out_of_range,
          "proposal.parts_count");
  refused(proposal([](auto p) { p.setPartsRoot(as_data(ByteView(short_hash))); }),
          ErrorCode::malformed, "proposal.parts_root");
  refused(proposal([](auto p) { p.setSignature(nullptr); }), ErrorCode::malformed,
          "proposal.signature");
}

BOOST_AUTO_TEST_CASE(parts) {
  WITAN_REQUIRE_OK(part([](auto) {}));
  refused(part([](auto p) { p.setRound(-1); }), ErrorCode::out_of_range, "part.round");
  refused(part([](auto p) { p.setPartsCount(0); }), ErrorCode::out_of_range, "part.parts_count");
  refused(part([](auto p) { p.setPartsCount(limits::parts_max + 1); }), ErrorCode::out_of_range,
          "part.parts_count");
  refused(part([](auto p) { p.setIndex(p.getPartsCount()); }), ErrorCode::out_of_range,
          "part.index");
  refused(part([](auto p) { p.setBytes(nullptr); }), ErrorCode::too_large, "part.bytes");
  refused(part([](auto p) { p.setBytes(as_data(ByteView(Bytes(part_size_bytes + 1)))); }),
          ErrorCode::too_large, "part.bytes");
  refused(part([](auto p) { p.setProof(as_data(ByteView(Bytes(33)))); }), ErrorCode::malformed,
          "part.proof");
  refused(part([](auto p) { p.setProof(as_data(ByteView(Bytes(33 * 32)))); }), ErrorCode::malformed,
          "part.proof");
  refused(part([](auto p) { p.setPartsRoot(nullptr); }), ErrorCode::malformed, "part.parts_root");
}

BOOST_AUTO_TEST_CASE(round_certificates) {
  const auto spoilt = [](const std::function<void(schema::RoundCertificate::Builder)>& spoil) {
    Random r(6);
    RoundCertificate valid = any_round_certificate(r);
    while (valid.votes.size() < 2) valid = any_round_certificate(r);
    valid.round = Round(3);
    for (SignedVote& vote : valid.votes) vote.vote.round = Round(3);
    return check<schema::RoundCertificate>([&](auto to) {
      write_round_certificate(to, valid);
      spoil(to);
    });
  };
  WITAN_REQUIRE_OK(spoilt([](auto) {}));
  refused(spoilt([](auto c) { c.setKind(0); }), ErrorCode::out_of_range, "round_certificate.kind");
  refused(spoilt([](auto c) { c.setKind(3); }), ErrorCode::out_of_range, "round_certificate.kind");
  refused(spoilt([](auto c) { c.setRound(-1); }), ErrorCode::out_of_range,
          "round_certificate.round");
  refused(spoilt([](auto c) { c.initVotes(0); }), ErrorCode::too_large, "round_certificate.votes");
  refused(spoilt([](auto c) { c.initVotes(validators_max + 1); }), ErrorCode::too_large,
          "round_certificate.votes");
  refused(spoilt([](auto c) { c.getVotes()[1].setRound(4); }), ErrorCode::malformed,
          "round_certificate.votes");
  refused(spoilt([](auto c) { c.getVotes()[1].setHeight(77'777); }), ErrorCode::malformed,
          "round_certificate.votes");
  refused(spoilt([](auto c) { c.getVotes()[1].setValidator(c.getVotes()[0].getValidator()); }),
          ErrorCode::duplicate, "round_certificate.votes");
  refused(spoilt([](auto c) { c.getVotes()[0].setSignature(nullptr); }), ErrorCode::malformed,
          "vote.signature");
}

// What travels with a re-proposal is bounded and must be what the proposal leans on.
BOOST_AUTO_TEST_CASE(polkas_of_proposals) {
  const auto spoilt = [](const std::function<void(schema::Proposal::Builder)>& spoil) {
    Random r(7);
    SignedProposal valid = any_proposal(r);
    valid.proposal.round = Round(5);
    valid.proposal.pol_round = Round(2);
    Certificate polka = any_certificate(r);
    polka.type = VoteType::prevote;
    polka.height = valid.proposal.height;
    polka.round = Round(2);
    polka.block_id = valid.proposal.block_id;
    return check<schema::Proposal>([&](auto to) {
      write_proposal(to, valid);
      write_certificate(to.initPolka(), polka);
      spoil(to);
    });
  };
  WITAN_REQUIRE_OK(spoilt([](auto) {}));
  refused(spoilt([](auto p) { p.getPolka().setType(schema::VoteType::PRECOMMIT); }),
          ErrorCode::malformed, "proposal.polka");
  refused(spoilt([](auto p) { p.getPolka().setRound(1); }), ErrorCode::malformed, "proposal.polka");
  refused(spoilt([](auto p) { p.getPolka().setHeight(p.getHeight() + 1); }), ErrorCode::malformed,
          "proposal.polka");
  refused(spoilt([](auto p) { p.setPolRound(-1); }), ErrorCode::malformed, "proposal.polka");
  refused(spoilt([](auto p) { p.getPolka().setBlockId(as_data(ByteView(Bytes(32, 0xEE)))); }),
          ErrorCode::malformed, "proposal.polka");
  refused(spoilt([](auto p) { p.getPolka().initValidators(validators_max + 1); }),
          ErrorCode::too_large, "certificate.validators");
}

BOOST_AUTO_TEST_CASE(certificates) {
  WITAN_REQUIRE_OK(certificate([](auto) {}));
  refused(certificate([](auto c) { c.setType(schema::VoteType::UNSPECIFIED); }),
          ErrorCode::out_of_range, "certificate.type");
  refused(certificate([](auto c) { c.setRound(-1); }), ErrorCode::out_of_range,
          "certificate.round");
  refused(certificate([](auto c) { c.setBlockId(nullptr); }), ErrorCode::malformed,
          "certificate.block_id");
  refused(certificate([](auto c) { c.initValidators(0); }), ErrorCode::too_large,
          "certificate.validators");
  refused(certificate([](auto c) { c.initValidators(validators_max + 1); }), ErrorCode::too_large,
          "certificate.validators");
  refused(certificate([](auto c) { c.initPolRounds(1); }), ErrorCode::malformed,
          "certificate.signatures");
  refused(certificate([](auto c) { c.initSignatures(127); }), ErrorCode::malformed,
          "certificate.signatures");
  refused(certificate([](auto c) { c.getValidators().set(0, 4); }), ErrorCode::duplicate,
          "certificate.validators");
  refused(certificate([](auto c) { c.getValidators().set(1, validators_max); }),
          ErrorCode::out_of_range, "certificate.validators");
  refused(certificate([](auto c) { c.getPolRounds().set(1, -2); }), ErrorCode::out_of_range,
          "certificate.pol_rounds");
  refused(check<schema::Certificate>([](auto) {}), ErrorCode::missing, "certificate");
}

BOOST_AUTO_TEST_CASE(headers) {
  WITAN_REQUIRE_OK(header([](auto) {}));
  refused(header([](auto h) { h.setVersion(block_protocol_version + 1); }),
          ErrorCode::wrong_version, "header.version");
  refused(header([](auto h) { h.setOriginRound(-1); }), ErrorCode::out_of_range,
          "header.origin_round");
  refused(header([](auto h) { h.setModuleRoots(as_data(ByteView(Bytes(32 * 6)))); }),
          ErrorCode::malformed, "header.module_roots");
#define WITAN_HASH_FIELD(setter, name)                                                           \
  refused(header([](auto h) { h.setter(as_data(ByteView(short_hash))); }), ErrorCode::malformed, \
          "header." name)
  WITAN_HASH_FIELD(setChainId, "chain_id");
  WITAN_HASH_FIELD(setProposer, "proposer");
  WITAN_HASH_FIELD(setPrevBlockId, "prev_block_id");
  WITAN_HASH_FIELD(setPrevCommitHash, "prev_commit_hash");
  WITAN_HASH_FIELD(setTxRoot, "tx_root");
  WITAN_HASH_FIELD(setEvidenceRoot, "evidence_root");
  WITAN_HASH_FIELD(setStateRoot, "state_root");
  WITAN_HASH_FIELD(setValidatorsHash, "validators_hash");
  WITAN_HASH_FIELD(setNextValidatorsHash, "next_validators_hash");
  WITAN_HASH_FIELD(setVrfEntropy, "vrf_entropy");
  WITAN_HASH_FIELD(setProofRoot, "proof_root");
#undef WITAN_HASH_FIELD
}

BOOST_AUTO_TEST_CASE(blocks) {
  Random r(6);
  const Block valid = any_block(r);
  const auto refuse = [](const Block& block, ErrorCode code, std::string_view field) {
    const auto read = decode_block(encode_block(block));
    refused(read ? Status{} : Status(fail(read.error())), code, field);
  };
  Block many = valid;
  many.txs.assign(limits::block_transactions_max + 1, Bytes{1});
  refuse(many, ErrorCode::too_large, "block.transactions");
  Block large = valid;
  large.txs = {Bytes(tx_bytes_max + 1)};
  refuse(large, ErrorCode::too_large, "block.transactions");
  Block empty = valid;
  empty.txs = {Bytes{}};
  refuse(empty, ErrorCode::missing, "block.transactions");
  Block evidence = valid;
  evidence.evidence.assign(limits::evidence_max + 1, Bytes{1});
  refuse(evidence, ErrorCode::too_large, "block.evidence");
  evidence.evidence = {Bytes(limits::evidence_bytes_max + 1)};
  refuse(evidence, ErrorCode::too_large, "block.evidence");

  const Bytes bytes = encode_block(valid);
  const auto over = decode_block(bytes, static_cast<std::uint32_t>(bytes.size() - 1));
  refused(over ? Status{} : Status(fail(over.error())), ErrorCode::too_large, "block");

  Draft<schema::Block> count;
  write_header(count->initHeader(), valid.header);
  count->setTransactionCount(1);
  const auto counted = decode_block(flat_of(std::move(count)));
  refused(counted ? Status{} : Status(fail(counted.error())), ErrorCode::malformed,
          "block.transaction_count");
}

BOOST_AUTO_TEST_CASE(round_status) {
  WITAN_REQUIRE_OK(check<schema::RoundStatus>([](auto s) { s.setRound(-1); }));
  refused(check<schema::RoundStatus>([](auto s) { s.setRound(-2); }), ErrorCode::out_of_range,
          "round_status.round");
  refused(check<schema::RoundStatus>([](auto s) { s.setStep(5); }), ErrorCode::out_of_range,
          "round_status.step");
}

BOOST_AUTO_TEST_CASE(transaction_batches) {
  const auto batch = [](std::size_t items, std::size_t bytes, std::uint32_t count) {
    Bytes blob;
    for (std::size_t i = 0; i < items; ++i) append_item(blob, Bytes(bytes, 1));
    return check<schema::TransactionBatch>([&](auto b) {
      b.setTransactions(as_data(ByteView(blob)));
      b.setCount(count);
    });
  };
  WITAN_REQUIRE_OK(batch(3, 10, 3));
  refused(batch(3, 10, 2), ErrorCode::malformed, "transactions.count");
  refused(batch(1, tx_bytes_max + 1, 1), ErrorCode::too_large, "transactions");
  refused(batch(limits::batch_count_max + 1, 1, limits::batch_count_max + 1), ErrorCode::too_large,
          "transactions");
  refused(batch(9, 60'000, 9), ErrorCode::too_large, "transactions");
}

BOOST_AUTO_TEST_CASE(sync_messages) {
  refused(check<schema::SyncStatus>([](auto s) { s.setBase(1); }), ErrorCode::out_of_range,
          "sync_status.base");
  const auto request = [](std::uint64_t first, std::uint64_t last) {
    return check<schema::RangeRequest>([&](auto q) {
      q.setFirst(first);
      q.setLast(last);
    });
  };
  WITAN_REQUIRE_OK(request(1, limits::range_blocks_max));
  refused(request(0, 5), ErrorCode::out_of_range, "range_request");
  refused(request(6, 5), ErrorCode::out_of_range, "range_request");
  refused(request(1, limits::range_blocks_max + 1), ErrorCode::too_large, "range_request");
  refused(request(1, UINT64_MAX), ErrorCode::too_large, "range_request");
  refused(check<schema::RangeResponse>([](auto a) { a.initBlocks(limits::range_blocks_max + 1); }),
          ErrorCode::too_large, "range_response.blocks");
  refused(check<schema::RangeResponse>([](auto a) { a.initBlocks(1); }), ErrorCode::missing,
          "range_response.certificate");
  refused(check<schema::RangeResponse>([](auto a) {
            a.initBlocks(1)[0].setBytes(as_data(ByteView(Bytes(block_bytes_max + 1))));
          }),
          ErrorCode::too_large, "range_response.bytes");
}

BOOST_AUTO_TEST_CASE(hellos_and_goodbyes) {
  const auto hello = [](const std::function<void(schema::Hello::Builder)>& spoil) {
    return check<schema::Hello>([&](auto h) {
      h.setChainId(as_data(Hash32{}));
      spoil(h);
    });
  };
  const std::string long_text(limits::text_bytes_max + 1, 'x');
  WITAN_REQUIRE_OK(hello([](auto) {}));
  refused(hello([](auto h) { h.setChainId(nullptr); }), ErrorCode::malformed, "hello.chain_id");
  refused(hello([&](auto h) { h.setChainName(long_text); }), ErrorCode::too_large,
          "hello.chain_name");
  refused(hello([&](auto h) { h.setMoniker(long_text); }), ErrorCode::too_large, "hello.moniker");
  refused(hello([&](auto h) { h.setSoftware(long_text); }), ErrorCode::too_large, "hello.software");
  refused(hello([](auto h) { h.setValidatorKey(as_data(ByteView(short_hash))); }),
          ErrorCode::malformed, "hello.validator_key");
  refused(hello([](auto h) { h.setValidatorKey(as_data(Hash32{})); }), ErrorCode::malformed,
          "hello.validator_proof");
  refused(check<schema::Goodbye>([&](auto g) { g.setCode(long_text); }), ErrorCode::too_large,
          "goodbye.code");
  refused(check<schema::Goodbye>([&](auto g) { g.setText(long_text); }), ErrorCode::too_large,
          "goodbye.text");
}

BOOST_AUTO_TEST_CASE(credit_is_for_a_bulk_channel_and_for_something) {
  const auto credit = [](std::uint8_t channel, std::uint32_t bytes) {
    return check<schema::Credit>([&](auto c) {
      c.setChannel(channel);
      c.setBytes(bytes);
    });
  };
  WITAN_REQUIRE_OK(credit(static_cast<std::uint8_t>(Channel::transactions), 1));
  refused(credit(static_cast<std::uint8_t>(Channel::votes), 1), ErrorCode::out_of_range,
          "credit.channel");
  refused(credit(channel_count, 1), ErrorCode::out_of_range, "credit.channel");
  refused(credit(255, 1), ErrorCode::out_of_range, "credit.channel");
  refused(credit(static_cast<std::uint8_t>(Channel::transactions), 0), ErrorCode::out_of_range,
          "credit.bytes");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
