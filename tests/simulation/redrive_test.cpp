// A recorded run is driven again without a difference; what differs is named at its message.
#include "tools/sim/redrive.hpp"

#include "messages/wire/type_table.hpp"
#include "storage/memory_file_system.hpp"
#include "tests/simulation/library.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::sim {
namespace {

const FilePath file = "/run";
const ActorPlace mempool{1, "/node/chain/mempool"};

// A short run with a death, a power cut and clients.
const RecordingHead head{
    .seed = 7, .commit = "test", .scenario = "short", .text = R"(# A death and a power cut
[run]
safety = "3s"
heights = 2
[[event]]
at = "1s"
node = "n2"
do = "power_off"
down = "500ms"
[faults]
rules = ["on /node/chain/ledger at n1 from 1500ms nth 5 do throw"]
)"};

Outcome record(FileSystem& fs, const RecordingHead& what = head) {
  const auto scenario = parse_scenario(what.text, what.scenario);
  WITAN_REQUIRE_OK(scenario);
  auto recorder = Recorder::open(fs, file, what);
  WITAN_REQUIRE_OK(recorder);
  const Outcome outcome = run(draw(*scenario, what.seed),
                              {.seed = what.seed, .keep_log = false, .watch = recorder->get()});
  WITAN_REQUIRE_OK((*recorder)->finish());
  return outcome;
}

void replace(FileSystem& fs, ByteView bytes) {
  auto out = fs.open(file, OpenMode::create);
  WITAN_REQUIRE_OK(out);
  WITAN_REQUIRE_OK((*out)->write_at(0, bytes));
}

Bytes content(FileSystem& fs) {
  auto out = read_whole(fs, file, 64 << 20);
  WITAN_REQUIRE_OK(out);
  return std::move(*out);
}

// The same for all tests that only read it.
void record_once(FileSystem& fs) {
  static const Bytes recorded = [] {
    MemoryFileSystem own;
    (void)record(own);
    return content(own);
  }();
  replace(fs, recorded);
}

Recording opened(FileSystem& fs) {
  auto recording = Recording::open(fs, file);
  WITAN_REQUIRE_OK(recording);
  return std::move(*recording);
}

RedriveResult driven(FileSystem& fs, const RedriveRequest& request = {}) {
  Recording recording = opened(fs);
  auto result = redrive(recording, request);
  WITAN_REQUIRE_OK(result);
  return std::move(*result);
}

std::vector<Entry> entries(FileSystem& fs) {
  Recording recording = opened(fs);
  std::vector<Entry> out;
  for (;;) {
    auto entry = recording.next();
    WITAN_REQUIRE_OK(entry);
    if (!*entry) return out;
    out.push_back(std::move(**entry));
  }
}

void write(FileSystem& fs, const std::vector<Entry>& all) {
  auto recorder = Recorder::open(fs, file, head);
  WITAN_REQUIRE_OK(recorder);
  for (const Entry& entry : all) {
    if (const auto* hop = std::get_if<HopEntry>(&entry))
      (*recorder)->hop(hop->seen(), {});
    else
      (*recorder)->line(std::get<LineEntry>(entry).text);
  }
  WITAN_REQUIRE_OK((*recorder)->finish());
}

const HopSeen hop_of(const Entry& entry) { return std::get<HopEntry>(entry).seen(); }

// Index of the n-th hop with this receiver that was handled.
std::size_t handled_by(const std::vector<Entry>& all, const ActorPlace& actor, std::size_t n) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto* hop = std::get_if<HopEntry>(&all[i]);
    if (hop != nullptr && hop->seen().node == actor.node && hop->to == actor.path &&
        hop->seen().outcome == 0 && --n == 0)
      return i;
  }
  BOOST_FAIL("no such hop");
  return 0;
}

std::uint64_t number_of(const std::vector<Entry>& all, std::size_t index) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i <= index; ++i) out += std::holds_alternative<HopEntry>(all[i]) ? 1 : 0;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redrive_test)

BOOST_AUTO_TEST_CASE(a_recording_changes_nothing_and_is_the_same_byte_for_byte) {
  MemoryFileSystem fs;
  const Outcome recorded = record(fs);
  BOOST_TEST(recorded.violation == "");
  const Bytes first = content(fs);
  const Outcome again = record(fs);
  BOOST_CHECK(first == content(fs));
  const auto scenario = parse_scenario(head.text, head.scenario);
  const Outcome alone = run(draw(*scenario, head.seed), {.seed = head.seed});
  BOOST_TEST(alone.log_hash == recorded.log_hash);
  BOOST_TEST(again.log_hash == recorded.log_hash);
  BOOST_CHECK(opened(fs).head() == head);
}

