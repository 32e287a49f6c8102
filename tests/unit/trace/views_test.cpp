// Filters, flows, the critical path and the formats of other programs, over a small network by
// hand: node0 decides height 2 with the help of node1's vote.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "actors/telemetry/trace/core/critical_path.hpp"
#include "actors/telemetry/trace/core/export.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/trace/fixture.hpp"

namespace witan::trace::test {
namespace {

using nlohmann::json;
constexpr std::uint64_t vote_type = 10, commit_type = 11, persist_type = 12, batch_type = 13,
                        done_type = 14;
constexpr std::uint64_t tx = 0xabcdef0123456789;

HopRecord make(std::uint64_t span, std::uint64_t parent, std::int64_t sent, std::uint64_t type,
               std::uint32_t from, std::uint32_t to, std::uint64_t height) {
  HopRecord out = hop(span, parent, sent, height);
  out.type = type;
  out.from = from;
  out.to = to;
  return out;
}

HopRecord with_tx(HopRecord hop) {
  hop.transactions = 1;
  return hop;
}

HopRecord tx_list(std::uint64_t span) {
  TransactionRecord list;
  list.span = span;
  list.count = 1;
  list.id(0) = tx;
  HopRecord raw;
  std::memcpy(static_cast<void*>(&raw), &list, sizeof raw);
  return raw;
}

// Actors: 1 consensus, 2 wal, 3 session, 4 ledger, 5 mempool "mem;pool" with a bad name.
TraceSet network() {
  MemoryFileSystem fs;
  const std::vector<Name> names{{NameKind::actor, 1, "/node/consensus"},
                                {NameKind::actor, 2, "/node/wal"},
                                {NameKind::actor, 3, "/node/session"},
                                {NameKind::actor, 4, "/node/ledger"},
                                {NameKind::actor, 5, "/node/mem;pool\""},
                                {NameKind::type, vote_type, "Vote"},
                                {NameKind::type, commit_type, "CommitBlock"},
                                {NameKind::type, persist_type, "Persist"},
                                {NameKind::type, batch_type, "TransactionBatch"},
                                {NameKind::type, done_type, "TransactionsCommitted"}};
  // node1: a vote of height 1 arrives, it persists, and its vote goes to its session.
  std::vector<HopRecord> one{make(1, 0, 1000, vote_type, 3, 1, 1),
                             make(2, 1, 1020, persist_type, 1, 2, 2),
                             make(3, 2, 1300, vote_type, 2, 3, 2)};
  one[2].validator = 1;
  one[2].round = 0;
  // node0: the vote comes over the network, goes to consensus, and that commits.
  HopRecord network = make(4, 3, 1500, vote_type, 3, 3, 2);
  network.kind = kind_network;
  std::vector<HopRecord> zero{with_tx(make(20, 0, 900, batch_type, 0, 5, 0)),
                              tx_list(20),
                              with_tx(make(21, 99, 950, batch_type, 5, 3, 0)),
                              tx_list(21),
                              network,
                              make(5, 4, 1520, vote_type, 3, 1, 2),
                              make(6, 5, 1600, commit_type, 1, 4, 2),
                              with_tx(make(7, 6, 1650, done_type, 4, 5, 2)),
                              tx_list(7)};
  zero[5].validator = 1;
  put_file(fs, "/t/0.wtr", file_of({"02aa", "node0", "w", "recording", 1}, names, {zero}));
  put_file(fs, "/t/1.wtr", file_of({"02bb", "node1", "w", "recording", 1}, names, {one}));
  auto set = load_traces(fs, {"/t/0.wtr", "/t/1.wtr"}, {});
  BOOST_REQUIRE(set);
  BOOST_REQUIRE(set->damage.empty());
  return std::move(*set);
}

std::vector<std::uint64_t> spans(const TraceSet& set, const Selection& hops) {
  std::vector<std::uint64_t> out;
  for (const std::uint32_t i : hops) out.push_back(set.hops()[i].span);
  std::sort(out.begin(), out.end());
  return out;
}
using Spans = std::vector<std::uint64_t>;

Flow everything(const TraceSet& set) { return flow_of(set, select(set, {}), "all; of \"it\""); }

// The grammar of Mermaid sequence diagrams, as far as this program writes it.
void check_mermaid(const std::string& text, std::size_t messages) {
  static const std::regex comment("%% [^;#]*"), participant("  participant (p\\d+) as [^;#:\"]+"),
      message("  (p\\d+)(->>|-->>|-\\)|-x)(p\\d+): [^;#:\"]+"),
      note("  Note over (p\\d+): [^;#:\"]+");
  std::istringstream in(text);
  std::string line;
  std::set<std::string> known;
  std::size_t seen = 0;
  bool begun = false;
  while (std::getline(in, line)) {
    std::smatch m;
    if (!begun) {
      BOOST_REQUIRE_MESSAGE(line == "sequenceDiagram" || std::regex_match(line, comment), line);
      begun = line == "sequenceDiagram";
    } else if (std::regex_match(line, m, participant)) {
      BOOST_CHECK_MESSAGE(seen == 0 && known.insert(m[1]).second, line);
    } else if (std::regex_match(line, m, message)) {
      BOOST_CHECK_MESSAGE(known.contains(m[1]) && known.contains(m[3]), line);
      ++seen;
    } else {
      BOOST_REQUIRE_MESSAGE(std::regex_match(line, m, note) && known.contains(m[1]), line);
    }
  }
  BOOST_CHECK(begun);
  BOOST_CHECK_EQUAL(seen, messages);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(views_test)

BOOST_AUTO_TEST_CASE(globs_match_as_in_a_shell) {
  BOOST_CHECK(glob_matches("peers/*", "peers/session/3"));
  BOOST_CHECK(glob_matches("*Vote", "VerifiedVote"));
  BOOST_CHECK(glob_matches("a?c*", "abc"));
  BOOST_CHECK(!glob_matches("a?c", "ac"));
  BOOST_CHECK(!glob_matches("", "a"));
  BOOST_CHECK(!glob_matches(std::string(2000, '*') + "b", std::string(2000, 'a')));
}

BOOST_AUTO_TEST_CASE(filters_select_by_every_field) {
  const TraceSet set = network();
  const auto by = [&set](const auto& change) {
    Filter filter;
    change(filter);
    return spans(set, select(set, filter));
  };
  BOOST_CHECK(by([](Filter& f) { f.heights = {1, 1}; }) == Spans{1});
  BOOST_CHECK((by([](Filter& f) { f.validator = 1; }) == Spans{3, 5}));
  BOOST_CHECK((by([](Filter& f) { f.type = "Comm*"; }) == Spans{6}));
  BOOST_CHECK((by([](Filter& f) { f.actor = "node1 wal"; }) == Spans{2, 3}));
  BOOST_CHECK((by([](Filter& f) { f.actor = "/node/ledger"; }) == Spans{6, 7}));
  BOOST_CHECK((by([](Filter& f) { f.node = "node1"; }) == Spans{1, 2, 3}));
  BOOST_CHECK((by([](Filter& f) { f.times = {1600, 1700}; }) == Spans{6, 7}));
  BOOST_CHECK((by([](Filter& f) { f.transaction = tx; }) == Spans{7, 20, 21}));
  BOOST_CHECK(by([](Filter& f) { f.outcome = 1; }).empty());
}

BOOST_AUTO_TEST_CASE(mistakes_in_questions_are_named_with_their_position) {
  const auto text_of = [](const auto& result) { return result ? "" : result.error().text; };
  BOOST_CHECK(parse_heights("h", "40-45").value() == std::pair(40UL, 45UL));
  BOOST_CHECK_EQUAL(text_of(parse_heights("h", "4x")), "position 2: expected a digit");
  BOOST_CHECK_EQUAL(text_of(parse_heights("h", "45-40")),
                    "position 4: the last height is below the first");
  BOOST_CHECK_EQUAL(text_of(parse_transaction("t", "0123456789abcdeg")),
                    "position 16: expected a hex digit");
  BOOST_CHECK_EQUAL(text_of(parse_transaction("t", "01")), "position 3: expected a hex digit");
  BOOST_CHECK_EQUAL(parse_time("t", "2023-11-14T22:13:20.5Z").value(), 1'700'000'000'500'000'000);
  BOOST_CHECK_EQUAL(text_of(parse_time("t", "2023-11-14 22:13:20Z")), "position 11: expected 'T'");
  BOOST_CHECK_EQUAL(text_of(parse_time("t", "2023-11-14T22:13:20")),
                    "position 20: expected 'Z' at the end: times are UTC");
  BOOST_CHECK(!parse_time("t", "2023-13-14T22:13:20Z"));
  BOOST_CHECK(parse_vote("v", "42/1/precommit/3").value() ==
              std::pair(0x76'02'0001'0000'0003UL, 42UL));
  BOOST_CHECK_EQUAL(text_of(parse_vote("v", "42/1/commit/3")),
                    "position 6: expected prevote or precommit");
  BOOST_CHECK(!parse_vote("v", "42/1"));
  BOOST_CHECK(!parse_trace("t", "12"));
  BOOST_CHECK(!parse_outcome("o", "eaten"));
}

BOOST_AUTO_TEST_CASE(the_critical_path_of_a_height_crosses_nodes_and_ends_at_the_height_before) {
  const TraceSet set = network();
  const auto path = critical_path(set, 2, "");
  BOOST_REQUIRE(path);
  BOOST_CHECK(path->whole);
  BOOST_CHECK_EQUAL(path->node, "node0");
  Spans way;
  for (const PathStep& step : path->steps) way.push_back(set.hops()[step.hop].span);
  BOOST_CHECK((way == Spans{1, 2, 3, 4, 5, 6}));
  BOOST_CHECK_EQUAL(path->begin, 1010);
  BOOST_CHECK_EQUAL(path->end, 1600);
  std::int64_t sum = 0;
  for (const std::int64_t part : path->parts) sum += part;
  BOOST_CHECK_EQUAL(sum, path->end - path->begin);  // no time is counted twice or forgotten
  BOOST_CHECK_EQUAL(path->parts[std::size_t(PathPart::network)], 200);
  BOOST_CHECK_EQUAL(path->handling.at("node1 wal"), 270);
  BOOST_CHECK(critical_path(set, 3, "").error().code == ErrorCode::not_found);
  BOOST_CHECK(critical_path(set, 2, "node1").error().code == ErrorCode::not_found);
}

BOOST_AUTO_TEST_CASE(the_flow_of_a_transaction_holds_its_batches_and_what_led_to_the_commit) {
  const TraceSet set = network();
  const Flow flow = transaction_flow(set, tx);
  Spans way;
  for (const FlowStep& step : flow.steps) way.push_back(set.hops()[step.hop].span);
  BOOST_CHECK((way == Spans{20, 21, 1, 2, 3, 4, 5, 6, 7}));
  BOOST_CHECK_EQUAL(flow.steps[1].parent, 0);  // its cause is another transaction's
  BOOST_CHECK(flow.steps[1].by_content);
  BOOST_CHECK_EQUAL(flow.steps[8].parent, 7);
  BOOST_CHECK(!flow.steps[8].by_content);
  BOOST_CHECK_EQUAL(flow.trace_hi, tx);
  BOOST_CHECK(transaction_flow(set, 1).steps.empty());
}

BOOST_AUTO_TEST_CASE(a_tree_shows_each_hop_once_even_if_parents_go_in_circles) {
  Flow flow;
  flow.steps = {{0, 1, false}, {1, 0, false}, {2, -1, false},
                {3, 2, false}, {4, 4, false}, {5, 77, false}};
  const auto lines = tree_order(flow);
  BOOST_REQUIRE_EQUAL(lines.size(), 6u);
  std::set<std::uint32_t> seen;
  for (const TreeLine& line : lines) seen.insert(line.step);
  BOOST_CHECK_EQUAL(seen.size(), 6u);
  BOOST_CHECK_EQUAL(lines[0].step, 2u);
  BOOST_CHECK_EQUAL(lines[1].depth, 1u);
}

BOOST_AUTO_TEST_CASE(mermaid_text_follows_its_grammar_whatever_names_there_are) {
  const TraceSet set = network();
  check_mermaid(to_mermaid(set, everything(set), 100), 9);
  check_mermaid(to_mermaid(set, everything(set), 4), 4);
  check_mermaid(to_mermaid(set, {}, 4), 0);
}

BOOST_AUTO_TEST_CASE(plantuml_names_its_participants_before_it_uses_them) {
  const TraceSet set = network();
  std::istringstream in(to_plantuml(set, everything(set), 100));
  static const std::regex participant("participant \"[^\"]+\" as (p\\d+)"),
      message("(p\\d+) (->|-->|->x) (p\\d+) : [^;\"]+");
  std::string line, last;
  std::set<std::string> known;
  std::size_t messages = 0;
  std::getline(in, line);
  BOOST_CHECK_EQUAL(line, "@startuml");
  while (std::getline(in, line)) {
    std::smatch m;
    if (std::regex_match(line, m, participant)) known.insert(m[1]);
    if (std::regex_match(line, m, message)) {
      ++messages;
      BOOST_CHECK_MESSAGE(known.contains(m[1]) && known.contains(m[3]), line);
    }
    last = line;
  }
  BOOST_CHECK_EQUAL(messages, 9u);
  BOOST_CHECK_EQUAL(last, "@enduml");
}

// Fields and their types as the Trace Event Format document has them.
BOOST_AUTO_TEST_CASE(the_chrome_file_has_the_fields_of_its_format) {
  const TraceSet set = network();
  const json file = json::parse(to_chrome(set, everything(set)));
  std::size_t slices = 0;
  std::map<int, int> arrows;
  const auto ns = [](const json& us) { return std::llround(us.get<double>() * 1000); };
  // On a bar of the same actor, and its end is not on it: readers drop other arrows.
  const auto on_a_bar = [&](const json& arrow) {
    const auto& events = file.at("traceEvents");
    return std::any_of(events.begin(), events.end(), [&](const json& bar) {
      if (bar.at("ph") != "X" || bar.at("pid") != arrow.at("pid") ||
          bar.at("tid") != arrow.at("tid"))
        return false;
      const auto begin = ns(bar.at("ts")), at = ns(arrow.at("ts"));
      return at == begin || (at > begin && at < begin + ns(bar.at("dur")));
    });
  };
  for (const json& e : file.at("traceEvents")) {
    const std::string ph = e.at("ph");
    BOOST_CHECK(e.at("pid").is_number_integer() && e.at("tid").is_number_integer());
    BOOST_CHECK(e.at("name").is_string());
    if (ph == "M") {
      BOOST_CHECK(e.at("args").at("name").is_string());
      continue;
    }
    BOOST_CHECK(e.at("ts").is_number() && e.at("cat").is_string());
    if (ph == "X") {
      ++slices;
      BOOST_CHECK_GE(e.at("dur").get<double>(), 0);
    } else if (ph == "s") {
      BOOST_CHECK_MESSAGE(on_a_bar(e), e.dump());
      arrows[e.at("id").get<int>()] += 1;
    } else {
      BOOST_CHECK_EQUAL(ph, "f");
      BOOST_CHECK_MESSAGE(on_a_bar(e), e.dump());
      BOOST_CHECK_EQUAL(e.at("bp"), "e");
      arrows[e.at("id").get<int>()] += 10;
    }
  }
  BOOST_CHECK_EQUAL(slices, 9u);
  BOOST_CHECK_EQUAL(arrows.size(), 6u);
  for (const auto& [id, ends] : arrows) BOOST_CHECK_EQUAL(ends, 11);
}

BOOST_AUTO_TEST_CASE(otlp_has_one_trace_for_a_transaction_and_parents_that_exist) {
  const TraceSet set = network();
  const json file = json::parse(to_otlp(set, transaction_flow(set, tx)));
  std::set<std::string> traces, ids;
  std::vector<std::string> parents;
  for (const json& resource : file.at("resourceSpans"))
    for (const json& span : resource.at("scopeSpans").at(0).at("spans")) {
      traces.insert(span.at("traceId").get<std::string>());
      ids.insert(span.at("spanId").get<std::string>());
      if (span.contains("parentSpanId")) parents.push_back(span.at("parentSpanId"));
      BOOST_CHECK_EQUAL(span.at("traceId").get<std::string>().size(), 32u);
      BOOST_CHECK_LE(std::stoll(span.at("startTimeUnixNano").get<std::string>()),
                     std::stoll(span.at("endTimeUnixNano").get<std::string>()));
    }
  BOOST_CHECK_EQUAL(traces.size(), 1u);
  BOOST_CHECK_EQUAL(ids.size(), 9u);
  for (const std::string& parent : parents) BOOST_CHECK(ids.contains(parent));
}

BOOST_AUTO_TEST_CASE(csv_lines_have_as_many_fields_as_the_head) {
  const TraceSet set = network();
  std::istringstream in(to_csv(set, everything(set)));
  std::string line;
  std::size_t lines = 0;
  while (std::getline(in, line)) {
    bool quoted = false;
    std::size_t fields = 1;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == ',' && !quoted) ++fields;
    }
    BOOST_CHECK_MESSAGE(fields == 21, line);
    ++lines;
  }
  BOOST_CHECK_EQUAL(lines, 10u);
}

BOOST_AUTO_TEST_CASE(every_step_is_json) {
  const TraceSet set = network();
  for (const FlowStep& step : everything(set).steps)
    BOOST_CHECK(json::parse(step_json(set, step)).at("span").is_string());
}

BOOST_AUTO_TEST_CASE(names_in_any_bytes_are_json) {
  BOOST_CHECK_EQUAL(json_text("Z\xc3\xbcrich \"1\"\n"), "\"Z\xc3\xbcrich \\\"1\\\"\\u000a\"");
  BOOST_CHECK_EQUAL(json_text("a\xff\xc3"), "\"a\\ufffd\\ufffd\"");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  BOOST_CHECK(json::parse(json_text(all)).is_string());
}

WITAN_PROPERTY(any_records_can_be_drawn_and_exported, [](const std::vector<std::uint8_t>& noise) {
  std::vector<HopRecord> hops(noise.size() / 8);
  for (std::size_t i = 0; i < hops.size(); ++i) {
    std::uint64_t v = 0;
    std::memcpy(&v, noise.data() + i * 8, 8);
    HopRecord& h = hops[i];
    h = hop(v % 5, v / 7 % 5, static_cast<std::int64_t>(v), v % 3);
    h.started = static_cast<std::int64_t>(v * 0x9e3779b97f4a7c15);
    h.finished = static_cast<std::int64_t>(v << 7);
    h.kind = static_cast<std::uint8_t>(v % 4);
    h.type = commit_type;
  }
  TraceSet set;
  const std::size_t node = set.node({}, "n");
  set.types[commit_type] = "CommitBlock";
  HopList list;
  list.hops = hops;
  set.add_hops(node, 1LL << 62, list);
  set.finish();
  const Flow flow = everything(set);
  RC_ASSERT(tree_order(flow).size() == flow.steps.size());
  (void)critical_path(set, 1, "");
  (void)to_mermaid(set, flow, 50);
  (void)to_csv(set, flow);
  RC_ASSERT(json::parse(to_chrome(set, flow)).is_object());
  RC_ASSERT(json::parse(to_otlp(set, flow)).is_object());
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::trace::test
