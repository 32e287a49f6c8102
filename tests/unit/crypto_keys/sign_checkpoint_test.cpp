#include "crypto/sign_checkpoint.hpp"

#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/crypto_keys/signer_fixture.hpp"

using namespace witan;
using namespace witan::samples;

namespace {

// The error says what to do, not only what is wrong.
void check_refused(const Result<SignRecovery>& result, ErrorCode code, const std::string& advice) {
  WITAN_CHECK_ERROR(result, code);
  if (!result)
    BOOST_CHECK_MESSAGE(result.error().text.find(advice) != std::string::npos,
                        result.error().to_string());
}

// Replaces the CRC at the end, as whoever edits the file on purpose would.
void fix_crc(Bytes& file) {
  const std::uint32_t crc = crc32c(ByteView(file).first(file.size() - 4));
  const Bytes tail = ByteWriter().u32(crc).take();
  std::copy(tail.begin(), tail.end(), file.end() - 4);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(sign_checkpoint_test, SignerFixture)

BOOST_AUTO_TEST_CASE(a_checkpoint_survives_a_round_trip) {
  WITAN_REQUIRE_OK(sign(samples::proposal(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 2, block_a())));
  const Bytes bytes = signer.checkpoint(17);
  BOOST_CHECK_LE(bytes.size(), sign_checkpoint_bytes_max);
  const auto decoded = decode_sign_checkpoint(bytes);
  WITAN_REQUIRE_OK(decoded);
  BOOST_CHECK(decoded->owner == signer.owner());
  BOOST_CHECK_EQUAL(*decoded->wal_segment, 17U);
  BOOST_CHECK(decoded->snapshot == signer.state().snapshot());
  BOOST_CHECK_EQUAL(decoded->snapshot.recent.size(), 3U);
  BOOST_CHECK(encode(*decoded) == bytes);
}

BOOST_AUTO_TEST_CASE(every_truncation_and_every_changed_bit_is_found) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  const Bytes bytes = signer.checkpoint(17);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    WITAN_CHECK_ERROR(decode_sign_checkpoint(ByteView(bytes).first(n)), ErrorCode::corrupt);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes changed = bytes;
    changed[i] ^= 4;
    WITAN_CHECK_ERROR(decode_sign_checkpoint(changed), ErrorCode::corrupt);
  }
}

BOOST_AUTO_TEST_CASE(a_forged_file_with_a_right_checksum_is_still_checked) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  Bytes changed = signer.checkpoint(0);
  changed[8] = 9;  // version
  fix_crc(changed);
  WITAN_CHECK_ERROR(decode_sign_checkpoint(changed), ErrorCode::wrong_version);
  changed = signer.checkpoint(0);
  changed[changed.size() - 5] ^= 1;  // last byte of the stored signature
  fix_crc(changed);
  file = changed;
  log.clear();
  check_refused(recover_sign_state(input()), ErrorCode::corrupt, "this key's signature");
}

BOOST_AUTO_TEST_CASE(the_lease_is_kept_and_its_epoch_only_rises) {
  BOOST_CHECK(signer.lease() == SignLease{});
  const auto node = filled<NodeId>(0x31);
  BOOST_CHECK_EQUAL(signer.grant_lease(node).epoch, 1U);
  BOOST_CHECK_EQUAL(signer.grant_lease(filled<NodeId>(0x32)).epoch, 2U);
  file = signer.checkpoint(0);
  restart();
  BOOST_CHECK(signer.lease() == (SignLease{2, filled<NodeId>(0x32)}));
  BOOST_CHECK(signer.grant_lease(node) == (SignLease{3, node}));
}

BOOST_AUTO_TEST_CASE(a_file_from_before_leases_is_read) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  signer.grant_lease(filled<NodeId>(0x31));
  Bytes old = signer.checkpoint(0);
  old[8] = 2;  // version
  const std::size_t lease = 12 + 32 + 32 + 16 + 16 + 1 + 32 + 16;
  old.erase(old.begin() + lease, old.begin() + lease + 8 + 33);
  fix_crc(old);
  const auto decoded = decode_sign_checkpoint(old);
  WITAN_REQUIRE_OK(decoded);
  BOOST_CHECK(decoded->lease == SignLease{});
  BOOST_CHECK(decoded->snapshot == signer.state().snapshot());
}

BOOST_AUTO_TEST_CASE(records_decode_only_in_their_one_encoding) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  const Bytes good = log[0];
  for (std::size_t n = 0; n < good.size(); ++n)
    WITAN_CHECK_ERROR(decode_sign_record(ByteView(good).first(n)), ErrorCode::malformed);
  const auto refused = [&](std::size_t at, std::uint8_t value, ErrorCode code) {
    Bytes changed = good;
    changed[at] = value;
    WITAN_CHECK_ERROR(decode_sign_record(changed), code);
  };
  refused(0, 2, ErrorCode::wrong_version);
  refused(1, 3, ErrorCode::not_canonical);   // step is not the kind's
  refused(2, 9, ErrorCode::unknown_type);    // kind
  refused(27, 2, ErrorCode::not_canonical);  // presence byte of the value
  refused(27, 0, ErrorCode::not_canonical);  // absent, yet an id is there
}

