// The effect runner with a signer elsewhere: inputs are durable before it is asked, silence is
// waited out, refusals are told, and what the log lacks is taken over.
#include "tests/unit/consensus_actor/boxed_signer.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::test {
namespace {

using consensus::EffectBatch;
using consensus::RecordKind;

BlockId block(std::uint8_t n) {
  BlockId id;
  id.data.fill(n);
  return id;
}
Intent prevote(std::uint64_t height, std::int32_t round, ValueId value) {
  return intent_of(SignedKind::prevote, height, round, value);
}
Intent precommit(std::uint64_t height, std::int32_t round, ValueId value) {
  return intent_of(SignedKind::precommit, height, round, value);
}

struct RemoteWorld {
  RemoteWorld() { signer = std::make_shared<BoxedSigner>(world.chain_id, &fs); }
  void start() {
    runtime.reset();
    auto options = virtual_runtime(1);
    options.end_process = [this](const rt::ExitStatus& s) { exits.push_back(s); };
    runtime = std::make_unique<rt::Runtime>(std::move(options));
    rt::ChildSpec runner;
    runner.name = "wal";
    runner.restart = rt::Restart::temporary;
    runner.factory = [this](rt::ActorContext& context) {
      consensus::EffectRunnerOptions o{
          .fs = fs, .wal_folder = wal_folder, .sign_state_file = sign_state_file};
      o.segment_bytes = 64 * 1024;
      o.wal_salt = 7;
      o.chain_id = world.chain_id;
      o.remote = signer;
      o.store_height = [] { return Height(0); };
      o.own_commit_height = [] { return Height(0); };
      return std::make_unique<consensus::EffectRunner>(context, services(), std::move(o));
    };
    const auto keep = [](std::vector<Envelope>& list) {
      return [&list](rt::ActorContext&, const Envelope& e) { list.push_back(e); };
    };
    runtime->start(
        family("node", {family("storage", {std::move(runner)}),
                        family("chain", {tap<ConsensusRole>("consensus", keep(to_consensus))}),
                        family("peers", {tap<PeersRole>("peers", keep(to_peers))})}));
    pass();
  }
  // Some of the runner's looks after the signer.
  void pass() {
    runtime->drain();
    runtime->advance(Duration::from_ms(500));
  }
  void crash() {
    fs.crash();
    runtime.reset();
    to_peers.clear();
    to_consensus.clear();
  }
  void sign(const Intent& intent, const std::optional<Certificate>& polka = {}) {
    EffectBatch batch;
    batch.log(RecordKind::vote, any_vote(random));
    batch.sign(intent, polka);
    (void)runtime->ref<EffectRunnerRole>(EffectRunnerRole::path).send(batch.take(intent.height, 0));
    pass();
  }
  [[nodiscard]] std::vector<Vote> published() const {
    std::vector<Vote> out;
    for (const Envelope& e : to_peers) {
      const auto read = read_vote(Received<schema::Vote>(e).get());
      WITAN_REQUIRE_OK(read);
      out.push_back(read->vote);
    }
    return out;
  }
  [[nodiscard]] std::size_t refusals() const {
    return static_cast<std::size_t>(
        std::count_if(to_consensus.begin(), to_consensus.end(),
                      [](const Envelope& e) { return e.is<schema::SignRefused>(); }));
  }
  std::size_t recovered_signatures() {
    std::size_t count = 0;
    Draft<schema::GetRecovery> ask;
    ask->setFromHeight(1);
    runtime->ask<schema::Recovery>(
        runtime->ref<EffectRunnerRole>(EffectRunnerRole::path), std::move(ask), Duration::from_s(5),
        [&](Result<schema::Recovery::Reader> r) {
          BOOST_REQUIRE(r.has_value());
          for (const auto record : r->getRecords())
            count += record.getKind() == static_cast<std::uint8_t>(RecordKind::sign) ? 1 : 0;
        });
    pass();
    return count;
  }

