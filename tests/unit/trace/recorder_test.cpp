// The recorder behind a real runtime: a ping-pong of two actors, read back from its files.
#include "actors/telemetry/trace/recorder.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "actors/runtime/actor.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/system_clock.hpp"
#include "actors/telemetry/trace/tags.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/schema/api.capnp.h"
#include "messages/schema/chain.capnp.h"
#include "messages/schema/consensus.capnp.h"
#include "tests/unit/trace/fixture.hpp"

namespace witan::trace::test {
namespace {

struct BallRole {
  static constexpr std::string_view name = "ball";
  using accepts = rt::Accepts<rt::Control<schema::CommitBlock>, rt::Bulk<schema::TransactionBatch>>;
};

// Passes the ball on while its height is above zero.
class Player final : public rt::ActorFor<BallRole> {
 public:
  Player(rt::ActorContext& context, std::string other)
      : ActorFor(context), other_(context.ref<BallRole>(other)) {
    handle<schema::CommitBlock>(&Player::on_ball);
    handle<schema::TransactionBatch>(&Player::on_batch);
  }

 private:
  void on_ball(schema::CommitBlock::Reader in, const Envelope&) {
    if (in.getHeight() <= 1) return;
    Draft<schema::CommitBlock> next;
    next->setHeight(in.getHeight() - 1);
    (void)other_.send(std::move(next));
  }
  void on_batch(schema::TransactionBatch::Reader, const Envelope&) {}
  rt::ActorRef<BallRole> other_;
};

rt::ChildSpec player(std::string name, std::string other) {
  rt::ChildSpec spec;
  spec.name = std::move(name);
  spec.factory = [other](rt::ActorContext& c) { return std::make_unique<Player>(c, other); };
  return spec;
}

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "witan-trace-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  FilePath path;
};

RecorderOptions options_in(const FilePath& folder, const Clock& clock) {
  RecorderOptions out;
  out.node = {"02aa", "node0", "witan/test", "", 0};
  out.clock = &clock;
  out.ring_bytes = 16 * 1024 * record_bytes;
  out.rings_max = 4;
  out.files.folder = folder;
  return out;
}

struct Game {
  explicit Game(rt::TraceSink* sink) : runtime(options(sink)) {
    rt::SupervisorSpec root{.name = "node", .children = {}};
    root.children.emplace_back(player("a", "/node/b"));
    root.children.emplace_back(player("b", "/node/a"));
    runtime.start(std::move(root));
    runtime.drain();
  }
  static rt::RuntimeOptions options(rt::TraceSink* sink) {
    rt::RuntimeOptions out;
    out.deterministic = true;
    out.trace = sink;
    return out;
  }
  void throw_ball(std::uint64_t height) {
    Draft<schema::CommitBlock> ball;
    ball->setHeight(height);
    BOOST_REQUIRE(runtime.ref<BallRole>("/node/a").send(std::move(ball)) ==
                  rt::Delivery::delivered);
    runtime.drain();
  }
  rt::Runtime runtime;
};

void check_game(const TraceSet& set, std::uint64_t hops) {
  BOOST_CHECK(set.damage.empty());
  BOOST_REQUIRE_EQUAL(set.hops().size(), hops);
  std::uint64_t roots = 0;
  for (const HopRecord& h : set.hops()) {
    BOOST_CHECK_EQUAL(set.type_name(h.type), "CommitBlock");
    BOOST_CHECK(h.to != 0);
    BOOST_CHECK_EQUAL(h.trace_hi, set.hops()[0].trace_hi);
    const HopRecord* cause = set.cause_of(h);
    if (cause == nullptr) {
      ++roots;
      BOOST_CHECK_EQUAL(set.from_label(h), "node0 outside");
      continue;
    }
    BOOST_CHECK_EQUAL(cause->height, h.height + 1);
    BOOST_CHECK_EQUAL(set.from_label(h), set.to_label(*cause));
  }
  BOOST_CHECK_EQUAL(roots, 1u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recorder_test)

BOOST_AUTO_TEST_CASE(a_dump_holds_the_last_hops_with_names_heights_and_causes) {
  const Folder folder;
  Recorder recorder(options_in(folder.path, rt::system_clock()), posix_file_system());
  Game game(&recorder);
  game.throw_ball(50);
  const auto file = recorder.dump("request");
  BOOST_REQUIRE_MESSAGE(file, (file ? "" : file.error().to_string()));
  const auto set = load_traces(posix_file_system(), {*file}, {});
  BOOST_REQUIRE(set);
  check_game(*set, 50);
  BOOST_CHECK_EQUAL(set->nodes[0].info.reason, "request");
  BOOST_CHECK_EQUAL(set->nodes[0].info.id, "02aa");
}

BOOST_AUTO_TEST_CASE(recent_hops_and_names_can_be_looked_at_while_it_runs) {
  const Folder folder;
  Recorder recorder(options_in(folder.path, rt::system_clock()), posix_file_system());
  Game game(&recorder);
  game.throw_ball(50);
  const auto hops = recorder.recent(Instant{});
  BOOST_CHECK_EQUAL(hops.size(), 50u);
  BOOST_CHECK(recorder.recent(rt::system_clock().now()).empty());
  const auto names = recorder.names();
  for (const HopRecord& h : hops)
    BOOST_CHECK(std::any_of(names.begin(), names.end(), [&](const Name& name) {
      return name.kind == NameKind::actor && name.number == h.to;
    }));
}

BOOST_AUTO_TEST_CASE(the_ring_keeps_the_last_hops_only) {
  const Folder folder;
  auto options = options_in(folder.path, rt::system_clock());
  options.ring_bytes = 4 * 64 * record_bytes;
  Recorder recorder(std::move(options), posix_file_system());
  Game game(&recorder);
  game.throw_ball(1000);
  const auto set = load_traces(posix_file_system(), {recorder.dump("request").value()}, {});
  BOOST_REQUIRE(set);
  BOOST_CHECK_EQUAL(set->hops().size(), 64u);
  for (const HopRecord& h : set->hops()) BOOST_CHECK_LE(h.height, 64u);
}

BOOST_AUTO_TEST_CASE(only_the_newest_dumps_are_kept) {
  const Folder folder;
  auto options = options_in(folder.path, rt::system_clock());
  options.dumps_max = 3;
  Recorder recorder(std::move(options), posix_file_system());
  for (int i = 0; i < 6; ++i) BOOST_REQUIRE(recorder.dump("request"));
  BOOST_CHECK_EQUAL(find_trace_files(posix_file_system(), folder.path)->size(), 3u);
}

BOOST_AUTO_TEST_CASE(a_recording_holds_every_hop) {
  MemoryFileSystem fs;
  Recorder recorder(options_in("/t", rt::system_clock()), fs);
  Game game(&recorder);
  BOOST_REQUIRE(recorder.start_recording());
  BOOST_CHECK(recorder.start_recording().error().code == ErrorCode::duplicate);
  game.throw_ball(3000);
  recorder.stop_recording();
  const RecorderStatus status = recorder.status();
  BOOST_CHECK(!status.recording);
  BOOST_CHECK_EQUAL(status.error, "");
  BOOST_CHECK_EQUAL(status.lost, 0u);
  const auto set = load_traces(fs, {status.file}, {});
  BOOST_REQUIRE(set);
  check_game(*set, 3000);
  BOOST_REQUIRE(recorder.start_recording());  // again, with what the rings still hold
  recorder.stop_recording();
}

BOOST_AUTO_TEST_CASE(a_recording_that_cannot_be_written_ends_and_says_why) {
  MemoryFileSystem fs;
  Recorder recorder(options_in("/t", rt::system_clock()), fs);
  Game game(&recorder);
  BOOST_REQUIRE(recorder.start_recording());
  fs.fail_operation(fs.operations() + 1, FaultKind::no_space, true);
  game.throw_ball(100);
  recorder.stop_recording();
  BOOST_CHECK(recorder.status().error.find("no_space") != std::string::npos);
  fs.clear_faults();
  BOOST_REQUIRE(recorder.start_recording());
  recorder.stop_recording();
  BOOST_CHECK_EQUAL(recorder.status().error, "");
}

BOOST_AUTO_TEST_CASE(transactions_of_a_recorded_batch_can_be_found) {
  MemoryFileSystem fs;
  Recorder recorder(options_in("/t", rt::system_clock()), fs);
  Game game(&recorder);
  BOOST_REQUIRE(recorder.start_recording());
  const Bytes tx{1, 2, 3, 4};
  Bytes blob;
  for (int i = 0; i < 25; ++i)
    append(blob, Bytes{4, 0, 0, 0, 1, 2, 3, static_cast<std::uint8_t>(i)});
  Draft<schema::TransactionBatch> batch(blob.size() / 8 + 32);
  batch->setTransactions(as_data(blob));
  (void)game.runtime.ref<BallRole>("/node/a").send(std::move(batch));
  game.runtime.drain();
  recorder.stop_recording();
  const auto set = load_traces(fs, {recorder.status().file}, {});
  BOOST_REQUIRE_EQUAL(set->hops().size(), 1u);
  BOOST_CHECK_EQUAL(set->transactions_of(0).size(), 25u);
  BOOST_CHECK(set->carries(0, short_id(tx_id(tx))));
  BOOST_CHECK(!set->carries(0, short_id(tx_id(blob))));
}

// Blocks and dumps are cut by count of records; a reader may come between two of them.
BOOST_AUTO_TEST_CASE(no_transaction_is_lost_where_a_block_ends) {
  const Folder folder;
  MemoryFileSystem fs;
  auto options = options_in(folder.path, rt::system_clock());
  options.ring_bytes = 4 * 64 * 1024 * record_bytes;
  Recorder recorder(std::move(options), fs);
  Game game(&recorder);
  BOOST_REQUIRE(recorder.start_recording());
  static constexpr std::size_t batches = 60, of_a_batch = 3000;
  for (std::size_t b = 0; b < batches; ++b) {
    Bytes blob;
    for (std::size_t i = 0; i < of_a_batch; ++i)
      append(blob, Bytes{3, 0, 0, 0, static_cast<std::uint8_t>(b), static_cast<std::uint8_t>(i),
                         static_cast<std::uint8_t>(i >> 8)});
    Draft<schema::TransactionBatch> batch(blob.size() / 8 + 32);
    batch->setTransactions(as_data(blob));
    (void)game.runtime.ref<BallRole>("/node/a").send(std::move(batch));
    game.runtime.drain();
  }
  const auto dump = recorder.dump("request");
  BOOST_REQUIRE(dump);
  recorder.stop_recording();
  const auto check = [](const Result<TraceSet>& set) {
    BOOST_REQUIRE(set);
    BOOST_REQUIRE_EQUAL(set->hops().size(), batches);
    for (std::uint32_t hop = 0; hop < batches; ++hop)
      BOOST_CHECK_EQUAL(set->transactions_of(hop).size(), of_a_batch);
  };
  BOOST_CHECK_EQUAL(recorder.status().lost, 0u);
  check(load_traces(fs, {recorder.status().file}, {}));
  check(load_traces(posix_file_system(), {*dump}, {}));
}

BOOST_AUTO_TEST_CASE(a_dump_leaves_the_chain_its_disk) {
  const Folder folder;
  MemoryFileSystem fs;
  Recorder recorder(options_in(folder.path, rt::system_clock()), fs);
  fs.set_free_bytes(1000);
  const auto refused = recorder.dump("request");
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == ErrorCode::no_space);
  BOOST_CHECK(std::filesystem::is_empty(folder.path));
}

BOOST_AUTO_TEST_CASE(heights_rounds_and_validators_are_found_in_nested_messages) {
  const auto hop_of = [](const Envelope& e) {
    HopRecord out;
    const MessageType* type = find_message_type(e.type);
    BOOST_REQUIRE(type != nullptr);
    tag_message(*type, *e.words, out);
    return out;
  };
  Draft<schema::VerifiedVote> vote;
  vote->initVote().setHeight(77);
  vote->getVote().setRound(3);
  vote->getVote().setValidator(2);
  const HopRecord v = hop_of(std::move(vote).seal());
  BOOST_CHECK_EQUAL(v.height, 77u);
  BOOST_CHECK_EQUAL(v.round, 3);
  BOOST_CHECK_EQUAL(v.validator, 2u);
  Draft<schema::Proposal> proposal;
  proposal->setHeight(5);
  proposal->setRound(-1);
  proposal->setProposer(1);
  const HopRecord p = hop_of(std::move(proposal).seal());
  BOOST_CHECK_EQUAL(p.height, 5u);
  BOOST_CHECK_EQUAL(p.round, -1);
  BOOST_CHECK_EQUAL(p.validator, 1u);
  const HopRecord none = hop_of(Draft<schema::GetTip>().seal());
  BOOST_CHECK_EQUAL(none.height, 0u);
  BOOST_CHECK_EQUAL(none.round, no_round);
  BOOST_CHECK_EQUAL(none.validator, no_validator);
}

BOOST_AUTO_TEST_CASE(every_type_of_the_schemas_has_a_name) {
  BOOST_CHECK_GT(message_types().size(), 100u);
  BOOST_CHECK_EQUAL(find_message_type(capnp::typeId<schema::Vote>())->name, "Vote");
  BOOST_CHECK(find_message_type(12345) == nullptr);
}

// What a process leaves that records a game and then does something deadly.
void check_crash(void (*deadly)()) {
  const Folder folder;
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    auto* recorder = new Recorder(options_in(folder.path, rt::system_clock()), posix_file_system());
    dump_on_crash(recorder);
    auto* game = new Game(recorder);
    game->throw_ball(20);
    deadly();
    _exit(0);
  }
  int status = 0;
  BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
  BOOST_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  const auto set = load_traces(posix_file_system(), {folder.path}, {});
  BOOST_REQUIRE_MESSAGE(set, (set ? "" : set.error().to_string()));
  check_game(*set, 20);
  BOOST_CHECK_EQUAL(set->nodes[0].info.reason, "signal 11");
}

BOOST_AUTO_TEST_CASE(a_process_that_crashes_leaves_its_flight_recorder) {
  check_crash([] { raise(SIGSEGV); });
}

#ifndef __SANITIZE_ADDRESS__  // it looks at overflows with a handler and a stack of its own
volatile int forever = 1;
int dig(int depth) {
  volatile int room[256];
  room[depth % 256] = depth;
  return forever != 0 ? dig(depth + 1) + room[depth % 256] : 0;
}

BOOST_AUTO_TEST_CASE(a_stack_that_overflows_leaves_the_flight_recorder_too) {
  check_crash([] { forever = dig(0); });
}
#endif

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::trace::test
