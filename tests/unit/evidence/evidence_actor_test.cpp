// The evidence actor among taps: what it takes, keeps, says and refuses.
#include "actors/evidence/evidence_actor.hpp"

#include "crypto/light/attack.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/wire/limits.hpp"
#include "storage/keys.hpp"
#include "tests/unit/evidence/samples.hpp"

namespace witan::test {
namespace {

// One node's evidence actor; the ledger answers with `verdict`, the session's slot is `session`.
struct Site {
  Site() { start(); }
  void start() {
    runtime.reset();
    runtime = std::make_unique<rt::Runtime>([this] {
      auto options = virtual_runtime(1);
      options.end_process = [this](const rt::ExitStatus& s) { exits.push_back(s); };
      return options;
    }());
    rt::ChildSpec actor;
    actor.name = "evidence";
    actor.restart = rt::Restart::temporary;
    actor.factory = [this](rt::ActorContext& context) {
      evidence::EvidenceOptions options{.verifier = w.verifier, .store = *store};
      options.self = self;
      options.chain_header = [this](Height) -> Result<ChainHeader> { return chain; };
      return std::make_unique<evidence::EvidenceActor>(context, services(), std::move(options));
    };
    runtime->start(family(
        "node",
        {family("chain",
                {tap<LedgerRole>("ledger", [this](auto& c, const Envelope& e) { on_ledger(c, e); }),
                 actor}),
         family("peers",
                {tap<PeersRole>("peers", [this](auto&, const Envelope& e) { peers.push_back(e); }),
                 tap<SessionRole>("session",
                                  [this](auto&, const Envelope& e) { session.push_back(e); })}),
         family("api",
                {tap<EventsRole>("events", [this](auto&, const Envelope&) { ++events; })})}));
    runtime->drain();
  }
  void on_ledger(rt::ActorContext& context, const Envelope& e) {
    const Received<schema::PendingEvidence> in(e);
    offered.clear();
    Draft<schema::EvidenceVerdicts> out(256);
    auto codes = out->initCodes(in->getItems().size());
    for (kj::uint i = 0; i < codes.size(); ++i) {
      codes.set(i, std::string(name_of(verdict)));
      offered.push_back(*decode_evidence(as_view(in->getItems()[i])));
    }
    context.reply(e, std::move(out));
  }
  [[nodiscard]] auto ref() const { return runtime->ref<EvidenceRole>(EvidenceRole::path); }
  // What `witan evidence acknowledge` does; how many proofs it found.
  std::size_t acknowledge() {
    const auto proofs = evidence::proofs_against(w.index_of(1), *store, nullptr);
    WITAN_REQUIRE_OK(proofs);
    WITAN_REQUIRE_OK(evidence::acknowledge(*store, *proofs));
    return proofs->size();
  }
  void find(const Evidence& e, std::uint32_t first_from = 0, std::uint32_t second_from = 0) {
    const Bytes bytes = encode_evidence(e);
    Draft<schema::EvidenceFound> found(bytes.size() / 8 + 16);
    found->setItem(as_data(ByteView(bytes)));
    found->setFirstFrom(first_from);
    found->setSecondFrom(second_from);
    (void)ref().send(std::move(found));
    runtime->drain();
  }
  void gossip(const std::vector<Evidence>& all) {
    Draft<schema::EvidenceBatch> batch(2048);
    auto items = batch->initItems(static_cast<kj::uint>(all.size()));
    for (kj::uint i = 0; i < items.size(); ++i) {
      const Bytes bytes = encode_evidence(all[i]);
      items.set(i, as_data(ByteView(bytes)));
    }
    (void)ref().send(std::move(batch));
    runtime->drain();
  }
  void commit(const Evidence& e, std::uint64_t height) {
    const Bytes bytes = encode_evidence(e);
    Draft<schema::EvidenceCommitted> in(bytes.size() / 8 + 16);
    in->setHeight(height);
    in->initItems(1).set(0, as_data(ByteView(bytes)));
    (void)ref().send(std::move(in));
    runtime->drain();
  }
  // The hashes, or the code of the refusal.
  std::pair<std::size_t, std::string> submit(ByteView bytes, bool attack) {
    std::pair<std::size_t, std::string> out{0, "no answer"};
    Draft<schema::SubmitEvidence> draft(bytes.size() / 8 + 16);
    if (attack)
      draft->setAttack(as_data(bytes));
    else
      draft->setEvidence(as_data(bytes));
    runtime->ask<schema::SubmitEvidenceResult>(
        ref(), std::move(draft), Duration::from_s(1),
        [&](Result<schema::SubmitEvidenceResult::Reader> reply) {
          out = reply ? std::pair<std::size_t, std::string>{reply->getHashes().size(), "ok"}
                      : std::pair<std::size_t, std::string>{0, name_of(reply.error().code)};
        });
    runtime->drain();
    return out;
  }
  [[nodiscard]] std::size_t stored(std::uint8_t column = keys::pending_evidence) const {
    std::size_t count = 0;
    WITAN_REQUIRE_OK(store->scan(KeyRange::prefix(Bytes{column}), Direction::forward,
                                 [&](ByteView, ByteView) { return ++count > 0; }));
    return count;
  }
  template <class T>
  [[nodiscard]] std::size_t count(const std::vector<Envelope>& in) const {
    return static_cast<std::size_t>(
        std::count_if(in.begin(), in.end(), [](const Envelope& e) { return e.is<T>(); }));
  }
  void pass(Duration time) { runtime->advance_to(runtime->virtual_now() + time); }

