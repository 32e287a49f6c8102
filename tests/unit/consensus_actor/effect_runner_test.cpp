// Durable before visible: one batch, one sync, and nothing leaves before it; whatever fails, and
// wherever power is lost, no two contradicting signatures are ever in the world.
#include "actors/consensus/log_repair.hpp"
#include "messages/base/exit_codes.hpp"
#include "tests/unit/consensus_actor/world.hpp"
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
  Intent out;
  out.kind = SignedKind::prevote;
  out.height = Height(height);
  out.round = Round(round);
  out.value = value;
  return out;
}
Intent precommit(std::uint64_t height, std::int32_t round, ValueId value) {
  Intent out = prevote(height, round, value);
  out.kind = SignedKind::precommit;
  if (value) out.locked = out.valid = {Round(round), *value};
  return out;
}

// The effect runner between taps; start() again after a crash.
struct RunnerWorld {
  explicit RunnerWorld(std::uint64_t segment = 64 * 1024) : segment_bytes(segment) {
    write_new_sign_state(fs, world.chain_id, key_number(1).public_key());
  }
  void start() {
    runtime.reset();
    auto options = virtual_runtime(1);
    options.end_process = [this](const rt::ExitStatus& s) { exits.push_back(s); };
    runtime = std::make_unique<rt::Runtime>(std::move(options));
    const auto keep = [](std::vector<Envelope>& list) {
      return [&list](rt::ActorContext&, const Envelope& e) { list.push_back(e); };
    };
    runtime->start(family(
        "node", {family("storage", {runner_child(
                                       fs, world, 1, [this] { return stored; }, segment_bytes,
                                       &remembered, nullptr, nullptr, stored_end)}),
                 family("chain", {tap<ConsensusRole>("consensus", keep(to_consensus))}),
                 family("peers", {tap<PeersRole>("peers", keep(to_peers))})}));
    runtime->drain();
  }
  void crash() {
    fs.crash();
    fs.clear_faults();
    runtime.reset();
    exits.clear();
  }
  void persist(EffectBatch& batch, std::uint64_t height = 1, bool sync = false) {
    auto draft = batch.take(Height(height), 0);
    if (sync) draft->setSync(true);
    (void)runner().send(std::move(draft));
    runtime->drain();
  }
  void sign(const Intent& intent) {
    EffectBatch batch;
    batch.sign(intent);
    persist(batch, intent.height.get());
  }
  rt::ActorRef<EffectRunnerRole> runner() {
    return runtime->ref<EffectRunnerRole>(EffectRunnerRole::path);
  }
  [[nodiscard]] std::vector<SignedVote> published() const {
    std::vector<SignedVote> out;
    for (const Envelope& e : to_peers) {
      const auto vote = read_vote(Received<schema::Vote>(e).get());
      WITAN_REQUIRE_OK(vote);
      out.push_back(*vote);
    }
    return out;
  }
  std::vector<consensus::LoggedRecord> recovery(std::uint64_t from) {
    std::vector<consensus::LoggedRecord> out;
    Draft<schema::GetRecovery> ask;
    ask->setFromHeight(from);
    bool answered = false;
    runtime->ask<schema::Recovery>(
        runner(), std::move(ask), Duration::from_s(5), [&](Result<schema::Recovery::Reader> r) {
          answered = r.has_value();
          if (!r) return;
          for (const auto record : r->getRecords()) {
            const ByteView p = as_view(record.getPayload());
            out.push_back({static_cast<RecordKind>(record.getKind()), Height(record.getHeight()),
                           Bytes(p.begin(), p.end())});
          }
        });
    runtime->drain();
    BOOST_REQUIRE(answered);
    return out;
  }

  ChainWorld world{1};
  MemoryFileSystem fs;
  std::uint64_t segment_bytes;
  Height stored{0};
  StoredEnd stored_end;
  std::optional<SignMemory> remembered;
  std::vector<Envelope> to_consensus, to_peers;
  std::vector<rt::ExitStatus> exits;
  std::unique_ptr<rt::Runtime> runtime;
};

