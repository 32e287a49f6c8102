// The chain's rules of evidence in blocks: age, once only, bounds, and what is written.
#include "actors/ledger/core/evidence_rules.hpp"
#include "tests/unit/evidence/samples.hpp"

namespace witan::ledger {
namespace {

using namespace witan::test;

struct MapHistory final : EvidenceHistory {
  std::map<Hash32, Bytes> entries;
  std::map<Height, UnixTime> times;
  std::optional<ErrorCode> broken;
  Result<std::optional<Bytes>> state(const Hash32& key) const override {
    if (broken) return fail(*broken, "state");
    const auto it = entries.find(key);
    return it == entries.end() ? std::optional<Bytes>{} : std::optional(it->second);
  }
  Result<UnixTime> time_of(Height height) const override {
    const auto it = times.find(height);
    if (it == times.end()) return fail(ErrorCode::pruned, "height");
    return it->second;
  }
  void apply(const StateWrites& writes) {
    for (const StateWrite& w : writes) entries[w.key] = *w.value;
  }
};

struct Fixture {
  ChainWorld w{4};
  MapHistory history;
  EvidenceContext context{Height(100), UnixTime{1'000'000'000'000}, {10, Duration::from_s(100)}};
  [[nodiscard]] EvidenceJudge judge() const {
    return EvidenceJudge(context, *w.validators, history);
  }
  [[nodiscard]] EvidenceKey key(std::uint64_t height, std::uint8_t n = 2,
                                std::int32_t round = 0) const {
    return {Height(height), Round(round), EvidenceKind::duplicate_prevote, w.index_of(n)};
  }
  static ErrorCode code(const Status& s) { return s ? ErrorCode::ok : s.error().code; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(evidence_judge_test, Fixture)

BOOST_AUTO_TEST_CASE(the_offence_is_of_a_decided_height_and_young_enough) {
  history.times[Height(89)] = UnixTime{context.tip_time.ns - Duration::from_s(100).ns};
  history.times[Height(88)] = UnixTime{context.tip_time.ns - Duration::from_s(100).ns - 1};
  BOOST_CHECK(code(judge().admit(key(101), 10)) == ErrorCode::wrong_height);
  BOOST_CHECK(code(judge().admit(key(0), 10)) == ErrorCode::wrong_height);
  BOOST_CHECK(code(judge().admit(key(100), 10)) == ErrorCode::ok);
  BOOST_CHECK(code(judge().admit(key(90), 10)) == ErrorCode::ok);  // by height alone
  BOOST_CHECK(code(judge().admit(key(89), 10)) == ErrorCode::ok);  // by time
  BOOST_CHECK(code(judge().admit(key(88), 10)) == ErrorCode::expired);
  BOOST_CHECK(code(judge().admit(key(87), 10)) == ErrorCode::expired);  // its block is gone
  EvidenceKey stranger = key(100);
  stranger.validator = 4;
  BOOST_CHECK(code(judge().admit(stranger, 10)) == ErrorCode::unknown_validator);
}

BOOST_AUTO_TEST_CASE(an_offence_is_committed_once) {
  EvidenceJudge first = judge();
  BOOST_CHECK(code(first.admit(key(95), 10)) == ErrorCode::ok);
  BOOST_CHECK(code(first.admit(key(95), 10)) == ErrorCode::duplicate);
  BOOST_CHECK(code(first.admit(key(95, 3), 10)) == ErrorCode::ok);
  BOOST_CHECK(code(first.admit(key(95, 2, 1), 10)) == ErrorCode::ok);
  history.apply(first.writes(Height(101)));
  BOOST_CHECK(code(judge().admit(key(95), 10)) == ErrorCode::duplicate);
  BOOST_CHECK(code(judge().admit(key(95, 4), 10)) == ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(offences_are_counted_by_accused) {
  EvidenceJudge first = judge();
  for (std::int32_t r = 0; r < 3; ++r) BOOST_REQUIRE(first.admit(key(95, 2, r), 10));
  BOOST_REQUIRE(first.admit(key(96, 3), 10));
  history.apply(first.writes(Height(101)));
  EvidenceJudge second = judge();
  BOOST_REQUIRE(second.admit(key(97), 10));
  history.apply(second.writes(Height(102)));
  const auto record = [&](std::uint8_t n) {
    return *decode_accused(history.entries.at(accused_state_key(key_number(n).public_key())));
  };
  BOOST_CHECK((record(2) == AccusedRecord{4, Height(102)}));
  BOOST_CHECK((record(3) == AccusedRecord{1, Height(101)}));
  BOOST_CHECK(!decode_accused(Bytes(15)));
}

BOOST_AUTO_TEST_CASE(a_block_holds_so_much_and_no_more) {
  EvidenceJudge many = judge();
  for (std::int32_t r = 0; r < static_cast<std::int32_t>(block_evidence_max); ++r)
    BOOST_REQUIRE(many.admit(key(95, 2, r), 10));
  BOOST_CHECK(code(many.admit(key(96), 10)) == ErrorCode::too_large);
  BOOST_CHECK_EQUAL(many.block_bytes(), block_evidence_max * evidence_block_bytes(10));
  EvidenceJudge large = judge();
  BOOST_CHECK(code(large.admit(key(95), block_evidence_bytes_max)) == ErrorCode::ok);
  BOOST_CHECK(code(large.admit(key(96), 1)) == ErrorCode::too_large);
}

BOOST_AUTO_TEST_CASE(the_state_of_one_accused_is_bounded) {
  history.entries[accused_state_key(key_number(2).public_key())] =
      encode(AccusedRecord{accusations_max - 1, Height(50)});
  EvidenceJudge j = judge();
  BOOST_CHECK(code(j.admit(key(95), 10)) == ErrorCode::ok);
  BOOST_CHECK(code(j.admit(key(96), 10)) == ErrorCode::too_large);
  BOOST_CHECK(code(j.admit(key(96, 3), 10)) == ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(a_broken_store_judges_nothing) {
  history.broken = ErrorCode::io;
  BOOST_CHECK(code(judge().admit(key(95), 10)) == ErrorCode::io);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::ledger