  ChainWorld w{4};
  std::optional<ValidatorIndex> self = w.index_of(1);
  std::unique_ptr<KvStore> store = std::move(*open_memory());
  ErrorCode verdict = ErrorCode::ok;
  ChainHeader chain;
  std::vector<Evidence> offered;
  std::vector<Envelope> peers, session;
  std::size_t events = 0;
  std::vector<rt::ExitStatus> exits;
  std::unique_ptr<rt::Runtime> runtime;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(evidence_actor_test, Site)

BOOST_AUTO_TEST_CASE(what_is_found_here_is_kept_gossiped_and_offered) {
  find(duplicate_vote(w, 2, 7));
  BOOST_CHECK_EQUAL(stored(), 1u);
  BOOST_CHECK_EQUAL(count<schema::EvidenceBatch>(peers), 1u);
  BOOST_REQUIRE_EQUAL(offered.size(), 1u);
  BOOST_CHECK(offered[0] == Evidence(duplicate_vote(w, 2, 7)) ||
              key_of(offered[0]) == key_of(Evidence(duplicate_vote(w, 2, 7))));
  BOOST_CHECK_EQUAL(events, 1u);
  find(duplicate_vote(w, 2, 7));  // other signatures, the same offence
  BOOST_CHECK_EQUAL(stored(), 1u);
  BOOST_CHECK_EQUAL(count<schema::EvidenceBatch>(peers), 1u);
}

BOOST_AUTO_TEST_CASE(a_restart_keeps_it) {
  for (const Evidence& e : one_of_each(w, 3, 9)) find(e);
  offered.clear();
  start();
  BOOST_CHECK_EQUAL(offered.size(), 6u);
  BOOST_CHECK_EQUAL(stored(), 6u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_sends_no_proof_is_reported) {
  DuplicateVote bad = duplicate_vote(w, 2, 7);
  bad.first.signature.data[0] ^= 1;
  gossip({bad, duplicate_vote(w, 3, 7)});
  BOOST_CHECK_EQUAL(stored(), 0u);
  BOOST_CHECK_EQUAL(count<schema::PeerMisbehaved>(peers), 1u);
  BOOST_CHECK_EQUAL(count<schema::EvidenceBatch>(peers), 0u);
  gossip({duplicate_vote(w, 3, 7), duplicate_vote(w, 3, 8)});
  BOOST_CHECK_EQUAL(stored(), 2u);
  BOOST_CHECK_EQUAL(count<schema::PeerMisbehaved>(peers), 1u);
}

BOOST_AUTO_TEST_CASE(a_late_vote_that_nobody_verified_accuses_by_its_signature_or_its_sender) {
  find(duplicate_vote(w, 2, 7), 0, 41);
  BOOST_CHECK_EQUAL(stored(), 1u);
  BOOST_CHECK_EQUAL(count<schema::PeerMisbehaved>(peers), 0u);
  // Of two that nobody had verified, the sender of the forged one is to blame, and only that one.
  const auto reported = [this] {
    std::vector<std::uint32_t> out;
    for (const Envelope& e : peers)
      if (e.is<schema::PeerMisbehaved>())
        out.push_back(Received<schema::PeerMisbehaved>(e)->getPeer());
    peers.clear();
    return out;
  };
  DuplicateVote forged = duplicate_vote(w, 3, 7);
  forged.second.signature.data[0] ^= 1;
  find(forged, 40, 41);
  BOOST_CHECK(reported() == std::vector<std::uint32_t>{41});
  Amnesia forgot = amnesia(w, 3, 7);
  forgot.precommit.signature.data[0] ^= 1;
  find(forgot, 40, 41);
  BOOST_CHECK(reported() == std::vector<std::uint32_t>{40});
  BOOST_CHECK_EQUAL(stored(), 1u);
}

BOOST_AUTO_TEST_CASE(committed_evidence_leaves_the_pool_and_does_not_come_back) {
  const Evidence e = duplicate_vote(w, 2, 7);
  find(e);
  commit(e, 9);
  BOOST_CHECK_EQUAL(stored(), 0u);
  peers.clear();
  gossip({e});
  BOOST_CHECK_EQUAL(stored(), 0u);
  BOOST_CHECK(peers.empty());
}

BOOST_AUTO_TEST_CASE(the_ledger_says_what_expired_and_what_has_to_wait) {
  verdict = ErrorCode::wrong_height;
  find(duplicate_vote(w, 2, 7));
  BOOST_CHECK_EQUAL(stored(), 1u);
  verdict = ErrorCode::expired;
  pass(evidence::judge_period);
  runtime->drain();
  BOOST_CHECK_EQUAL(stored(), 0u);
  verdict = ErrorCode::duplicate;  // committed before this process started
  find(duplicate_vote(w, 2, 8));
  BOOST_CHECK_EQUAL(stored(), 0u);
  verdict = ErrorCode::ok;
  find(duplicate_vote(w, 2, 8));
  BOOST_CHECK_EQUAL(stored(), 0u);
}

BOOST_AUTO_TEST_CASE(pending_evidence_is_said_again_and_to_new_peers) {
  for (std::uint64_t h = 1; h <= 60; ++h) find(duplicate_vote(w, 2, h));
  peers.clear();
  pass(evidence::gossip_period + evidence::judge_period);
  runtime->drain();
  BOOST_CHECK_GE(count<schema::EvidenceBatch>(peers), 2u);  // more than one message's worth
  std::size_t items = 0;
  for (const Envelope& e : peers) {
    if (!e.is<schema::EvidenceBatch>()) continue;
    BOOST_CHECK_LE(e.words->flat_bytes(), limits::evidence_bytes_max + 4096);
    items += Received<schema::EvidenceBatch>(e)->getItems().size();
  }
  BOOST_CHECK_EQUAL(items, 60u);
  Draft<schema::PeerReady> ready;
  ready->setPeer(runtime->ref<SessionRole>("/node/peers/session").erased().number());
  (void)ref().send(std::move(ready));
  runtime->drain();
  BOOST_CHECK_GE(count<schema::EvidenceBatch>(session), 2u);
}

BOOST_AUTO_TEST_CASE(s16_own_offence_raises_an_alarm_that_outlives_the_process) {
  gossip({duplicate_vote(w, 1, 7)});
  BOOST_REQUIRE_EQUAL(exits.size(), 1u);
  BOOST_CHECK(exits[0].code == static_cast<int>(ExitCode::sign_state));
  BOOST_CHECK_EQUAL(stored(keys::own_alarm), 1u);
  start();
  BOOST_CHECK_EQUAL(exits.size(), 2u);
  BOOST_CHECK_EQUAL(acknowledge(), 1u);
  BOOST_CHECK_EQUAL(stored(keys::own_alarm), 0u);
  start();
  BOOST_CHECK_EQUAL(exits.size(), 2u);
  commit(duplicate_vote(w, 1, 7), 9);  // known: the operator has seen it
  start();
  gossip({duplicate_vote(w, 1, 7)});  // of a peer that lags behind
  BOOST_CHECK_EQUAL(exits.size(), 2u);
  commit(duplicate_vote(w, 1, 8), 10);  // news
  BOOST_CHECK_EQUAL(exits.size(), 3u);
}

// The home followed the chain first, and was given the key afterwards.
BOOST_AUTO_TEST_CASE(s16_a_proof_that_was_here_before_the_key_stops_the_start) {
  self.reset();
  start();
  gossip({duplicate_vote(w, 1, 7), duplicate_vote(w, 1, 8), duplicate_vote(w, 2, 7)});
  BOOST_REQUIRE_EQUAL(stored(), 3u);
  BOOST_REQUIRE(exits.empty());
  self = w.index_of(1);
  start();
  BOOST_REQUIRE_EQUAL(exits.size(), 1u);
  BOOST_CHECK_EQUAL(exits[0].code, static_cast<int>(ExitCode::sign_state));
  BOOST_CHECK_EQUAL(acknowledge(), 2u);  // all that is known, not only the one it ended for
  start();
  BOOST_CHECK_EQUAL(exits.size(), 1u);
  self = w.index_of(2);
  start();
  BOOST_CHECK_EQUAL(exits.size(), 2u);
}

// The process died between the block and the alarm.
BOOST_AUTO_TEST_CASE(s16_a_proof_that_only_a_block_holds_stops_the_start) {
  const Bytes proof = encode_evidence(duplicate_vote(w, 1, 7));
  Bytes place = keys::at_height(keys::committed_evidence, Height(9));
  append(place, Bytes{0, 0});
  WITAN_REQUIRE_OK(store->put(place, proof, Durability::synced));
  start();
  BOOST_REQUIRE_EQUAL(exits.size(), 1u);
  BOOST_CHECK_EQUAL(exits[0].code, static_cast<int>(ExitCode::sign_state));
  BOOST_CHECK_EQUAL(stored(keys::own_alarm), 1u);
}

BOOST_AUTO_TEST_CASE(users_submit_evidence_and_attacks) {
  BOOST_CHECK((submit(encode_evidence(amnesia(w, 2, 7)), false) ==
               std::pair{std::size_t{1}, std::string("ok")}));
  BOOST_CHECK_EQUAL(submit(Bytes{1, 2, 3}, false).second, "malformed");
  const Header ours = prescribed_header(w, 5, 1);
  Header theirs = ours;
  theirs.tx_root = block_of(4);
  chain = {ours, w.commit(Height(5), Round(0), block_id(ours), {2, 3, 4})};
  const auto attack = [&](const Header& h, std::int32_t round) {
    return light::encode_attack({Height(4),
                                 {h, w.commit(Height(5), Round(round), block_id(h), {2, 3, 4}),
                                  w.validators, w.validators}});
  };
  BOOST_CHECK((submit(attack(theirs, 0), true) == std::pair{std::size_t{3}, std::string("ok")}));
  BOOST_CHECK_EQUAL(stored(), 4u);
  BOOST_CHECK_EQUAL(submit(attack(theirs, 1), true).second, "malformed");  // accuses nobody
  BOOST_CHECK_EQUAL(submit(Bytes(16), true).first, 0u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