// Two heights of three signatures with some inputs, over several segments.
void sign_two_heights(RunnerWorld& w) {
  Random r(5);
  for (std::uint64_t h = 1; h <= 2 && w.exits.empty(); ++h) {
    for (std::int32_t round = 0; round < 3 && w.exits.empty(); ++round) {
      EffectBatch batch;
      batch.log(RecordKind::vote, any_vote(r));
      batch.sign(prevote(h, round, block(static_cast<std::uint8_t>(h))));
      batch.sign(precommit(h, round, ValueId()));
      w.persist(batch, h);
    }
  }
}

// `witan wal repair --cut` on the runner's files; false: only the operator could say more.
bool repair(RunnerWorld& w) {
  const auto report = verify_wal(w.fs, wal_folder, "");
  WITAN_REQUIRE_OK(report);
  BOOST_REQUIRE(report->damage.has_value());
  const auto bytes = read_whole(w.fs, sign_state_file, sign_checkpoint_bytes_max);
  WITAN_REQUIRE_OK(bytes);
  auto file = decode_sign_checkpoint(*bytes);
  WITAN_REQUIRE_OK(file);
  WalSalvage counts;
  const auto own =
      consensus::own_records(w.fs, wal_folder, *report->damage, file->snapshot, counts);
  WITAN_REQUIRE_OK(own);
  if (!own->end_known()) return false;
  auto raised = consensus::raised_over(*file, *own);
  WITAN_REQUIRE_OK(raised);
  WITAN_REQUIRE_OK(cut_wal(w.fs, wal_folder));
  const auto last = consensus::append_again(w.fs, wal_folder, raised->owner.chain_id, 7, *own);
  WITAN_REQUIRE_OK(last);
  raised->wal_segment = *last;
  ++raised->generation;
  WITAN_REQUIRE_OK(write_file_atomically(w.fs, sign_state_file, encode(*raised)));
  return true;
}

// Wrong bytes in the payload of the n-th record of the log.
void damage_record(RunnerWorld& w, std::size_t n) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
  WITAN_REQUIRE_OK(verify_wal(w.fs, wal_folder, "", [&](const WalRecord& r) -> Status {
    places.emplace_back(r.segment, r.offset);
    return {};
  }));
  auto file = w.fs.open(wal_folder / ("0000000" + std::to_string(places.at(n).first) + ".wal"),
                        OpenMode::read_write);
  WITAN_REQUIRE_OK(file);
  WITAN_REQUIRE_OK((*file)->write_at(places.at(n).second + 8, Bytes(8, 0xEE)));
  WITAN_REQUIRE_OK((*file)->sync());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(effect_runner_test)

// S18, C31: whichever record is damaged, a node that goes on with the cut log says nothing that
// contradicts what it said before, and it can say what comes next.
BOOST_AUTO_TEST_CASE(p49_a_log_cut_at_any_damaged_record_contradicts_nothing) {
  std::size_t records = 0, cut = 0, asked = 0;
  for (std::size_t n = 0; n == 0 || n < records; ++n) {
    RunnerWorld w(2048);
    w.start();
    sign_two_heights(w);
    BOOST_REQUIRE(w.exits.empty());
    const std::vector<SignedVote> before = w.published();
    w.crash();
    records = 0;
    WITAN_REQUIRE_OK(verify_wal(w.fs, wal_folder, "", [&](const WalRecord&) -> Status {
      ++records;
      return {};
    }));
    damage_record(w, n);
    w.start();
    if (w.exits.empty()) continue;  // of the last group: a torn tail
    BOOST_CHECK_EQUAL(w.exits[0].code, static_cast<int>(ExitCode::wal_damaged));
    w.runtime.reset();
    w.exits.clear();
    if (!repair(w)) {
      ++asked;
      continue;
    }
    ++cut;
    w.remembered.reset();
    w.start();
    BOOST_REQUIRE_MESSAGE(w.exits.empty(), "record " << n << ": " << w.exits[0].reason);
    const std::size_t sent = w.to_peers.size();
    for (const SignedVote& vote : before) {
      w.sign(prevote(vote.vote.height.get(), vote.vote.round.get(), block(0xEE)));
      w.sign(precommit(vote.vote.height.get(), vote.vote.round.get(), block(0xEE)));
    }
    BOOST_CHECK_EQUAL(w.to_peers.size(), sent);
    const auto& last = before.back().vote;
    const auto again = w.recovery(last.height.get());
    BOOST_CHECK(std::any_of(again.begin(), again.end(), [&](const auto& r) {
      if (r.kind != RecordKind::sign) return false;
      const auto record = decode_sign_record(r.payload);
      return record && record->signature == before.back().signature;
    }));
    w.sign(prevote(last.height.get(), last.round.get() + 1, last.value));
    BOOST_CHECK_EQUAL(w.to_peers.size(), sent + 1);
  }
  BOOST_TEST_MESSAGE(records << " records damaged, " << cut << " logs cut, " << asked
                             << " need the operator");
  BOOST_CHECK_GT(cut, 3U);
}