  ChainWorld world{1};
  MemoryFileSystem fs;
  std::shared_ptr<BoxedSigner> signer;
  Random random{5};
  std::vector<Envelope> to_consensus, to_peers;
  std::vector<rt::ExitStatus> exits;
  std::unique_ptr<rt::Runtime> runtime;
};

struct RunningRemote : RemoteWorld {
  RunningRemote() { start(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(remote_runner_test, RunningRemote)

BOOST_AUTO_TEST_CASE(s7_what_justifies_a_vote_is_durable_before_the_signer_is_asked) {
  sign(prevote(1, 0, block(1)));
  sign(precommit(1, 0, block(1)));
  sign(prevote(2, 0, block(1)));
  BOOST_CHECK_EQUAL(published().size(), 3u);
  BOOST_CHECK_EQUAL(to_consensus.size(), 3u);
  BOOST_CHECK_EQUAL(signer->asked_with_unsynced, 0u);
}

BOOST_AUTO_TEST_CASE(without_an_answer_the_node_is_silent_and_asks_again_in_order) {
  signer->up = false;
  sign(prevote(1, 0, block(1)));
  sign(precommit(1, 0, block(1)));
  sign(prevote(1, 1, block(1)));
  BOOST_CHECK(to_peers.empty());
  BOOST_CHECK(to_consensus.empty());
  BOOST_CHECK(exits.empty());
  signer->up = true;
  pass();
  const auto votes = published();
  BOOST_REQUIRE_EQUAL(votes.size(), 3u);
  BOOST_CHECK(votes[0].type == VoteType::prevote && votes[0].round == Round(0));
  BOOST_CHECK(votes[1].type == VoteType::precommit);
  BOOST_CHECK(votes[2].round == Round(1));
}

BOOST_AUTO_TEST_CASE(s8_a_polka_reaches_the_signer_with_its_vote_also_when_the_vote_has_to_wait) {
  Certificate polka = world.commit(Height(1), Round(1), block(2), {1});
  polka.type = VoteType::prevote;
  sign(prevote(1, 0, block(1)), polka);
  BOOST_CHECK_EQUAL(signer->polkas.size(), 1u);
  signer->up = false;
  sign(precommit(1, 1, block(2)), polka);
  sign(precommit(1, 2, block(2)));
  signer->up = true;
  pass();
  BOOST_CHECK_EQUAL(published().size(), 3u);
  BOOST_REQUIRE_EQUAL(signer->polkas.size(), 2u);
  BOOST_CHECK(signer->polkas[1] == polka);
}

BOOST_AUTO_TEST_CASE(wishes_of_a_height_that_is_over_are_not_asked_again) {
  signer->up = false;
  sign(prevote(1, 0, block(1)));
  sign(prevote(2, 0, block(1)));
  signer->up = true;
  pass();
  BOOST_REQUIRE_EQUAL(published().size(), 1u);
  BOOST_CHECK_EQUAL(published()[0].height, Height(2));
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_as_the_signers_and_the_rest_goes_on) {
  sign(prevote(1, 0, block(1)));
  sign(prevote(1, 0, block(2)));
  BOOST_REQUIRE_EQUAL(refusals(), 1u);
  BOOST_CHECK(Received<schema::SignRefused>(to_consensus.back())->getRemote());
  sign(precommit(1, 0, block(1)));
  BOOST_CHECK_EQUAL(published().size(), 2u);
  BOOST_CHECK(exits.empty());
}

BOOST_AUTO_TEST_CASE(s12_an_answer_lost_with_the_process_is_taken_over_at_the_start) {
  sign(prevote(1, 0, block(1)));
  signer->lose_answer = true;
  sign(precommit(1, 0, block(1)));
  signer->confirm_all();
  BOOST_CHECK_EQUAL(published().size(), 1u);
  crash();
  signer->lose_answer = false;
  start();
  BOOST_CHECK(signer->newest_told.has_value());
  BOOST_CHECK_EQUAL(recovered_signatures(), 2u);
  BOOST_CHECK(to_peers.empty());  // said again by the consensus actor, which replays it
}

BOOST_AUTO_TEST_CASE(an_answer_lost_with_the_connection_is_asked_for_again) {
  signer->lose_answer = true;
  sign(prevote(1, 0, block(1)));
  BOOST_CHECK(to_peers.empty());
  signer->confirm_all();
  signer->lose_answer = false;
  signer->lose_connection();
  pass();
  BOOST_REQUIRE(!published().empty());
  BOOST_CHECK(published()[0].value == ValueId(block(1)));
}

BOOST_AUTO_TEST_CASE(s13_wishes_of_a_height_decided_by_sync_are_dropped) {
  signer->up = false;
  sign(prevote(1, 0, block(1)));
  Draft<schema::RaiseWatermark> raise;
  raise->setHeight(4);
  (void)runtime->ref<EffectRunnerRole>(EffectRunnerRole::path).send(std::move(raise));
  signer->up = true;
  pass();
  BOOST_CHECK(to_peers.empty());
  sign(prevote(4, 0, block(1)));
  BOOST_CHECK_EQUAL(refusals(), 1u);
  sign(prevote(5, 0, block(1)));
  BOOST_CHECK_EQUAL(published().size(), 1u);
}

BOOST_AUTO_TEST_CASE(s16_an_own_signature_from_elsewhere_does_not_end_this_node) {
  sign(prevote(1, 0, block(1)));
  Draft<schema::OwnSeen> own;
  own->setKind(static_cast<std::uint8_t>(SignedKind::prevote));
  own->setHeight(9);
  own->setRound(0);
  own->setValue(as_data(block(1)));
  (void)runtime->ref<EffectRunnerRole>(EffectRunnerRole::path).send(std::move(own));
  pass();
  BOOST_CHECK(exits.empty());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