BOOST_AUTO_TEST_CASE(a_recorded_run_is_driven_again_without_a_difference) {
  MemoryFileSystem fs;
  const Outcome recorded = record(fs);
  const RedriveResult result = driven(fs);
  BOOST_CHECK(!result.stop);
  BOOST_CHECK(!result.damage);
  BOOST_TEST(result.hops >= recorded.hops);  // and those over the network
  BOOST_TEST(result.lines > 50U);
  BOOST_TEST(result.outcome.log_hash == recorded.log_hash);
}

BOOST_AUTO_TEST_CASE(an_altered_hop_is_reported_exactly_there) {
  MemoryFileSystem fs;
  record_once(fs);
  const std::vector<Entry> sound = entries(fs);
  const std::size_t at = handled_by(sound, {0, "/node/chain/consensus"}, 40);
  const std::uint64_t number = number_of(sound, at);
  const auto altered = [&](auto change) {
    std::vector<Entry> all = sound;
    HopSeen hop = hop_of(all[at]);
    change(hop);
    all[at] = HopEntry(hop);
    write(fs, all);
    const RedriveResult result = driven(fs);
    BOOST_REQUIRE(result.stop);
    BOOST_TEST(result.stop->diverged);
    BOOST_TEST(result.stop->hop == number);
    BOOST_TEST(result.hops == number - 1);
    BOOST_CHECK(*result.stop->now == sound[at]);
    BOOST_CHECK(*result.stop->logged == all[at]);
    BOOST_TEST(result.stop->handling == "n0 /node/chain/consensus");
    BOOST_TEST(result.stop->before.find("deciding height ") != std::string::npos);
    BOOST_TEST(result.stop->after.find("votes_held ") != std::string::npos);
    return difference(hop_of(*result.stop->logged), hop_of(*result.stop->now));
  };
  BOOST_TEST(altered([](HopSeen& hop) { hop.at = hop.at + Duration{1}; }) == "time");
  BOOST_TEST(altered([](HopSeen& hop) { hop.content ^= 1; }) == "content");
  BOOST_TEST(altered([](HopSeen& hop) {
               hop.type ^= 1;
               hop.depth += 1;
             }) == "type, depth of the mailbox");
}

BOOST_AUTO_TEST_CASE(lines_and_hops_that_are_missing_or_too_many_are_differences) {
  MemoryFileSystem fs;
  record_once(fs);
  const std::vector<Entry> sound = entries(fs);
  // A line is gone: the run says it, and the recording has what follows.
  const auto line = std::find_if(sound.begin() + 200, sound.end(), [](const Entry& entry) {
    return std::holds_alternative<LineEntry>(entry);
  });
  std::vector<Entry> all = sound;
  all.erase(all.begin() + (line - sound.begin()));
  write(fs, all);
  const RedriveResult gone = driven(fs);
  BOOST_REQUIRE(gone.stop);
  BOOST_CHECK(*gone.stop->now == *line);
  BOOST_CHECK(*gone.stop->logged == *(line + 1));
  // The recording ends early, and goes on too long.
  write(fs, {sound.begin(), sound.begin() + 300});
  const RedriveResult early = driven(fs);
  BOOST_REQUIRE(early.stop);
  BOOST_CHECK(!early.stop->logged);
  BOOST_CHECK(*early.stop->now == sound[300]);
  all = sound;
  all.push_back(LineEntry{"more\n"});
  write(fs, all);
  const RedriveResult late = driven(fs);
  BOOST_REQUIRE(late.stop);
  BOOST_CHECK(!late.stop->now);
  BOOST_CHECK(*late.stop->logged == all.back());
}

