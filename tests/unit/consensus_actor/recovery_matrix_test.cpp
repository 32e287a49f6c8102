// S17: what a validator finds at a start - blocks, state, index, log and sign-state of different
// moments - and what it does: goes on, or ends with the documented exit code. And the pitfalls of
// other implementations that belong here, by number.
#include <array>

#include "messages/base/exit_codes.hpp"
#include "storage/keys.hpp"
#include "storage/wal_format.hpp"
#include "tests/unit/consensus_actor/fault_node.hpp"

namespace witan::test {
namespace {

namespace wf = witan::wal_format;

constexpr std::uint64_t top = 5;                // heights of the life before the start
constexpr std::uint64_t one_segment = 1 << 17;  // the whole log

// One life: what was in the three databases after each height, and all that was there at its end.
struct History {
  explicit History(const ChainWorld& w) : world(w) {
    FaultNode node(world, one_segment);
    BOOST_REQUIRE(node.live(Height(1)));
    for (std::uint64_t h = 1; h <= top; ++h) {
      BOOST_REQUIRE(node.go_on([&] { return node.height() >= Height(h); }));
      at.push_back(node.databases());
    }
    without_end = node.image();
    BOOST_REQUIRE(node.go_on([&] { return node.has_proposed(Height(top + 1)); }));
    whole = node.image();
  }
  const ChainWorld& world;
  std::vector<FaultNode::Databases> at{{}};  // [height]
  FaultNode::Image without_end;              // the last height is committed, its end not yet logged
  FaultNode::Image whole;
};

enum class Log { whole, torn, no_end, ends_below, damaged, gone };
enum class Sign { newest, missing, older };
constexpr std::array log_names{"whole", "torn", "no end record", "ends below", "damaged", "gone"};
constexpr std::array sign_names{"newest", "missing", "older"};

Bytes read_log(FaultNode& node) {
  auto content = read_whole(node.files(), wal_folder / wf::segment_name(1), wf::segment_bytes_max);
  WITAN_REQUIRE_OK(content);
  return *content;
}
void write_file(FaultNode& node, const FilePath& path, ByteView content) {
  auto file = node.files().open(path, OpenMode::create);
  WITAN_REQUIRE_OK(file);
  WITAN_REQUIRE_OK((*file)->write_at(0, content));
  WITAN_REQUIRE_OK((*file)->sync());
}
// Where the first record that fits begins; the file's size if there is none.
std::uint64_t find_record(FaultNode& node, const std::function<bool(const WalRecord&)>& fits) {
  std::optional<std::uint64_t> found;
  WITAN_REQUIRE_OK(verify_wal(node.files(), wal_folder, "", [&](const WalRecord& r) -> Status {
    if (!found && fits(r)) found = r.offset;
    return {};
  }));
  return found.value_or(one_segment);
}

void spoil_log(FaultNode& node, Log log, std::uint64_t height) {
  if (log == Log::whole || log == Log::no_end) return;
  const FilePath path = wal_folder / wf::segment_name(1);
  if (log == Log::gone) {
    WITAN_REQUIRE_OK(node.files().remove(path));
    return;
  }
  Bytes content = read_log(node);
  if (log == Log::torn) {  // bytes of a group that was being written
    const auto report = verify_wal(node.files(), wal_folder, "");
    content[report->segments[0].used_bytes + 3] = 0x55;
  } else if (log == Log::damaged) {
    content[wf::header_bytes + 50] ^= 0x04U;
  } else {
    const std::uint64_t from =
        find_record(node, [&](const WalRecord& r) { return r.height.get() > height; });
    std::fill(content.begin() + static_cast<std::ptrdiff_t>(from), content.end(), std::uint8_t{0});
  }
  write_file(node, path, content);
}

struct Row {
  std::uint64_t blocks = top, state = top, index = top;
  Log log = Log::whole;
  Sign sign = Sign::newest;
};

std::string text_of(const Row& row) {
  return "blocks " + std::to_string(row.blocks) + ", state " + std::to_string(row.state) +
         ", index " + std::to_string(row.index) + ", log " +
         log_names[static_cast<std::size_t>(row.log)] + ", sign-state " +
         sign_names[static_cast<std::size_t>(row.sign)];
}

// 0: it goes on.
int expected(const Row& row) {
  if (row.log == Log::damaged) return static_cast<int>(ExitCode::wal_damaged);
  if (row.sign != Sign::newest || row.log == Log::gone)
    return static_cast<int>(ExitCode::sign_state);
  // The blocks carry signatures that log and sign-state do not know; or the peers do.
  if (row.log == Log::ends_below) return static_cast<int>(ExitCode::sign_state);
  return 0;
}

void check_row(const History& history, const Row& row) {
  FaultNode node(history.world, one_segment);
  node.set_image(row.log == Log::no_end ? history.without_end : history.whole);
  node.set_databases(
      {history.at[row.blocks].blocks, history.at[row.state].state, history.at[row.index].index});
  spoil_log(node, row.log, 3);
  if (row.sign == Sign::missing) WITAN_REQUIRE_OK(node.files().remove(sign_state_file));
  if (row.sign == Sign::older) node.age_sign_state();
  // What peers remember of this key is said before it signs again.
  node.tell_claims_at_start(row.log == Log::ends_below);
  const bool went_on = node.live(Height(top + 2));
  const int code = expected(row);
  if (code == 0) {
    BOOST_CHECK_MESSAGE(went_on, text_of(row) << ": " << node.exit_reason());
  } else {
    BOOST_CHECK_MESSAGE(node.exit_code() == code, text_of(row)
                                                      << ": expected exit " << code << ", found "
                                                      << (node.exit_code() ? *node.exit_code() : 0)
                                                      << " " << node.exit_reason());
  }
  BOOST_CHECK_MESSAGE(node.contradiction().empty(), text_of(row) << ": " << node.contradiction());
}

// The call with which a database is written for the n-th time after `after`.
std::uint64_t nth_write(const std::vector<IoCall>& calls, const char* name, std::size_t n) {
  for (std::uint64_t i = 0; i < calls.size(); ++i)
    if (calls[i].kind == IoKind::db_write && calls[i].path == name && n-- == 0) return i + 1;
  BOOST_FAIL("no such call");
  return 0;
}
std::uint64_t nth_moment(const std::vector<IoCall>& calls, const char* what, std::size_t n) {
  for (std::uint64_t i = 0; i < calls.size(); ++i)
    if (calls[i].kind == IoKind::moment && calls[i].path == what && n-- == 0) return i + 1;
  BOOST_FAIL("no such moment");
  return 0;
}
std::vector<IoCall> calls_of_a_life(const ChainWorld& world) {
  FaultNode node(world);
  node.plan().record();
  BOOST_REQUIRE(node.live(Height(4)));
  return node.plan().recorded();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery_matrix_test)

BOOST_AUTO_TEST_CASE(every_mixture_of_blocks_state_index_log_and_sign_state_has_its_outcome) {
  const ChainWorld world = lone_world();
  const History history(world);
  std::size_t rows = 0, refused = 0;
  const auto check = [&](const Row& row) {
    check_row(history, row);
    ++rows;
    refused += expected(row) != 0 ? 1 : 0;
  };
  // Store at h, state at h-1, h, behind by more, ahead by any: with every kind of log.
  for (std::uint64_t blocks = 2; blocks <= top; ++blocks)
    for (std::uint64_t state = 1; state <= top; ++state)
      for (const Log log : {Log::whole, Log::torn, Log::no_end}) {
        check({blocks, state, blocks, log, Sign::newest});
        check({blocks, state, 0, log, Sign::newest});
      }
  for (std::uint64_t blocks = 2; blocks <= top; ++blocks)
    for (const std::uint64_t state : {blocks - 1, blocks}) {
      for (const Log log : {Log::ends_below, Log::damaged, Log::gone})
        check({blocks, state, blocks, log, Sign::newest});
      for (const Sign sign : {Sign::missing, Sign::older})
        for (const Log log : {Log::whole, Log::torn, Log::damaged})
          check({blocks, state, blocks, log, sign});
    }
  std::printf("recovery matrix: %zu rows, %zu go on, %zu refuse\n", rows, rows - refused, refused);
}

// The state cannot be taken back so far, and the blocks to build it again are pruned.
BOOST_AUTO_TEST_CASE(a_state_ahead_that_can_neither_be_taken_back_nor_rebuilt_is_refused) {
  const ChainWorld world = lone_world();
  const History history(world);
  FaultNode node(world, one_segment);
  node.set_image(history.whole);
  auto from = history.at[3];
  from.state = history.at[top].state;
  from.blocks.erase(keys::numbered(keys::block, 1));
  from.blocks.erase(keys::numbered(keys::commit_certificate, 1));
  std::erase_if(from.state, [](const auto& e) { return e.first[0] == keys::state_undo; });
  node.set_databases(from);
  BOOST_CHECK(!node.live(Height(top + 1)));
  BOOST_CHECK_EQUAL(node.exit_code().value_or(0), static_cast<int>(ExitCode::storage_io));
  BOOST_CHECK_MESSAGE(node.exit_reason().find("restore blocks.db") != std::string::npos,
                      node.exit_reason());
}

BOOST_AUTO_TEST_CASE(a_state_or_blocks_of_another_life_are_refused) {
  const ChainWorld world = lone_world();
  const History history(world);
  // Another life of the same chain: the mempool had other transactions.
  FaultNode other(world, one_segment);
  BOOST_REQUIRE(other.live(Height(1)));
  other.stop_hard();
  BOOST_REQUIRE(other.live(Height(top)));
  other.stop_hard();
  const auto foreign = other.databases();
  BOOST_REQUIRE(foreign.blocks != history.at[top].blocks);
  const auto start_with = [&](const FaultNode::Databases& databases) {
    FaultNode node(world, one_segment);
    node.set_image(history.whole);
    node.set_databases(databases);
    BOOST_CHECK(!node.live(Height(top + 1)));
    BOOST_CHECK_MESSAGE(node.exit_code() == static_cast<int>(ExitCode::state_root_mismatch),
                        "exit " << node.exit_code().value_or(0) << " " << node.exit_reason());
  };
  start_with({history.at[top].blocks, foreign.state, history.at[top].index});
  // S18: these agree with each other, but not with what the log remembers of the height's end.
  start_with(foreign);
}

// The log alone is synced at each vote: until the stores have synced a height it is the only place
// that has it, however many heights ago that was.
BOOST_AUTO_TEST_CASE(s17_the_log_keeps_every_height_that_the_stores_have_not_synced) {
  constexpr std::uint64_t pruning_begins = 64;
  const ChainWorld world = lone_world();
  FaultNode node(world, 8192, 1'000'000);
  BOOST_REQUIRE(node.live(Height(pruning_begins + 6)));
  const std::size_t known = node.acknowledged().size();
  node.power_failure({});  // the stores are back at the genesis
  BOOST_REQUIRE(node.databases().blocks.empty());
  BOOST_CHECK_MESSAGE(node.live(Height(known + 2)), node.exit_reason());
  BOOST_CHECK_EQUAL(node.contradiction(), "");
}

BOOST_AUTO_TEST_CASE(p08_p20_votes_cast_before_a_failed_commit_are_kept_by_the_next_life) {
  const ChainWorld world = lone_world();
  const auto calls = calls_of_a_life(world);
  for (const IoFault fault : {IoFault::error, IoFault::no_space, IoFault::power_loss}) {
    FaultNode node(world);
    node.plan().set(nth_write(calls, "blocks.db", 3), fault);
    BOOST_CHECK(!node.live(Height(6)));
    node.plan().clear();
    node.power_failure({});
    BOOST_CHECK(node.live(Height(6)));
    BOOST_CHECK_EQUAL(node.contradiction(), "");
  }
}

BOOST_AUTO_TEST_CASE(p09_the_value_proposed_before_a_crash_is_the_one_proposed_after_it) {
  const ChainWorld world = lone_world();
  const auto calls = calls_of_a_life(world);
  for (std::size_t n = 0; n < 3; ++n) {
    FaultNode node(world);
    // The proposal is out, nothing after it.
    node.plan().set(nth_moment(calls, "proposal", n) + 1, IoFault::power_loss);
    BOOST_CHECK(!node.live(Height(6)));
    const std::uint64_t known = node.acknowledged().size();
    node.power_failure({});
    BOOST_CHECK(node.live(Height(6)));
    BOOST_CHECK_EQUAL(node.contradiction(), "");
    BOOST_CHECK_GE(node.acknowledged().size(), known + 1);
  }
}

BOOST_AUTO_TEST_CASE(p45_a_block_that_could_not_be_applied_is_not_acknowledged) {
  const ChainWorld world = lone_world();
  const auto calls = calls_of_a_life(world);
  for (const char* name : {"blocks.db", "state.db", "index.db"})
    for (std::size_t n = 2; n < 5; ++n) {
      FaultNode node(world);
      node.plan().set(nth_write(calls, name, n), IoFault::error);
      BOOST_CHECK(!node.live(Height(6)));
      BOOST_CHECK_EQUAL(node.exit_code().value_or(0), static_cast<int>(ExitCode::storage_io));
      const auto said = node.acknowledged();
      node.stop_hard();
      BOOST_CHECK(node.live(Height(6)));
      BOOST_CHECK_EQUAL(node.contradiction(), "");
      for (const auto& [height, end] : said) BOOST_CHECK(node.acknowledged().at(height) == end);
    }
}

BOOST_AUTO_TEST_CASE(p67_a_height_decided_and_not_committed_is_committed_after_the_restart) {
  const ChainWorld world = lone_world();
  const auto calls = calls_of_a_life(world);
  for (std::size_t n = 0; n < 3; ++n) {
    FaultNode node(world);
    node.plan().set(nth_write(calls, "blocks.db", n), IoFault::power_loss);
    BOOST_CHECK(!node.live(Height(6)));
    const auto before = node.acknowledged().size();
    node.power_failure({});
    BOOST_CHECK(node.live(Height(before + 1)));
    BOOST_CHECK_EQUAL(node.contradiction(), "");
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
