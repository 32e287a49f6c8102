#include "messages/wire/tx_codec.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "messages/base/random.hpp"
#include "messages/schema/transaction.capnp.h"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

kj::ArrayPtr<const kj::byte> kj_bytes(ByteView b) { return {b.data(), b.size()}; }

// The library's own canonical form of the same transaction.
Bytes library_canonical(const Transaction& tx) {
  capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<schema::Transaction>();
  if (const auto* t = std::get_if<Transfer>(&tx)) {
    auto to = root.initTransfer();
    to.setAmount(t->amount);
    to.setFee(t->fee);
    to.setNonce(t->nonce);
    to.setFrom(kj_bytes(t->from.view()));
    to.setTo(kj_bytes(t->to.view()));
    to.setSignature(kj_bytes(t->signature.view()));
    if (!t->memo.empty()) to.setMemo(kj_bytes(t->memo));
  } else {
    const auto& o = std::get<Opaque>(tx);
    auto to = root.initOpaque();
    to.setLastHeight(o.last_height.get());
    if (!o.payload.empty()) to.setPayload(kj_bytes(o.payload));
  }
  const auto words = capnp::canonicalize(root.asReader());
  const auto bytes = words.asBytes();
  return {bytes.begin(), bytes.end()};
}

template <class Fixed>
Fixed random_fixed(Random& random) {
  Fixed out;
  for (auto& byte : out.data) byte = static_cast<std::uint8_t>(random.next());
  return out;
}

std::uint64_t random_number(Random& random) {
  return random.chance_permille(300) ? 0 : random.next() >> random.below(64);
}

Transaction random_tx(Random& random) {
  if (random.chance_permille(400))
    return Opaque{Height(random_number(random)),
                  Bytes(random.below(300), static_cast<std::uint8_t>(random.next()))};
  Transfer t;
  t.from = random_fixed<AccountId>(random);
  t.to = random_fixed<AccountId>(random);
  t.signature = random_fixed<Signature>(random);
  t.amount = random_number(random);
  t.fee = random_number(random);
  t.nonce = random_number(random);
  if (random.chance_permille(500)) t.memo = Bytes(random.below(memo_bytes_max + 1), 0xAB);
  return t;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tx_codec)

WITAN_PROPERTY(encoding_is_the_library_s_canonical_form_and_decodes_to_the_same, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  for (int i = 0; i < 20; ++i) {
    const Transaction tx = random_tx(random);
    const Bytes bytes = encode(tx);
    RC_ASSERT(bytes == library_canonical(tx));
    const auto back = decode_transaction(bytes);
    RC_ASSERT((back.has_value() && *back == tx));
  }
});

WITAN_PROPERTY(any_other_bytes_for_the_same_transaction_are_refused, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const Bytes bytes = encode(random_tx(random));
  for (int i = 0; i < 50; ++i) {
    Bytes bent = bytes;
    bent[random.below(bent.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
    const auto tx = decode_transaction(bent);
    // Either refused, or another transaction whose one encoding this is.
    if (tx) RC_ASSERT(encode(*tx) == bent);
  }
});

BOOST_AUTO_TEST_CASE(every_cut_and_every_extension_is_refused) {
  Random random(7);
  Transfer t = std::get<Transfer>(Transaction(Transfer{}));
  t.from = random_fixed<AccountId>(random);
  t.memo = Bytes(20, 1);
  t.nonce = 5;
  const Bytes bytes = encode(t);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    BOOST_CHECK(!decode_transaction(ByteView(bytes).first(n)));
  Bytes longer = bytes;
  longer.resize(longer.size() + 8);
  WITAN_CHECK_ERROR(decode_transaction(longer), ErrorCode::not_canonical);
}

BOOST_AUTO_TEST_CASE(padding_and_uncut_zero_words_are_not_canonical) {
  Transfer t;
  t.memo = Bytes(3, 1);
  Bytes bytes = encode(t);
  bytes.back() = 1;  // padding after the memo
  WITAN_CHECK_ERROR(decode_transaction(bytes), ErrorCode::not_canonical);
  // A builder's own layout keeps zero words that the canonical form cuts.
  capnp::MallocMessageBuilder builder;
  auto opaque = builder.initRoot<schema::Transaction>().initOpaque();
  opaque.setPayload(kj_bytes(Bytes(8, 1)));
  const auto segment = builder.getSegmentsForOutput()[0].asBytes();
  WITAN_CHECK_ERROR(decode_transaction({segment.begin(), segment.size()}),
                    ErrorCode::not_canonical);
}

BOOST_AUTO_TEST_CASE(wrong_lengths_name_the_field) {
  capnp::MallocMessageBuilder builder;
  auto to = builder.initRoot<schema::Transaction>().initTransfer();
  to.setFrom(kj_bytes(Bytes(31, 1)));
  to.setTo(kj_bytes(Bytes(32, 1)));
  to.setSignature(kj_bytes(Bytes(64, 1)));
  const auto refuse = [&](ErrorCode code, std::string_view field) {
    const auto words = capnp::canonicalize(builder.getRoot<schema::Transaction>().asReader());
    const auto result = decode_transaction({words.asBytes().begin(), words.asBytes().size()});
    WITAN_CHECK_ERROR(result, code);
    if (!result) BOOST_CHECK_EQUAL(result.error().field, field);
  };
  refuse(ErrorCode::malformed, "transfer.from");
  to.setFrom(kj_bytes(Bytes(32, 1)));
  to.setTo(kj_bytes(Bytes(33, 1)));
  refuse(ErrorCode::malformed, "transfer.to");
  to.setTo(kj_bytes(Bytes(32, 1)));
  to.setSignature(kj_bytes(Bytes(63, 1)));
  refuse(ErrorCode::malformed, "transfer.signature");
  to.setSignature(kj_bytes(Bytes(64, 1)));
  to.setMemo(kj_bytes(Bytes(257, 1)));
  refuse(ErrorCode::too_large, "transfer.memo");
}

BOOST_AUTO_TEST_CASE(unaligned_views_decode_and_large_ones_do_not) {
  const Bytes bytes = encode(Opaque{Height(9), Bytes(100, 3)});
  Bytes shifted(1, 0);
  append(shifted, bytes);
  BOOST_CHECK(decode_transaction(ByteView(shifted).subspan(1)).has_value());
  WITAN_CHECK_ERROR(decode_transaction(encode(Opaque{Height(9), Bytes(tx_bytes_max, 3)})),
                    ErrorCode::too_large);
}

BOOST_AUTO_TEST_SUITE_END()