BOOST_AUTO_TEST_CASE(it_stops_at_a_message_with_the_state_before_and_after) {
  MemoryFileSystem fs;
  record_once(fs);
  const std::vector<Entry> all = entries(fs);
  const std::size_t at = handled_by(all, {3, "/node/chain/ledger"}, 7);
  for (const StopPoint& point : {StopPoint{std::nullopt, number_of(all, at)},
                                 StopPoint{ActorPlace{3, "/node/chain/ledger"}, 7}}) {
    const RedriveResult result = driven(fs, {.stop = point, .actor = {}, .show = {}});
    BOOST_REQUIRE(result.stop);
    BOOST_TEST(!result.stop->diverged);
    BOOST_CHECK(*result.stop->now == all[at]);
    BOOST_CHECK(*result.stop->logged == all[at]);
    BOOST_TEST(result.stop->before.find("tip ") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_commit_moves_the_tip_of_the_ledger) {
  MemoryFileSystem fs;
  record_once(fs);
  const std::vector<Entry> all = entries(fs);
  const auto commit = std::find_if(all.begin(), all.end(), [](const Entry& entry) {
    const auto* hop = std::get_if<HopEntry>(&entry);
    return hop != nullptr && hop->to == "/node/chain/ledger" &&
           find_message_type(hop->seen().type)->name == "CommitBlock";
  });
  BOOST_REQUIRE(commit != all.end());
  const std::uint64_t number = number_of(all, static_cast<std::size_t>(commit - all.begin()));
  const RedriveResult result =
      driven(fs, {.stop = StopPoint{std::nullopt, number}, .actor = {}, .show = {}});
  BOOST_REQUIRE(result.stop);
  BOOST_TEST(result.stop->before.find("tip 0 ") != std::string::npos);
  BOOST_TEST(result.stop->after.find("tip 1 ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_actor_alone_is_compared_by_what_it_gets_and_sends) {
  MemoryFileSystem fs;
  record_once(fs);
  std::vector<Entry> all = entries(fs);
  std::uint64_t shown = 0;
  const RedriveResult sound = driven(
      fs, {.stop = {}, .actor = mempool, .show = [&](std::uint64_t, const HopSeen& hop) {
             BOOST_REQUIRE(hop.node == 1 && (hop.to == mempool.path || hop.from == mempool.path));
             ++shown;
           }});
  BOOST_CHECK(!sound.stop);
  BOOST_TEST(sound.hops == shown);
  BOOST_TEST(shown > 20U);
  // What others do differs: not looked at. What it sends: found.
  HopSeen other = hop_of(all[handled_by(all, {0, "/node/chain/consensus"}, 5)]);
  other.content ^= 1;
  all[handled_by(all, {0, "/node/chain/consensus"}, 5)] = HopEntry(other);
  write(fs, all);
  BOOST_CHECK(!driven(fs, {.stop = {}, .actor = mempool, .show = {}}).stop);
  const auto sent = std::find_if(all.begin(), all.end(), [](const Entry& entry) {
    const auto* hop = std::get_if<HopEntry>(&entry);
    return hop != nullptr && hop->seen().node == mempool.node && hop->from == mempool.path &&
           hop->to == "/node/peers/peers";
  });
  BOOST_REQUIRE(sent != all.end());
  HopSeen changed = hop_of(*sent);
  changed.bytes += 8;
  *sent = HopEntry(changed);
  write(fs, all);
  const RedriveResult found = driven(fs, {.stop = {}, .actor = mempool, .show = {}});
  BOOST_REQUIRE(found.stop);
  BOOST_TEST(found.stop->hop == number_of(all, static_cast<std::size_t>(sent - all.begin())));
}

BOOST_AUTO_TEST_CASE(damage_is_told_with_its_place_and_what_is_before_it_is_compared) {
  MemoryFileSystem fs;
  record_once(fs);
  const Bytes sound = content(fs);
  // Cut within the first block.
  replace(fs, ByteView(sound).first(sound.size() / 2));
  const RedriveResult cut = driven(fs);
  BOOST_REQUIRE(cut.damage);
  BOOST_CHECK(cut.damage->code == ErrorCode::corrupt);
  BOOST_TEST(cut.damage->text.find("cut here") != std::string::npos);
  BOOST_CHECK(!cut.stop);
  // Without the end: everything is compared, and the damage is told.
  replace(fs, ByteView(sound).first(sound.size() - 12));
  const RedriveResult no_end = driven(fs);
  BOOST_REQUIRE(no_end.damage);
  BOOST_TEST(no_end.damage->text ==
             "byte " + std::to_string(sound.size() - 12) + ": the recording is cut here");
  BOOST_TEST(no_end.hops > 1000U);
  Bytes flipped = sound;
  flipped[sound.size() / 2] ^= 1;
  replace(fs, flipped);
  const RedriveResult bit = driven(fs);
  BOOST_REQUIRE(bit.damage);
  BOOST_TEST(bit.damage->text.find("a block is damaged") != std::string::npos);
  // Heads.
  flipped = sound;
  flipped[20] ^= 1;
  replace(fs, flipped);
  const auto head_damaged = Recording::open(fs, file);
  BOOST_REQUIRE(!head_damaged);
  BOOST_CHECK(head_damaged.error().code == ErrorCode::corrupt);
  flipped = sound;
  flipped[8] = 9;
  replace(fs, flipped);
  BOOST_CHECK(Recording::open(fs, file).error().code == ErrorCode::wrong_version);
  replace(fs, as_bytes("# a scenario, which is no recording"));
  BOOST_CHECK(Recording::open(fs, file).error().code == ErrorCode::corrupt);
  BOOST_CHECK(Recording::open(fs, "/other").error().code == ErrorCode::not_found);
}

std::size_t names_until_damage(FileSystem& fs) {
  Recording recording = opened(fs);
  std::size_t read = 0;
  auto entry = recording.next();
  for (; entry && *entry; entry = recording.next()) ++read;
  BOOST_REQUIRE(!entry);
  BOOST_CHECK(entry.error().code == ErrorCode::corrupt);
  return read;
}

// A reader keeps all names: a small file must not be able to ask for any amount of memory.
BOOST_AUTO_TEST_CASE(more_names_than_a_run_can_have_are_refused) {
  MemoryFileSystem fs;
  Bytes sound;
  {
    auto recorder = Recorder::open(fs, file, head);
    WITAN_REQUIRE_OK(recorder);
    sound = content(fs);
  }
  Bytes names;
  for (std::size_t i = 0; i <= 64 * 1024; ++i)
    append(names, ByteWriter().u8(1).prefixed(as_bytes(std::to_string(i))).view());
  append(sound, block_of(names));
  replace(fs, sound);
  BOOST_CHECK_EQUAL(names_until_damage(fs), 0u);
}

BOOST_AUTO_TEST_CASE(a_run_with_too_many_names_says_so_and_keeps_what_came_before) {
  MemoryFileSystem fs;
  auto recorder = Recorder::open(fs, file, head);
  WITAN_REQUIRE_OK(recorder);
  for (std::size_t i = 0; i <= 64 * 1024; ++i) {
    const std::string name = std::to_string(i);
    HopSeen hop;
    hop.to = name;
    (*recorder)->hop(hop, {});
  }
  const Status finished = (*recorder)->finish();
  BOOST_REQUIRE(!finished);
  BOOST_CHECK(finished.error().code == ErrorCode::too_large);
  const std::size_t read = names_until_damage(fs);
  BOOST_CHECK_GT(read, 60'000u);
  BOOST_CHECK_LE(read, 64u * 1024u);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_noticed) {
  MemoryFileSystem fs;
  record_once(fs);
  const Bytes sound = content(fs);
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    Bytes flipped = sound;
    // Half of them in the first and last hundred bytes: heads, and the end.
    std::size_t at = random.below(sound.size());
    if (i % 4 == 0) at = random.below(100);
    if (i % 4 == 1) at = sound.size() - 1 - random.below(100);
    flipped[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
    replace(fs, flipped);
    auto recording = Recording::open(fs, file);
    bool noticed = !recording;
    while (recording && !noticed) {
      const auto entry = recording->next();
      noticed = !entry;
      if (entry && !*entry) break;
    }
    BOOST_CHECK_MESSAGE(noticed, "byte " << at << " of " << sound.size());
  }
  // Right checksums around what no program writes.
  write(fs, {});
  HopSeen wrong;
  wrong.to = "/node";
  wrong.outcome = 9;
  write(fs, {HopEntry(wrong)});
  Recording recording = opened(fs);
  BOOST_TEST(recording.next().error().text.find("a hop is malformed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_scenario_that_is_none_any_more_is_an_error) {
  MemoryFileSystem fs;
  RecordingHead other = head;
  other.text = "# No such table\n[nonsense]\nx = 1\n";
  auto recorder = Recorder::open(fs, file, other);
  WITAN_REQUIRE_OK(recorder);
  WITAN_REQUIRE_OK((*recorder)->finish());
  Recording recording = opened(fs);
  BOOST_CHECK(redrive(recording, {}).error().code == ErrorCode::config);
}

BOOST_AUTO_TEST_CASE(messages_and_actors_are_named_in_one_way) {
  BOOST_CHECK(*parse_stop("4711") == (StopPoint{std::nullopt, 4711}));
  BOOST_CHECK(*parse_stop("n1:/node/chain/mempool:17") == (StopPoint{mempool, 17}));
  BOOST_CHECK(*parse_actor("n1:/node/chain/mempool") == mempool);
  for (const char* wrong :
       {"", "0", "-1", "4x", "n0", "n0:/node", "n0:/node:x", "node:/a:1", "n0:chain:1", ":1"})
    BOOST_CHECK_MESSAGE(!parse_stop(wrong), wrong);
  for (const char* wrong : {"", "n0", "n:/a", "0:/a", "n0:a", "n9999999:/a"})
    BOOST_CHECK_MESSAGE(!parse_actor(wrong), wrong);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::sim
