// What the log holds reads back; what a damaged disk holds is refused.
#include "actors/consensus/log_records.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "actors/consensus/effect_batch.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::consensus {
namespace {
using namespace witan::test;  // NOLINT(google-build-using-namespace): generators
}

BOOST_AUTO_TEST_SUITE(log_records_test)

WITAN_PROPERTY(records_read_back, [](std::uint64_t seed) {
  Random r(seed);
  const SignedVote vote = any_vote(r);
  RC_ASSERT(decode_vote_record(encode_record(vote)) == vote);
  const SignedProposal proposal = any_proposal(r);
  RC_ASSERT(decode_proposal_record(encode_record(proposal)) == proposal);
  const Certificate certificate = any_certificate(r);
  RC_ASSERT(decode_certificate_record(encode_record(certificate)) == certificate);
  const HeightEndRecord end{any_fixed<BlockId>(r), any_fixed<Hash32>(r)};
  RC_ASSERT(decode_height_end_record(encode_record(end)) == end);
  const BlockRecord block{any_fixed<Hash32>(r), r.chance_permille(500), any_bytes(r, 300, 1)};
  const auto block_again = decode_block_record(encode_record(block));
  RC_ASSERT(block_again.has_value());
  RC_ASSERT((block_again->parts_root == block.parts_root && block_again->valid == block.valid));
  RC_ASSERT(block_again->bytes == block.bytes);
  const TimeoutRecord timeout{static_cast<Step>(1 + r.below(3)), any_round(r)};
  const auto timeout_again = decode_timeout_record(encode_record(timeout));
  RC_ASSERT(timeout_again.has_value());
  RC_ASSERT((timeout_again->step == timeout.step && timeout_again->round == timeout.round));
})

WITAN_PROPERTY(damaged_records_are_refused_or_read_without_a_crash, [](std::uint64_t seed) {
  Random r(seed);
  const Bytes records[] = {encode_record(any_vote(r)), encode_record(any_proposal(r)),
                           encode_record(any_certificate(r)),
                           encode_record(TimeoutRecord{Step::prevote, Round(3)})};
  Bytes bytes = records[r.below(4)];
  bytes[r.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + r.below(255));
  if (r.chance_permille(300)) bytes.resize(r.below(bytes.size()));
  (void)decode_vote_record(bytes);
  (void)decode_proposal_record(bytes);
  (void)decode_certificate_record(bytes);
  (void)decode_block_record(bytes);
  (void)decode_timeout_record(bytes);
})

BOOST_AUTO_TEST_CASE(records_outside_their_range_are_malformed) {
  const auto timeout = [](Step step, std::int32_t round) {
    return decode_timeout_record(encode_record(TimeoutRecord{step, Round(round)}));
  };
  WITAN_REQUIRE_OK(timeout(Step::propose, 0));
  WITAN_CHECK_ERROR(timeout(Step::unstarted, 0), ErrorCode::malformed);
  WITAN_CHECK_ERROR(timeout(Step::commit, 0), ErrorCode::malformed);
  WITAN_CHECK_ERROR(timeout(Step::prevote, -1), ErrorCode::malformed);
  WITAN_CHECK_ERROR(timeout(Step::prevote, round_max + 1), ErrorCode::malformed);
  Bytes longer = encode_record(TimeoutRecord{Step::prevote, Round(0)});
  longer.push_back(0);
  WITAN_CHECK_ERROR(decode_timeout_record(longer), ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_block_record(Bytes(33)), ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_block_record(Bytes(33 + std::size_t{block_bytes_max} + 1)),
                    ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_block_record({}), ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_vote_record({}), ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_height_end_record(Bytes(63)), ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_height_end_record(Bytes(65)), ErrorCode::malformed);
}

BOOST_AUTO_TEST_CASE(every_kind_has_a_name) {
  for (std::uint8_t kind = 1; kind <= 8; ++kind)
    BOOST_CHECK(name_of(static_cast<RecordKind>(kind)) != "unknown");
  BOOST_CHECK_EQUAL(name_of(static_cast<RecordKind>(9)), "unknown");
}

