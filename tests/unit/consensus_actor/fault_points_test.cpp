// Every I/O call and every message that leaves can go wrong: a whole validator is run again for
// each call and each fault that can meet it. Afterwards it goes on without contradicting anything
// it said or acknowledged and evidence that it passed on is charged, or it refuses with a
// documented exit code.
//
// A run tries a part of the points; WITAN_FAULT_POINTS=all tries every one, =N every N-th.
#include <set>

#include "messages/base/exit_codes.hpp"
#include "storage/keys.hpp"
#include "tests/unit/consensus_actor/fault_node.hpp"
#include "tests/unit/evidence/samples.hpp"

namespace witan::test {
namespace {

// Two lives, with evidence in the first and in the second: what is read at a restart is met as
// well.
void workload(FaultNode& node, const ChainWorld& world) {
  const auto further = [&node](std::uint64_t height) {
    return node.go_on([&node, height] { return node.height() >= Height(height); });
  };
  if (!node.live(Height(1))) return;
  node.submit(duplicate_vote(world, 1, 1));
  if (!further(2)) return;
  node.submit(duplicate_proposal(world, 1, 3));  // it waits for its height, over the restart
  if (!node.plan().powered()) return;
  node.stop_hard();
  if (node.live(Height(4))) (void)further(5);
}

std::vector<IoCall> reference(const ChainWorld& world) {
  FaultNode node(world);
  node.plan().record();
  workload(node, world);
  BOOST_REQUIRE_MESSAGE(!node.exit_code(), node.exit_reason());
  BOOST_REQUIRE(node.contradiction().empty());
  BOOST_REQUIRE_EQUAL(node.height(), Height(5));
  BOOST_REQUIRE_EQUAL(node.told().size(), 2U);
  return node.plan().recorded();
}

struct Point {
  std::uint64_t call = 0;
  IoFault fault = IoFault::error;
  std::uint64_t at = 0;
};

std::vector<Point> all_points(const std::vector<IoCall>& calls) {
  std::vector<Point> out;
  for (std::uint64_t n = 1; n <= calls.size(); ++n) {
    const IoCall& call = calls[n - 1];
    for (const IoFault fault : faults_of(call.kind)) {
      std::vector<std::uint64_t> places{0};
      if (fault == IoFault::flip) places = {0, 9, 40, 520, 533, 600, 800, 1500};
      const bool torn = fault == IoFault::power_loss || fault == IoFault::short_write;
      if (torn && call.bytes > 0)
        places = {0, 1, 8, 31, 33, call.bytes / 3, call.bytes / 2, call.bytes - 1, call.bytes};
      for (const std::uint64_t at : places) out.push_back({n, fault, at});
    }
  }
  return out;
}

std::size_t stride(std::size_t by_default) {
  const char* text = std::getenv("WITAN_FAULT_POINTS");
  if (text == nullptr) return by_default;
  if (std::string_view(text) == "all") return 1;
  return std::max<std::size_t>(1, std::strtoull(text, nullptr, 10));
}

bool documented(int code) {
  return code >= static_cast<int>(ExitCode::storage_io) &&
         code <= static_cast<int>(ExitCode::state_root_mismatch);
}

struct Counts {
  std::size_t points = 0, hit = 0, ended = 0, refused = 0;
};

// The next life must go on: nothing that was said or acknowledged is lost.
void must_go_on(FaultNode& node, const std::string& what) {
  const std::uint64_t known = node.acknowledged().empty() ? 0 : node.acknowledged().rbegin()->first;
  const bool reached = node.live(Height(std::max<std::uint64_t>(known, 3) + 2));
  BOOST_CHECK_MESSAGE(reached, what << ": " << (node.stalled() ? "stalled" : node.exit_reason()));
  BOOST_CHECK_MESSAGE(node.contradiction().empty(), what << ": " << node.contradiction());
  const auto charged = [&node] {
    return std::all_of(node.told().begin(), node.told().end(),
                       [&node](const EvidenceKey& offence) { return node.is_charged(offence); });
  };
  const Height enough = node.height() + 4;
  if (reached) (void)node.go_on([&] { return charged() || node.height() >= enough; });
  BOOST_CHECK_MESSAGE(!reached || charged(), what << ": evidence was lost");
  node.stop_hard();
}

void try_point(const ChainWorld& world, const std::vector<IoCall>& calls, const Point& point,
               std::size_t variant, Counts& counts) {
  const IoCall& call = calls[point.call - 1];
  const std::string what = "call " + std::to_string(point.call) + " (" +
                           std::string(name_of(call.kind)) + " " + call.path + ") " +
                           std::string(name_of(point.fault)) + " at " + std::to_string(point.at);
  FaultNode node(world);
  node.plan().set(point.call, point.fault, point.at);
  workload(node, world);
  ++counts.points;
  counts.hit += node.plan().hit() ? 1 : 0;
  BOOST_CHECK_MESSAGE(node.plan().hit(), what << ": not met");
  BOOST_CHECK_MESSAGE(node.contradiction().empty(), what << ": " << node.contradiction());
  if (node.plan().powered() && node.exit_code()) {
    ++counts.ended;
    BOOST_CHECK_MESSAGE(documented(*node.exit_code()),
                        what << ": exit code " << *node.exit_code() << " " << node.exit_reason());
  }
  const bool power = !node.plan().powered();
  node.plan().clear();
  const FaultNode::Survivors some{variant % 3, (variant / 3) % 3, (variant / 9) % 2 * 100,
                                  power && point.at > 0};
  if (point.fault == IoFault::lost_sync) {
    // A disk that lies: no program notices when power goes before anything else is synced. What the
    // network remembers is shown to the node before it signs again.
    node.power_failure(some);
    node.tell_claims_at_start(true);
    if (!node.live(Height(6))) {
      ++counts.refused;
      BOOST_CHECK_MESSAGE(node.exit_code() && documented(*node.exit_code()),
                          what << ": " << (node.stalled() ? "stalled" : node.exit_reason()));
    }
    BOOST_CHECK_MESSAGE(node.contradiction().find("signed") == std::string::npos,
                        what << ": " << node.contradiction());
    return;
  }
  if (!power && variant % 2 == 0) {  // started again on the same running machine first
    node.stop_hard();
    must_go_on(node, what + ", restarted");
  }
  node.power_failure(some);
  must_go_on(node, what + ", after power loss");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fault_points_test)

BOOST_AUTO_TEST_CASE(every_call_of_a_validator_can_fail_and_nothing_is_contradicted) {
  const ChainWorld world = lone_world();
  const std::vector<IoCall> calls = reference(world);
  const std::vector<Point> points = all_points(calls);
  std::map<IoKind, std::size_t> kinds;
  for (const IoCall& call : calls) ++kinds[call.kind];
  BOOST_CHECK_GT(kinds[IoKind::sync], 10U);
  BOOST_CHECK_GT(kinds[IoKind::db_write], 8U);
  BOOST_CHECK_GT(kinds[IoKind::moment], 12U);

  const std::size_t step = stride(5);
  Counts counts;
  for (std::size_t i = 0; i < points.size(); i += step)
    try_point(world, calls, points[i], i / step, counts);
  BOOST_CHECK_EQUAL(counts.hit, counts.points);
  std::printf(
      "fault points: %zu calls, %zu points, %zu tried, %zu ended the process, %zu refused\n",
      calls.size(), points.size(), counts.points, counts.ended, counts.refused);
}

// S16: once the proof may be on the disk, or in the world, no later life signs anything.
BOOST_AUTO_TEST_CASE(s16_proof_against_the_own_key_stops_every_later_life_whatever_call_fails) {
  const ChainWorld world = lone_world();
  const auto shown = [&world](FaultNode& node) {
    node.stop_on_own(true);
    if (!node.live(Height(1))) return std::uint64_t{0};
    const std::uint64_t before = node.plan().calls();
    node.submit(duplicate_vote(world, 1, 1));
    return before;
  };
  FaultNode whole(world);
  whole.plan().record();
  const std::uint64_t before = shown(whole);
  BOOST_REQUIRE_EQUAL(whole.exit_code().value_or(0), static_cast<int>(ExitCode::sign_state));
  const std::vector<IoCall> calls = whole.plan().recorded();
  BOOST_REQUIRE_GT(calls.size(), before);
  std::vector<std::pair<std::uint64_t, IoFault>> points{{0, IoFault::error}};  // 0: none
  for (std::uint64_t n = before + 1; n <= calls.size(); ++n)
    for (const IoFault fault : faults_of(calls[n - 1].kind)) points.emplace_back(n, fault);
  std::size_t stopped = 0;
  for (const auto& [n, fault] : points)
    for (const bool power : {false, true}) {
      const std::string what = "call " + std::to_string(n) + " " + std::string(name_of(fault));
      FaultNode node(world);
      node.plan().set(n, fault);
      (void)shown(node);
      BOOST_CHECK_MESSAGE(n == 0 || node.plan().hit(), what << ": not met");
      if (power) {
        node.power_failure({0, 0, 0, false});
      } else {
        node.stop_hard();
        node.plan().clear();
      }
      const auto on_disk = node.databases().index;
      const bool kept = std::any_of(on_disk.begin(), on_disk.end(), [](const auto& entry) {
        return entry.first[0] == keys::pending_evidence;
      });
      BOOST_CHECK_MESSAGE(kept || node.told().empty(), what << ": said, and not kept");
      const bool went_on = node.live(Height(4));
      BOOST_CHECK_MESSAGE(went_on != kept, what << ": " << node.exit_reason());
      if (!kept) continue;
      BOOST_CHECK_EQUAL(node.exit_code().value_or(0), static_cast<int>(ExitCode::sign_state));
      ++stopped;
    }
  BOOST_CHECK_GE(stopped, 2U);
}

// S16: a proof that came with a block and not from a peer, in a process that died before it could
// raise the alarm; in the second round the index has not taken the block in either.
BOOST_AUTO_TEST_CASE(s16_a_proof_first_seen_in_a_block_stops_the_next_life) {
  const ChainWorld world = lone_world();
  const Evidence proof = duplicate_vote(world, 1, 1);
  for (const bool indexed : {true, false}) {
    FaultNode node(world);
    BOOST_REQUIRE(node.live(Height(1)));
    node.submit(proof);
    BOOST_REQUIRE(node.go_on([&] { return node.is_charged(key_of(proof)); }));
    node.stop_hard();
    auto disk = node.databases();
    std::erase_if(disk.index, [&](const auto& entry) {
      const std::uint8_t column = entry.first[0];
      return column == keys::pending_evidence ||
             (!indexed && (column == keys::committed_evidence || column == keys::indexed_height));
    });
    node.set_databases(disk);
    node.stop_on_own(true);
    const std::uint64_t known = node.acknowledged().rbegin()->first;
    BOOST_CHECK(!node.live(Height(known + 3)));
    BOOST_CHECK_EQUAL(node.exit_code().value_or(0), static_cast<int>(ExitCode::sign_state));
  }
}

// Each batch of each database and each state of the log can be the last that reached the disk.
BOOST_AUTO_TEST_CASE(any_mixture_of_what_the_databases_kept_is_brought_into_step) {
  const ChainWorld world = lone_world();
  std::size_t tried = 0;
  for (std::size_t blocks = 0; blocks <= 4; ++blocks)
    for (std::size_t state = 0; state <= 4; ++state)
      for (const std::size_t index : {0U, 3U}) {
        FaultNode node(world);
        BOOST_REQUIRE(node.live(Height(5)));
        const std::string what = "kept " + std::to_string(blocks) + " batches of blocks, " +
                                 std::to_string(state) + " of state";
        node.power_failure({blocks, state, index, false});
        must_go_on(node, what);
        ++tried;
      }
  BOOST_TEST_MESSAGE(tried << " mixtures");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