BOOST_AUTO_TEST_CASE(rotation_continues_from_the_checkpoint) {
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 2, block_a())));
  file = signer.checkpoint(1);
  segments = WalSegments{1, 1};
  log.clear();  // segment 0 is gone
  restart();
  WITAN_CHECK_ERROR(sign(samples::precommit(5, 2, block_b())), ErrorCode::sign_conflict);
  WITAN_CHECK_ERROR(sign(prevote(5, 3, block_b())), ErrorCode::sign_locked);
  WITAN_REQUIRE_OK(sign(prevote(5, 3, block_a())));
  restart();
  WITAN_CHECK_ERROR(sign(prevote(5, 3, {})), ErrorCode::sign_conflict);
}

BOOST_AUTO_TEST_CASE(records_older_than_the_checkpoint_are_skipped) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 2, block_a())));
  log.push_back(log.back());  // appended twice: resent before the sync
  file = signer.checkpoint(0);
  WITAN_REQUIRE_OK(sign(prevote(6, 0, block_b())));
  const auto recovered = recover_sign_state(input());
  WITAN_REQUIRE_OK(recovered);
  BOOST_CHECK_EQUAL(recovered->state.snapshot().last_seq, 3U);
  BOOST_CHECK(!recovered->checkpoint_needed);
}

BOOST_AUTO_TEST_CASE(s9_an_absent_file_is_refused) {
  SignRecoveryInput in = input();
  in.checkpoint_file.reset();
  check_refused(recover_sign_state(in), ErrorCode::sign_state_missing, "witan init");
  in.store_height = Height(100);
  check_refused(recover_sign_state(in), ErrorCode::sign_state_missing,
                "witan signer init --i-know");
}

BOOST_AUTO_TEST_CASE(s9_an_empty_file_is_refused) {
  file.clear();
  check_refused(recover_sign_state(input()), ErrorCode::corrupt, "restore");
}

BOOST_AUTO_TEST_CASE(p50_s9_a_state_older_than_the_chain_is_refused) {
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 0, block_a())));
  SignRecoveryInput in = input();
  in.store_height = Height(90);
  in.own_commit_height = Height(5);
  WITAN_REQUIRE_OK(recover_sign_state(in));
  in.own_commit_height = Height(6);
  check_refused(recover_sign_state(in), ErrorCode::sign_state_older, "witan signer set-min");
}

BOOST_AUTO_TEST_CASE(s9_a_state_of_another_key_chain_or_directory_is_refused) {
  SignRecoveryInput in = input();
  in.key = SecretKey::generate().public_key();
  check_refused(recover_sign_state(in), ErrorCode::sign_state_foreign, "one validator together");
  in = input();
  in.chain_id = Hash32{};
  check_refused(recover_sign_state(in), ErrorCode::sign_state_foreign, "another key");
  in = input();
  in.remembered = signer.memory();
  WITAN_REQUIRE_OK(recover_sign_state(in));
  in.remembered = SignMemory{};
  check_refused(recover_sign_state(in), ErrorCode::sign_state_foreign, "stop that node");
  WITAN_CHECK_ERROR(Signer::make(SecretKey::generate(), *recover_sign_state(input())),
                    ErrorCode::sign_state_foreign);
}

BOOST_AUTO_TEST_CASE(s9_absent_log_segments_are_refused) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  file = signer.checkpoint(4);
  for (auto present : {std::optional<WalSegments>(), std::optional(WalSegments{5, 9}),
                       std::optional(WalSegments{0, 3})}) {
    segments = present;
    check_refused(recover_sign_state(input()), ErrorCode::sign_state_missing, "segment 4");
  }
  segments = WalSegments{2, 4};
  WITAN_REQUIRE_OK(recover_sign_state(input()));
}

BOOST_AUTO_TEST_CASE(s9_a_lost_record_is_found) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 2, block_a())));
  log.erase(log.begin());
  check_refused(recover_sign_state(input()), ErrorCode::corrupt, "a record was lost");
}

BOOST_AUTO_TEST_CASE(s9_a_log_of_another_node_is_found) {
  SignerFixture other;
  other.key = key.clone();
  other.file = file;
  other.restart();
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  WITAN_REQUIRE_OK(other.sign(prevote(5, 2, block_b())));
  file = signer.checkpoint(0);
  log = other.log;
  check_refused(recover_sign_state(input()), ErrorCode::sign_state_foreign, "two nodes");
}

BOOST_AUTO_TEST_CASE(s9_a_never_used_file_beside_a_used_log_is_refused) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  file = encode(new_sign_checkpoint(chain(), key.public_key()));
  check_refused(recover_sign_state(input()), ErrorCode::sign_state_foreign, "--i-know");
}