WITAN_PROPERTY(an_intent_reads_back, [](std::uint64_t seed) {
  Random r(seed);
  Intent in;
  in.kind = static_cast<SignedKind>(1 + r.below(3));
  in.height = any_height(r);
  in.round = any_round(r);
  in.pol_round = any_round_or_nil(r);
  if (r.chance_permille(700)) in.value = any_fixed<BlockId>(r);
  in.parts = {3, 150'000, any_fixed<Hash32>(r)};
  in.validator = static_cast<ValidatorIndex>(r.below(512));
  if (r.chance_permille(500)) in.locked = {any_round(r), any_fixed<BlockId>(r)};
  if (r.chance_permille(500)) in.valid = {any_round(r), any_fixed<BlockId>(r)};
  Draft<schema::SignIntent> draft;
  write_intent(*draft, in);
  const auto out = read_intent(draft->asReader());
  RC_ASSERT(out.has_value());
  RC_ASSERT((out->kind == in.kind && out->height == in.height && out->round == in.round));
  RC_ASSERT((out->pol_round == in.pol_round && out->value == in.value && out->parts == in.parts));
  RC_ASSERT((out->validator == in.validator && out->locked == in.locked && out->valid == in.valid));
})

// WITAN_WRITE_CORPUS=1 writes the seeds of fuzz_log_records and fuzz_block anew.
BOOST_AUTO_TEST_CASE(the_seeds_of_the_fuzz_targets_are_valid) {
  const std::filesystem::path corpus =
      std::filesystem::path(WITAN_SOURCE_DIR) / "tests/fuzz/corpus";
  Random r(3);
  const auto seed = [&](const std::string& name, const Bytes& bytes) {
    const auto file = corpus / name;
    if (std::getenv("WITAN_WRITE_CORPUS") != nullptr) {
      std::filesystem::create_directories(file.parent_path());
      std::ofstream out(file, std::ios::binary);
      out.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
    }
    std::ifstream in(file, std::ios::binary);
    const std::string kept((std::istreambuf_iterator<char>(in)), {});
    BOOST_REQUIRE_MESSAGE(!kept.empty(), file.string());
    return Bytes(kept.begin(), kept.end());
  };
  const auto record = [&](RecordKind kind, const Bytes& payload) {
    Bytes bytes{static_cast<std::uint8_t>(kind)};
    append(bytes, payload);
    const Bytes kept = seed("fuzz_log_records/" + std::string(name_of(kind)), bytes);
    BOOST_CHECK_EQUAL(kept[0], static_cast<std::uint8_t>(kind));
    return Bytes(kept.begin() + 1, kept.end());
  };
  WITAN_REQUIRE_OK(decode_vote_record(record(RecordKind::vote, encode_record(any_vote(r)))));
  WITAN_REQUIRE_OK(
      decode_proposal_record(record(RecordKind::proposal, encode_record(any_proposal(r)))));
  WITAN_REQUIRE_OK(decode_certificate_record(
      record(RecordKind::certificate, encode_record(any_certificate(r)))));
  WITAN_REQUIRE_OK(decode_block_record(
      record(RecordKind::block, encode_record(BlockRecord{any_fixed<Hash32>(r), true, {1, 2}}))));
  WITAN_REQUIRE_OK(decode_timeout_record(
      record(RecordKind::timeout, encode_record(TimeoutRecord{Step::prevote, Round(1)}))));
  const HeightEndRecord end{any_fixed<BlockId>(r), any_fixed<Hash32>(r)};
  WITAN_REQUIRE_OK(decode_height_end_record(record(RecordKind::height_end, encode_record(end))));
  WITAN_REQUIRE_OK(decode_block(seed("fuzz_block/block", encode_block(any_block(r)))));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::consensus
