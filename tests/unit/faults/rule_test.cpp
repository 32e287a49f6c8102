// The grammar: what is read, what is refused and where, and that writing loses nothing.
#include "tests/unit/faults/rules.hpp"

namespace witan::faults {
namespace {

// "column 5: what" of a rule that is refused.
std::string refusal(std::string_view text) {
  const auto rule = parse_rule(text);
  if (rule) return "accepted";
  BOOST_CHECK(rule.error().code == ErrorCode::bad_rule);
  return rule.error().field;
}

class Words final : public Vocabulary {
 public:
  Status check_message(std::string_view message) const override {
    if (message == "Vote") return {};
    return fail(ErrorCode::bad_rule, "", "no message is called so");
  }
  Status check_field(std::string_view, const FieldTest& test) const override {
    if (test.field == "type") return {};
    return fail(ErrorCode::bad_rule, "", "no such field");
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(rule_test)

BOOST_AUTO_TEST_CASE(a_rule_of_an_actor_is_read_word_by_word) {
  const Rule rule = rule_of(
      "on /node/chain/consensus at n2 sender /node/peers/* message OwnVote with "
      "vote.type=precommit with vote.round=0 from 5s until 2m nth 3 do kill");
  Rule want;
  want.where = "/node/chain/consensus";
  want.at = "n2";
  want.sender = "/node/peers/*";
  want.message = "OwnVote";
  want.with = {{"vote.type", "precommit"}, {"vote.round", "0"}};
  want.nth = 3;
  want.from = Duration::from_s(5);
  want.until = Duration::from_s(120);
  want.action = Action::kill;
  BOOST_CHECK(rule == want);
}

BOOST_AUTO_TEST_CASE(links_are_written_with_or_without_blanks) {
  const Rule rule = rule_of("on link n1 -> n2 do delay 10ms..50ms");
  BOOST_CHECK(rule == rule_of("on link n1->n2 do delay 10ms..50ms"));
  BOOST_CHECK_EQUAL(rule.where + "|" + rule.to, "n1|n2");
  BOOST_CHECK_EQUAL(rule.by.ms(), 10);
  BOOST_CHECK_EQUAL(rule.by_max.ms(), 50);
  BOOST_CHECK(!rule.both_ways);
  BOOST_CHECK(rule_of("on link n1<->* do drop").both_ways);
}

BOOST_AUTO_TEST_CASE(disks_and_clocks_have_their_own_faults) {
  const Rule disk = rule_of("on disk **/wal/* call sync every 5 times 2 do lost_fsync");
  BOOST_CHECK(disk.target == Target::disk && disk.action == Action::lost_fsync);
  BOOST_CHECK_EQUAL(disk.call, "sync");
  BOOST_CHECK_EQUAL(rule_of("on disk ** do short_write 17").bytes, 17u);
  BOOST_CHECK_EQUAL(rule_of("on clock at n1 do step -250ms").by.ms(), -250);
  BOOST_CHECK_EQUAL(rule_of("on clock do drift 200").ppm, 200);
}

BOOST_AUTO_TEST_CASE(probabilities_are_exact) {
  const auto ppm = [](const std::string& p) {
    return rule_of("on /a probability " + p + " do drop").probability_ppm;
  };
  BOOST_CHECK_EQUAL(ppm("0.25"), 250'000u);
  BOOST_CHECK_EQUAL(ppm("0.000001"), 1u);
  BOOST_CHECK_EQUAL(ppm("1"), probability_one);
  BOOST_CHECK_EQUAL(ppm("12.5%"), 125'000u);
  for (const char* bad : {"0", "1.1", "0.0000001", ".5", "5.", "x", "101%", "-1", "%"})
    BOOST_CHECK_EQUAL(refusal("on /a probability " + std::string(bad) + " do drop"), "column 19");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_column) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "column 1"},
      {"at /a do drop", "column 1"},
      {"on", "column 3"},
      {"on consensus do drop", "column 4"},
      {"on /a", "column 6"},
      {"on /a do", "column 9"},
      {"on /a do explode", "column 10"},
      {"on /a do no_space", "column 10"},
      {"on /a do drop now", "column 15"},
      {"on /a nth x do drop", "column 11"},
      {"on /a nth 0 do drop", "column 11"},
      {"on /a nth -1 do drop", "column 11"},
      {"on /a nth 99999999999999999999 do drop", "column 11"},
      {"on /a nth 1 nth 2 do drop", "column 13"},
      {"on /a nth 1 every 2 do drop", "column 28"},
      {"on /a nth 1 times 2 do drop", "column 28"},
      {"on /a messages Vote do drop", "column 7"},
      {"on /a do delay", "column 15"},
      {"on /a do delay 5", "column 16"},
      {"on /a do delay 0ms", "column 16"},
      {"on /a do delay 5ms..4ms", "column 16"},
      {"on /a do delay 9999h", "column 16"},
      {"on /a from 5s until 5s do drop", "column 21"},
      {"on /a with type do drop", "column 12"},
      {"on /a with =x do drop", "column 12"},
      {"on /a call write do drop", "column 7"},
      {"on link a do drop", "column 11"},
      {"on link -> b do drop", "column 9"},
      {"on link a -> b sender /x do drop", "column 16"},
      {"on disk x call fly do io_error", "column 16"},
      {"on disk x call read do no_space", "column 32"},
      {"on clock nth 3 do step 1s", "column 10"},
      {"on clock do step", "column 17"},
      {"on clock do drift 0", "column 19"},
      {"on clock do drop", "column 13"},
      {"on \"/a do drop", "column 4"},
      {"on /a\x01 do drop", "column 4"},
  };
  for (const auto& [text, column] : cases)
    BOOST_CHECK_MESSAGE(refusal(text) == column,
                        text << ": " << refusal(text) << " instead of " << column);
  BOOST_CHECK_EQUAL(refusal(std::string(rule_bytes_max + 1, 'x')), "column 1025");
}

BOOST_AUTO_TEST_CASE(a_vocabulary_refuses_unknown_messages_and_fields) {
  const Words words;
  BOOST_CHECK(parse_rule("on /a message Vote with type=x do drop", &words).has_value());
  const auto message = parse_rule("on /a message Vode do drop", &words);
  BOOST_REQUIRE(!message);
  BOOST_CHECK_EQUAL(message.error().field, "column 15");
  const auto field = parse_rule("on /a with kind=x message Vote do drop", &words);
  BOOST_REQUIRE(!field);
  BOOST_CHECK_EQUAL(field.error().field, "column 12");
}

BOOST_AUTO_TEST_CASE(a_text_of_many_rules_is_read_whole_or_not_at_all) {
  const auto rules = parse_rules("# a comment\n\non /a do drop\r\n  on clock do drift -5\n", "f");
  BOOST_REQUIRE(rules.has_value());
  BOOST_REQUIRE_EQUAL(rules->size(), 2u);
  BOOST_CHECK_EQUAL((*rules)[1].ppm, -5);
  const auto bad = parse_rules("on /a do drop\n  on /b do fly\n", "f");
  BOOST_REQUIRE(!bad);
  BOOST_CHECK_EQUAL(bad.error().field, "f:2:12");
  std::string many;
  for (std::size_t i = 0; i < rules_max; ++i) many += "on /a do drop\n";
  BOOST_CHECK(parse_rules(many, "f").has_value());
  BOOST_CHECK(!parse_rules(many + "on /a do drop\n", "f").has_value());
}

BOOST_AUTO_TEST_CASE(globs_know_path_segments) {
  BOOST_CHECK(glob_matches("/node/peers/session/*", "/node/peers/session/17"));
  BOOST_CHECK(!glob_matches("/node/peers/session/*", "/node/peers/session/17/x"));
  BOOST_CHECK(!glob_matches("/node/*", "/node/chain/consensus"));
  BOOST_CHECK(glob_matches("/node/**", "/node/chain/consensus"));
  BOOST_CHECK(glob_matches("**", ""));
  BOOST_CHECK(glob_matches("*", ""));
  BOOST_CHECK(!glob_matches("", "x"));
  BOOST_CHECK(glob_matches("**/wal/*", "/home/w/wal/000001"));
  BOOST_CHECK(glob_matches("n?", "n7"));
  BOOST_CHECK(!glob_matches("n?", "n/"));
  BOOST_CHECK(glob_matches("*a*b*", "xxaxxbxx"));
  BOOST_CHECK(!glob_matches("*a*b*", "xxbxxaxx"));
}

WITAN_PROPERTY(a_written_rule_reads_as_itself, [] {
  const Rule rule = some_rule();
  const std::string text = to_text(rule);
  RC_LOG() << text;
  RC_PRE(text.size() <= rule_bytes_max);
  const auto again = parse_rule(text);
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == rule);
})

WITAN_PROPERTY(a_text_matches_itself_and_globs_cut_from_it, [](const std::string& text) {
  std::string plain;
  for (const char c : text)
    if (c != '*' && c != '?') plain += c;
  RC_ASSERT(glob_matches(plain, plain));
  const auto cut = *rc::gen::inRange<std::size_t>(0, plain.size() + 1);
  RC_ASSERT(glob_matches(plain.substr(0, cut) + "**", plain));
  RC_ASSERT(glob_matches("**" + plain.substr(cut), plain));
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::faults