BOOST_AUTO_TEST_CASE(s10_set_min_only_raises_and_holds_over_the_log) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  SignCheckpoint c = *decode_sign_checkpoint(file);
  WITAN_REQUIRE_OK(raise_min(c, Height(8)));
  WITAN_REQUIRE_OK(raise_min(c, Height(8)));
  WITAN_CHECK_ERROR(raise_min(c, Height(7)), ErrorCode::sign_refused);
  WITAN_CHECK_ERROR(raise_min(c, Height(0)), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(raise_min(c, Height(9), Round::nil()), ErrorCode::out_of_range);
  file = encode(c);
  restart();
  WITAN_CHECK_ERROR(sign(prevote(7, 9, {})), ErrorCode::sign_refused);
  WITAN_REQUIRE_OK(raise_min(c, Height(8), Round(2)));
  file = encode(c);
  restart();
  WITAN_CHECK_ERROR(sign(prevote(8, 1, {})), ErrorCode::sign_refused);
  WITAN_REQUIRE_OK(sign(prevote(8, 2, {})));
}

BOOST_AUTO_TEST_CASE(s11_a_copied_home_is_refused_until_it_is_adopted) {
  const SignPlace here = sign_place("machine", 7, 1000);
  SignRecoveryInput in = input();
  in.place = here;
  const auto bound = recover_sign_state(in);
  WITAN_REQUIRE_OK(bound);
  BOOST_CHECK(bound->checkpoint_needed);  // a file that is bound nowhere is bound here
  BOOST_CHECK(bound->place == here);
  file = encode(SignCheckpoint{bound->owner, 0, here, 5, {}, bound->state.snapshot()});
  in = input();
  in.place = here;
  WITAN_REQUIRE_OK(recover_sign_state(in));
  BOOST_CHECK(!recover_sign_state(in)->checkpoint_needed);
  in.place = sign_place("machine", 8, 1000);
  check_refused(recover_sign_state(in), ErrorCode::sign_state_foreign, "is a copy");
  in.place = sign_place("machine", 7, 1001);  // the number was given to a new folder
  check_refused(recover_sign_state(in), ErrorCode::sign_state_foreign, "witan signer adopt");
  in.place = sign_place("other", 7, 1000);
  check_refused(recover_sign_state(in), ErrorCode::sign_state_foreign, "another machine");
  SignCheckpoint c = *decode_sign_checkpoint(file);
  adopt(c, *in.place);
  file = encode(c);
  in.checkpoint_file = file;
  WITAN_REQUIRE_OK(recover_sign_state(in));
}

BOOST_AUTO_TEST_CASE(s9_an_earlier_file_than_the_remembered_one_is_refused) {
  const Bytes earlier = file;
  SignRecoveryInput in = input();
  in.remembered = signer.memory();
  WITAN_REQUIRE_OK(recover_sign_state(in));
  file = signer.checkpoint(0);
  in.remembered = signer.memory();
  in.checkpoint_file = earlier;
  check_refused(recover_sign_state(in), ErrorCode::sign_state_older, "an older copy");
  in.checkpoint_file = file;
  WITAN_REQUIRE_OK(recover_sign_state(in));
}

BOOST_AUTO_TEST_CASE(s16_own_signatures_from_elsewhere_are_recognised) {
  const auto claim = [this](SignedKind kind, std::uint64_t height, std::int32_t round,
                            ValueId value) {
    return signer.state().check_claim({kind, Height(height), Round(round), value});
  };
  using enum SignedKind;
  WITAN_CHECK_ERROR(claim(precommit, 1, 0, block_a()), ErrorCode::sign_state_older);
  WITAN_REQUIRE_OK(sign(samples::prevote(5, 2, block_a())));
  WITAN_REQUIRE_OK(claim(prevote, 5, 2, block_a()));
  WITAN_REQUIRE_OK(claim(precommit, 5, 1, block_b()));  // not remembered any more
  WITAN_CHECK_ERROR(claim(prevote, 5, 2, block_b()), ErrorCode::sign_conflict);
  WITAN_CHECK_ERROR(claim(precommit, 5, 2, block_a()), ErrorCode::sign_state_older);
  WITAN_CHECK_ERROR(claim(precommit, 6, 0, block_a()), ErrorCode::sign_state_older);
  WITAN_REQUIRE_OK(signer.raise_watermark(Height(6)));
  WITAN_REQUIRE_OK(claim(precommit, 6, 0, block_a()));  // excluded on purpose
  WITAN_CHECK_ERROR(claim(prevote, 7, 0, {}), ErrorCode::sign_state_older);
}

BOOST_AUTO_TEST_CASE(s11_every_new_state_has_its_own_instance) {
  BOOST_CHECK(new_sign_checkpoint(chain(), key.public_key()).owner.instance !=
              new_sign_checkpoint(chain(), key.public_key()).owner.instance);
  const auto fresh = new_sign_checkpoint(chain(), key.public_key());
  file = encode(fresh);
  segments.reset();
  const auto recovered = recover_sign_state(input());
  WITAN_REQUIRE_OK(recovered);
  BOOST_CHECK(recovered->checkpoint_needed);
  BOOST_CHECK(recovered->owner == fresh.owner);
}

BOOST_AUTO_TEST_SUITE_END()