// S10: the inputs of the last round signed in may be among what was cut away, so that the rules
// would be asked for its next step without them. It is closed; the round after it is not.
BOOST_AUTO_TEST_CASE(s10_the_last_round_signed_in_is_closed_by_a_repair) {
  RunnerWorld w;
  w.start();
  Random r(5);
  EffectBatch inputs;
  for (int i = 0; i < 3; ++i) inputs.log(RecordKind::vote, any_vote(r));
  w.persist(inputs, 1, true);
  w.sign(prevote(1, 2, block(1)));
  w.crash();
  damage_record(w, 0);
  w.start();
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  w.runtime.reset();
  w.exits.clear();
  BOOST_REQUIRE(repair(w));
  w.remembered.reset();
  w.start();
  BOOST_REQUIRE_MESSAGE(w.exits.empty(), w.exits[0].reason);
  w.to_peers.clear();
  w.to_consensus.clear();
  w.sign(precommit(1, 2, block(1)));
  BOOST_CHECK(w.to_peers.empty());
  BOOST_REQUIRE_EQUAL(w.to_consensus.size(), 1u);
  BOOST_CHECK(w.to_consensus[0].is<schema::SignRefused>());
  w.sign(prevote(1, 3, block(1)));
  BOOST_CHECK_EQUAL(w.to_peers.size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_batch_is_one_write_and_one_sync) {
  RunnerWorld w;
  w.start();
  w.sign(prevote(1, 0, block(1)));
  BOOST_CHECK_EQUAL(w.to_peers.size(), 1u);
  Random r(1);
  const std::uint64_t before = w.fs.operations();
  EffectBatch batch;
  for (int i = 0; i < 5; ++i) batch.log(RecordKind::vote, any_vote(r));
  batch.sign(precommit(1, 0, block(1)));
  batch.sign(prevote(1, 1, block(1)));
  w.persist(batch);
  BOOST_CHECK_EQUAL(w.fs.operations() - before, 2u);  // a write and its fdatasync
  BOOST_CHECK_EQUAL(w.fs.unsynced_bytes(), 0u);
  BOOST_CHECK_EQUAL(w.to_peers.size(), 3u);
  BOOST_CHECK_EQUAL(w.to_consensus.size(), 3u);
  for (const SignedVote& vote : w.published()) WITAN_REQUIRE_OK(w.world.verifier->verify(vote));
}

BOOST_AUTO_TEST_CASE(records_without_an_intent_wait_for_the_next_sync) {
  RunnerWorld w;
  w.start();
  w.sign(prevote(1, 0, block(1)));
  Random r(1);
  const std::uint64_t before = w.fs.operations();
  EffectBatch batch;
  batch.log(RecordKind::vote, any_vote(r));
  w.persist(batch);
  BOOST_CHECK_EQUAL(w.fs.operations() - before, 0u);
  batch.log(RecordKind::vote, any_vote(r));
  w.persist(batch, 1, true);
  BOOST_CHECK_EQUAL(w.fs.operations() - before, 2u);
}

BOOST_AUTO_TEST_CASE(a_failed_operation_ends_the_process_and_nothing_is_sent) {
  for (const FaultKind kind :
       {FaultKind::io, FaultKind::no_space, FaultKind::failed_sync, FaultKind::short_write}) {
    int faults = 0;
    for (std::uint64_t k = 1; k < 40; ++k) {
      RunnerWorld w;
      w.start();
      w.fs.fail_operation(w.fs.operations() + k, kind);
      w.sign(prevote(1, 0, block(1)));
      if (w.exits.empty()) {  // past the last operation of the batch
        BOOST_CHECK_EQUAL(w.to_peers.size(), 1u);
        break;
      }
      ++faults;
      BOOST_CHECK_EQUAL(w.exits.size(), 1u);
      BOOST_CHECK_EQUAL(w.exits[0].code, static_cast<int>(ExitCode::storage_io));
      BOOST_CHECK(w.to_peers.empty());
      BOOST_CHECK(w.to_consensus.empty());
    }
    BOOST_CHECK_GE(faults, 2);
  }
}

BOOST_AUTO_TEST_CASE(power_lost_at_any_operation_never_bricks_the_node_nor_doubles_a_vote) {
  std::uint64_t last = 0;
  std::size_t repeated = 0;
  {
    RunnerWorld w(2048);
    w.start();
    sign_two_heights(w);
    BOOST_REQUIRE(w.exits.empty());
    last = w.fs.operations();
  }
  for (std::uint64_t k = 1; k <= last; ++k) {
    RunnerWorld w(2048);
    if (k <= w.fs.operations()) continue;  // of the init that came before
    w.fs.fail_operation(k, FaultKind::failed_sync, true);
    w.start();
    if (w.exits.empty()) sign_two_heights(w);
    const std::size_t sent = w.to_peers.size();
    const std::vector<SignedVote> before = w.published();
    w.crash();
    w.start();
    BOOST_REQUIRE_MESSAGE(w.exits.empty(),
                          "operation " << k << ": " << (w.exits.empty() ? "" : w.exits[0].reason));
    // What was sent may come out again unchanged; its contradiction does not.
    if (sent == 0) continue;
    const Vote& said = before.back().vote;
    Intent same = said.type == VoteType::prevote
                      ? prevote(said.height.get(), said.round.get(), said.value)
                      : precommit(said.height.get(), said.round.get(), said.value);
    Intent other = same;
    other.value = block(0xEE);
    w.to_consensus.clear();
    w.sign(other);
    BOOST_CHECK_EQUAL(w.to_peers.size(), sent);
    BOOST_REQUIRE_EQUAL(w.to_consensus.size(), 1u);
    BOOST_CHECK(w.to_consensus[0].is<schema::SignRefused>());
    w.sign(same);
    // Refused only when a record of a later step had become durable without being sent.
    if (w.to_peers.size() > sent) {
      BOOST_CHECK(w.published().back() == before.back());
      ++repeated;
    }
  }
  BOOST_CHECK_GT(repeated, 5u);
}

// A node that was stopped before it said anything starts again.
BOOST_AUTO_TEST_CASE(a_start_without_a_signature_can_be_followed_by_another) {
  RunnerWorld w;
  for (int i = 0; i < 3; ++i) {
    w.start();
    BOOST_REQUIRE_MESSAGE(w.exits.empty(), (w.exits.empty() ? "" : w.exits[0].reason));
    w.crash();
  }
  w.start();
  w.sign(prevote(1, 0, block(1)));
  BOOST_CHECK_EQUAL(w.to_peers.size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_missing_sign_state_ends_the_process_with_its_exit_code) {
  RunnerWorld w;
  w.start();
  w.sign(prevote(1, 0, block(1)));
  w.crash();
  WITAN_REQUIRE_OK(w.fs.remove(sign_state_file));
  w.start();
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  BOOST_CHECK_EQUAL(w.exits[0].code, 72);
  BOOST_CHECK_MESSAGE(w.exits[0].reason.find("sign_state_missing") != std::string::npos,
                      w.exits[0].reason);
  BOOST_CHECK(w.runner().send(Draft<schema::Persist>()) == rt::Delivery::no_receiver);
}

BOOST_AUTO_TEST_CASE(the_sign_state_of_another_key_is_refused) {
  RunnerWorld w;
  WITAN_REQUIRE_OK(write_file_atomically(
      w.fs, sign_state_file,
      encode(new_sign_checkpoint(w.world.chain_id, key_number(2).public_key()))));
  w.start();
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  BOOST_CHECK_EQUAL(w.exits[0].code, 72);
}

BOOST_AUTO_TEST_CASE(recovery_gives_records_in_log_order_above_the_store) {
  RunnerWorld w;
  w.start();
  Random r(1);
  const SignedVote first = any_vote(r);
  const SignedVote second = any_vote(r);
  for (const std::uint64_t h : {1U, 2U}) {
    EffectBatch batch;
    batch.log(RecordKind::vote, first);
    batch.sign(prevote(h, 0, block(1)));
    w.persist(batch, h);
    batch.log(RecordKind::vote, second);
    batch.sign(precommit(h, 0, ValueId()));
    w.persist(batch, h);
  }
  w.crash();
  w.stored = Height(1);
  w.start();
  const auto records = w.recovery(2);
  BOOST_REQUIRE_EQUAL(records.size(), 4u);
  const RecordKind kinds[] = {RecordKind::vote, RecordKind::sign, RecordKind::vote,
                              RecordKind::sign};
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_CHECK(records[i].kind == kinds[i]);
    BOOST_CHECK_EQUAL(records[i].height, Height(2));
  }
  BOOST_CHECK(consensus::decode_vote_record(records[0].payload) == first);
  BOOST_CHECK(consensus::decode_vote_record(records[2].payload) == second);
  // A restarted consensus actor asks again and gets the same.
  BOOST_CHECK_EQUAL(w.recovery(2).size(), 4u);
  BOOST_CHECK(w.recovery(3).empty());
}

// S18: databases that fit each other and come from another life of the chain.
// It was restarted under a consensus actor that goes on, so nobody asked it what it read; the next
// one to ask must get what was signed since.
BOOST_AUTO_TEST_CASE(p08_recovery_holds_what_was_written_since_the_log_was_read) {
  RunnerWorld w;
  w.start();
  w.sign(prevote(1, 0, block(1)));
  const auto records = w.recovery(1);
  BOOST_REQUIRE_EQUAL(records.size(), 1u);
  BOOST_CHECK(records[0].kind == RecordKind::sign);
  w.sign(precommit(1, 0, block(1)));
  BOOST_CHECK_EQUAL(w.recovery(1).size(), 2u);
}

BOOST_AUTO_TEST_CASE(s18_stores_that_end_a_height_otherwise_than_the_log_are_refused) {
  const consensus::HeightEndRecord logged{block(1), Hash32::from(Bytes(32, 5))};
  consensus::HeightEndRecord other_block = logged, other_state = logged;
  other_block.block_id = block(2);
  other_state.state_root = Hash32{};
  for (const auto& found : {logged, other_block, other_state}) {
    RunnerWorld w;
    w.start();
    EffectBatch batch;  // of the height after it, as it is in a running node
    batch.log(RecordKind::height_end, logged, Height(1));
    batch.sign(prevote(2, 0, block(1)));
    w.persist(batch, 2);
    w.crash();
    w.stored = Height(1);
    w.stored_end = [&found](Height height) -> Result<std::optional<consensus::HeightEndRecord>> {
      return height == Height(1) ? std::optional(found) : std::nullopt;
    };
    w.start();
    BOOST_REQUIRE_EQUAL(w.exits.empty(), found == logged);
    if (found == logged) continue;
    BOOST_CHECK_EQUAL(w.exits[0].code, static_cast<int>(ExitCode::state_root_mismatch));
    BOOST_CHECK_MESSAGE(w.exits[0].reason.find("do not belong together") != std::string::npos,
                        w.exits[0].reason);
  }
}

BOOST_AUTO_TEST_CASE(a_height_decided_by_sync_is_never_signed_in) {
  RunnerWorld w;
  w.start();
  w.sign(prevote(1, 0, block(1)));
  Draft<schema::RaiseWatermark> raise;
  raise->setHeight(4);
  (void)w.runner().send(std::move(raise));
  w.sign(prevote(4, 7, block(2)));
  BOOST_CHECK_EQUAL(w.to_peers.size(), 1u);
  BOOST_CHECK(w.to_consensus.back().is<schema::SignRefused>());
  w.sign(prevote(5, 0, block(2)));
  BOOST_CHECK_EQUAL(w.to_peers.size(), 2u);
  w.crash();
  w.start();
  w.sign(prevote(4, 8, block(2)));
  BOOST_CHECK_EQUAL(w.to_peers.size(), 2u);
}

BOOST_AUTO_TEST_CASE(p51_a_refused_intent_does_not_stop_the_rest_of_its_batch) {
  RunnerWorld w;
  w.start();
  EffectBatch batch;
  batch.sign(prevote(1, 0, block(1)));
  batch.sign(prevote(1, 0, block(2)));
  batch.sign(precommit(1, 0, block(1)));
  w.persist(batch);
  const auto votes = w.published();
  BOOST_REQUIRE_EQUAL(votes.size(), 2u);
  BOOST_CHECK(votes[0].vote.value == block(1));
  BOOST_CHECK(votes[1].vote.type == VoteType::precommit);
  BOOST_CHECK(w.exits.empty());
}

BOOST_AUTO_TEST_CASE(a_sign_state_of_another_data_directory_is_refused) {
  RunnerWorld w;
  w.start();
  BOOST_REQUIRE(w.exits.empty());
  BOOST_REQUIRE(w.remembered.has_value());
  const SignMemory own = *w.remembered;
  w.start();  // the same one is welcome again
  BOOST_CHECK(w.exits.empty());
  BOOST_CHECK(*w.remembered == own);
  w.runtime.reset();
  write_new_sign_state(w.fs, w.world.chain_id, key_number(1).public_key());
  w.start();
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  BOOST_CHECK_EQUAL(w.exits[0].code, static_cast<int>(ExitCode::sign_state));
  BOOST_CHECK(w.exits[0].reason.find("stop that node") != std::string::npos);
  BOOST_CHECK(*w.remembered == own);
}

BOOST_AUTO_TEST_CASE(a_copied_home_and_an_older_sign_state_are_refused) {
  RunnerWorld w;
  w.start();
  w.sign(prevote(1, 0, block(1)));
  BOOST_REQUIRE(w.exits.empty());
  w.runtime.reset();
  const FolderIdentity home = *w.fs.identity("/node");
  w.fs.set_identity({home.host, home.number + 1, home.born_ns});
  w.start();
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  BOOST_CHECK_EQUAL(w.exits[0].code, static_cast<int>(ExitCode::sign_state));
  BOOST_CHECK(w.exits[0].reason.find("signer adopt") != std::string::npos);
  w.crash();
  w.fs.set_identity(home);
  ++w.remembered->generation;  // the database has seen a later file
  w.start();
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  BOOST_CHECK(w.exits[0].reason.find("older copy") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_own_signature_this_node_does_not_remember_ends_it) {
  RunnerWorld w;
  w.start();
  w.sign(prevote(1, 0, block(1)));
  const auto seen = [&w](std::uint64_t height) {
    Draft<schema::OwnSeen> own;
    own->setKind(static_cast<std::uint8_t>(SignedKind::prevote));
    own->setHeight(height);
    own->setRound(0);
    own->setValue(as_data(block(1)));
    (void)w.runner().send(std::move(own));
    w.runtime->drain();
  };
  seen(1);
  BOOST_CHECK(w.exits.empty());
  seen(2);
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  BOOST_CHECK_EQUAL(w.exits[0].code, static_cast<int>(ExitCode::sign_state));
}

BOOST_AUTO_TEST_CASE(a_damaged_sign_state_ends_with_the_exit_code_of_signing) {
  RunnerWorld w;
  const Bytes rubbish(100, 7);
  WITAN_REQUIRE_OK(write_file_atomically(w.fs, sign_state_file, rubbish));
  w.start();
  BOOST_REQUIRE_EQUAL(w.exits.size(), 1u);
  BOOST_CHECK_EQUAL(w.exits[0].code, static_cast<int>(ExitCode::sign_state));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
