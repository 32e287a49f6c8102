// One piece of evidence has one encoding, and nothing else decodes.
#include <filesystem>
#include <fstream>

#include "crypto/verify_evidence.hpp"
#include "messages/wire/limits.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/evidence/samples.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::test {

BOOST_AUTO_TEST_SUITE(evidence_codec_test)

BOOST_AUTO_TEST_CASE(every_kind_survives_and_fits_a_block) {
  const ChainWorld w(4);
  for (const Evidence& e : one_of_each(w, 3, 1000)) {
    const Bytes bytes = encode_evidence(e);
    const auto again = decode_evidence(bytes);
    WITAN_REQUIRE_OK(again);
    BOOST_CHECK(*again == e);
    BOOST_CHECK_LE(bytes.size(), 2048u);
  }
}

WITAN_PROPERTY(any_pair_of_votes_and_proposals_survives, [](std::uint64_t seed) {
  Random r(seed);
  for (const Evidence& e : {Evidence(DuplicateVote{any_vote(r), any_vote(r)}),
                            Evidence(DuplicateProposal{any_proposal(r), any_proposal(r)}),
                            Evidence(Amnesia{any_vote(r), any_vote(r)})}) {
    const auto again = decode_evidence(encode_evidence(e));
    RC_ASSERT(again.has_value());
    RC_ASSERT((*again == e));
  }
})

WITAN_PROPERTY(changed_bytes_are_refused_or_are_another_evidence, [](std::uint64_t seed) {
  const ChainWorld w(4);
  Random r(seed);
  const std::vector<Evidence> all = one_of_each(w, 3, 1000);
  Bytes bytes = encode_evidence(all[r.below(all.size())]);
  const Bytes before = bytes;
  for (std::uint64_t n = 1 + r.below(3); n > 0; --n)
    bytes[r.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << r.below(8));
  if (bytes == before) return;
  if (const auto decoded = decode_evidence(bytes)) RC_ASSERT((encode_evidence(*decoded) == bytes));
})

BOOST_AUTO_TEST_CASE(other_forms_of_the_same_words_are_not_canonical) {
  const ChainWorld w(4);
  const Evidence e = duplicate_vote(w, 3, 9);
  Bytes bytes = encode_evidence(e);
  Bytes longer = bytes;
  longer.resize(longer.size() + 8);
  WITAN_CHECK_ERROR(decode_evidence(longer), ErrorCode::not_canonical);
  Bytes odd = bytes;
  odd.push_back(0);
  WITAN_CHECK_ERROR(decode_evidence(odd), ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_evidence(Bytes{}), ErrorCode::malformed);
  WITAN_CHECK_ERROR(decode_evidence(Bytes(limits::evidence_bytes_max + 8)), ErrorCode::too_large);
  bytes.resize(16);
  BOOST_CHECK(!decode_evidence(bytes));
  BOOST_CHECK(evidence_hash(longer) != evidence_hash(encode_evidence(e)));
}

// WITAN_WRITE_CORPUS=1 writes the seeds anew; otherwise they must still be what the target expects.
BOOST_AUTO_TEST_CASE(the_seeds_of_the_fuzz_target_are_valid) {
  const std::filesystem::path corpus =
      std::filesystem::path(WITAN_SOURCE_DIR) / "tests/fuzz/corpus/fuzz_evidence";
  const ChainWorld w(4);
  for (const Evidence& e : one_of_each(w, 3, 1000)) {
    const std::filesystem::path file = corpus / std::string(name_of(key_of(e).kind));
    if (std::getenv("WITAN_WRITE_CORPUS") != nullptr) {
      std::filesystem::create_directories(corpus);
      const Bytes bytes = encode_evidence(e);
      std::ofstream(file, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
    std::ifstream in(file, std::ios::binary);
    const std::string seed((std::istreambuf_iterator<char>(in)), {});
    const auto again = decode_evidence(as_bytes(std::string_view(seed)));
    WITAN_REQUIRE_OK(again);
    BOOST_CHECK(key_of(*again).kind == key_of(e).kind);
    WITAN_REQUIRE_OK(check_contradiction(*again));
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
