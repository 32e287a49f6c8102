// Replays the generated traces of Algorithm 1 (tests/vectors/tendermint) against the core, through
// the operations of witan-conformance, and compares outputs and state row by row.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/boost_test.hpp"
#include "tools/conformance/ops.hpp"

namespace {

using nlohmann::json;

const std::filesystem::path vectors =
    std::filesystem::path(WITAN_SOURCE_DIR) / "tests/vectors/tendermint";

bool has_live_step(const json& state) {
  return state[2] == "propose" || state[2] == "prevote" || state[2] == "precommit";
}

// Outputs as a multiset, without timeouts that cannot act in the post-state and without the
// proposer's own propose timeout (the paper starts none).
std::vector<std::string> normal_form(const json& outputs, const json& state, const json& proposers,
                                     int node) {
  std::vector<std::string> out;
  for (const json& o : outputs) {
    if (o[0] == "T") {
      const bool live = has_live_step(state) && o[2] == state[0] && o[3] == state[1] &&
                        (o[1] == "precommit" || o[1] == state[2]);
      const auto order = proposers.find(std::to_string(o[2].get<int>()));
      const bool ours = order != proposers.end() && o[3] < order->size() &&
                        (*order)[o[3].get<std::size_t>()] == node;
      if (!live || (o[1] == "propose" && ours)) continue;
    }
    out.push_back(o.dump());
  }
  std::sort(out.begin(), out.end());
  return out;
}

struct Count {
  std::size_t nodes = 0, rows = 0, other_branches = 0;
};

// Whose reading of the algorithm the core gets: that of the trace, or the node's (D9), which is
// then judged up to the first row where the two differ.
enum class Tally { of_the_trace, of_the_node };

// Rows the node's reading must match. A trace names for each kind of difference alone the first row
// it shows in; where two kinds can act together that says nothing, and no row is judged.
std::size_t rows_to_judge(const json& node, Tally tally) {
  const std::size_t all = node["events"].size();
  if (tally == Tally::of_the_trace) return all;
  const json& divergence = node["policy_first_divergence"];
  if (divergence.size() > 1) return 0;
  return divergence.empty() ? all : divergence.begin()->get<std::size_t>();
}

void play(const witan::conformance::OpTable& ops, const json& trace, const json& node, Tally tally,
          Count& count) {
  const std::size_t rows = rows_to_judge(node, tally);
  if (rows == 0) return;
  const json& order = trace["proposers"];
  const int id = node["id"];
  json init = {{"power", trace["power"]},
               {"node", id},
               {"proposers", order},
               {"values", node.value("values", json::object())},
               {"invalid_prefix", "!"},
               {"policy", tally == Tally::of_the_trace ? trace["policy"] : json::object()},
               {"self_delivery", trace["self_delivery"]}};
  BOOST_REQUIRE(ops.at("init")(init)["ok"] == true);
  ++count.nodes;
  json state;
  for (std::size_t i = 0; i < rows; ++i) {
    const json& row = node["events"][i];
    if (row.size() > 2) state = row[2];
    const json reply = ops.at("event")({{"in", row[0]}});
    ++count.rows;
    const auto got = normal_form(reply["out"], state, order, id);
    if (got != normal_form(row[1], state, order, id)) {
      const bool legal =
          row.size() > 3 && std::any_of(row[3].begin(), row[3].end(), [&](const json& other) {
            return got == normal_form(other, state, order, id);
          });
      if (legal) {
        ++count.other_branches;
        return;
      }
      BOOST_ERROR(trace["name"] << " node " << id << ": " << row << " got " << reply["out"]);
      return;
    }
    if (has_live_step(state) && reply["state"] != state) {
      BOOST_ERROR(trace["name"] << " node " << id << ": " << row[0] << " state " << reply["state"]
                                << " expected " << state);
      return;
    }
  }
}

Count play_folder(const char* name, Tally tally = Tally::of_the_trace) {
  witan::conformance::OpTable ops;
  witan::conformance::register_consensus_ops(ops);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(vectors / name))
    if (entry.path().filename() != "index.json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Count count;
  for (const auto& file : files) {
    std::ifstream in(file);
    const json trace = json::parse(in);
    for (const json& node : trace["nodes"]) play(ops, trace, node, tally, count);
  }
  BOOST_TEST_MESSAGE(name << ": " << files.size() << " files, " << count.nodes << " nodes, "
                          << count.rows << " rows, " << count.other_branches
                          << " other legal branches");
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trace_player)

BOOST_AUTO_TEST_CASE(system_runs_match_row_by_row) {
  const Count count = play_folder("tendermint_traces");
  BOOST_CHECK_EQUAL(count.nodes, 404U);
  BOOST_CHECK_EQUAL(count.other_branches, 0U);
}

BOOST_AUTO_TEST_CASE(runs_with_immediate_self_delivery_match_row_by_row) {
  const Count count = play_folder("tendermint_traces_immediate");
  BOOST_CHECK_EQUAL(count.nodes, 73U);
  BOOST_CHECK_EQUAL(count.other_branches, 0U);
}

BOOST_AUTO_TEST_CASE(single_node_runs_without_fault_bound_match_row_by_row) {
  const Count count = play_folder("tendermint_fuzz");
  BOOST_CHECK_EQUAL(count.nodes, 150U);
  BOOST_CHECK_EQUAL(count.other_branches, 0U);
}

BOOST_AUTO_TEST_CASE(runs_that_count_first_votes_only_match_row_by_row) {
  const Count count = play_folder("tendermint_traces_first");
  BOOST_CHECK_EQUAL(count.nodes, 118U);
  BOOST_CHECK_EQUAL(count.other_branches, 0U);
}

BOOST_AUTO_TEST_CASE(the_nodes_own_tally_matches_them_until_it_differs) {
  const Count count = play_folder("tendermint_traces_first", Tally::of_the_node);
  BOOST_CHECK_EQUAL(count.nodes, 94U);
  BOOST_CHECK_EQUAL(count.other_branches, 0U);
}

BOOST_AUTO_TEST_SUITE_END()
