// A signer service over a file system in memory, for the first of four validators, and the intents
// and polkas it is asked with.
#pragma once
#include "actors/consensus/signer/signer_service.hpp"
#include "actors/telemetry/metrics.hpp"
#include "storage/atomic_file.hpp"
#include "storage/memory_file_system.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::test {

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed out;
  out.data.fill(byte);
  return out;
}
inline BlockId block(std::uint8_t n) { return filled<BlockId>(n); }
inline NodeId node(std::uint8_t n) { return filled<NodeId>(n); }

inline Intent prevote(std::uint64_t height, std::int32_t round, ValueId value,
                      Round pol_round = {}) {
  Intent out;
  out.kind = SignedKind::prevote;
  out.height = Height(height);
  out.round = Round(round);
  out.value = value;
  out.pol_round = pol_round;
  return out;
}
inline Intent precommit(std::uint64_t height, std::int32_t round, ValueId value) {
  Intent out = prevote(height, round, value);
  out.kind = SignedKind::precommit;
  return out;
}

class SetClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] UnixTime unix_now() const override { return {}; }
  void advance(Duration d) { now_ = now_ + d; }

 private:
  Instant now_{1};
};

inline std::unique_ptr<Logger> silent_log(const Clock& clock) {
  LogOptions options;
  options.async = false;
  options.capture = [](std::string_view) {};
  auto log = Logger::open(std::move(options), clock);
  WITAN_REQUIRE_OK(log);
  return std::move(*log);
}

struct SignerWorld {
  SignerWorld() : log(silent_log(clock)) {
    std::vector<Validator> members;
    for (int i = 0; i < 4; ++i) {
      keys.push_back(SecretKey::generate());
      members.push_back({keys.back().public_key(), 10, 3, 0});
    }
    set = std::make_shared<const ValidatorSet>(*ValidatorSet::make(std::move(members)));
    WITAN_REQUIRE_OK(fs.create_directories("/signer/wal"));
    WITAN_REQUIRE_OK(write_file_atomically(
        fs, "/signer/sign_state", encode(new_sign_checkpoint(chain, keys[0].public_key()))));
  }
  Result<std::unique_ptr<signer::SignerService>> open(const Clock& use) {
    consensus::SigningLogOptions options{
        .fs = fs, .wal_folder = "/signer/wal", .sign_state_file = "/signer/sign_state"};
    options.segment_bytes = 64 * 1024;
    options.wal_salt = 3;
    options.chain_id = chain;
    options.key = keys[0].clone();
    return signer::SignerService::open(
        {std::move(options), std::make_shared<const Verifier>(*Verifier::make(chain, set)), self,
         *log, use});
  }
  void start() {
    service.reset();
    auto opened = open(clock);
    WITAN_REQUIRE_OK(opened);
    service = std::move(*opened);
  }
  // The reply to one request.
  template <class Body>
  decltype(signer::Reply::body) ask(const NodeId& caller, std::uint64_t lease, Body body) {
    const signer::Request request{++last_id, lease, 1000, std::move(body)};
    const signer::Reply reply = service->handle(caller, signer::encode(request), clock.now());
    BOOST_CHECK_EQUAL(reply.id, last_id);
    // What is answered crosses the wire.
    const auto again = signer::decode_reply(signer::encode(reply));
    WITAN_REQUIRE_OK(again);
    return again->body;
  }
  // The epoch given; 0 when refused.
  std::uint64_t take_lease(const NodeId& caller, std::uint64_t before = 0) {
    const auto answer = ask(caller, 0, opening(before));
    const auto* opened = std::get_if<signer::Opened>(&answer);
    return opened == nullptr ? 0 : opened->lease;
  }
  [[nodiscard]] signer::Open opening(std::uint64_t before = 0) const {
    signer::Open open;
    open.chain_id = chain;
    open.validator = keys[0].public_key();
    open.lease = before;
    return open;
  }
  // The code of the refusal; ok when a record came back that carries the validator's signature.
  ErrorCode sign(const NodeId& caller, std::uint64_t lease, const Intent& intent,
                 std::optional<Certificate> polka = {}) {
    const auto answer = ask(caller, lease, signer::Sign{intent, std::move(polka)});
    if (const auto* refused = std::get_if<Error>(&answer)) return refused->code;
    const auto* made = std::get_if<signer::Signed>(&answer);
    BOOST_REQUIRE(made != nullptr);
    BOOST_CHECK(verify(keys[0].public_key(), message_hash_of(chain, intent).view(),
                       made->record.signature));
    last = made->record;
    return ErrorCode::ok;
  }
  [[nodiscard]] Certificate polka(std::uint64_t height, std::int32_t round,
                                  const BlockId& id) const {
    Certificate out{VoteType::prevote, Height(height), Round(round), id, {}};
    for (ValidatorIndex i = 0; i < 4 && out.signatures.size() < 3; ++i) {
      const Vote vote{VoteType::prevote, Height(height), Round(round), id, Round(), i};
      for (const SecretKey& key : keys)
        if (key.public_key() == set->at(i).key)
          out.signatures.push_back({i, Round(), key.sign(vote_hash(chain, vote).view())});
    }
    return out;
  }

  ChainId chain = filled<ChainId>(0xC0);
  NodeId self = node(9);
  SetClock clock;
  std::unique_ptr<Logger> log;
  MemoryFileSystem fs;
  std::vector<SecretKey> keys;
  ValidatorSetPtr set;
  std::unique_ptr<signer::SignerService> service;
  std::uint64_t last_id = 0;
  SignRecord last;
};

}  // namespace witan::test
