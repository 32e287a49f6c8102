// The same rules as tables of a TOML file.
#include "tests/unit/faults/rules.hpp"

namespace witan::faults {
namespace {

std::string refusal(const std::string& text) {
  const auto rules = rules_from_toml(text, "s.toml");
  return rules ? "accepted" : rules.error().field;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rule_toml_test)

BOOST_AUTO_TEST_CASE(tables_say_the_same_as_lines) {
  const auto rules = rules_from_toml(R"(
name = "some scenario"
[network]
nodes = 4
[[fault]]
on = "/node/chain/consensus"
at = "n2"
message = "OwnVote"
with = ["vote.type=precommit", "vote.round=0"]
nth = 3
do = "kill"
[[fault]]
do = "delay 10ms..50ms"
link = "n1 -> *"
probability = 0.25
[[fault]]
disk = "**/wal/*"
call = "write"
do = "short_write 9"
[[fault]]
clock = true
from = "5s"
do = "step -1s"
)",
                                     "s.toml");
  WITAN_REQUIRE_OK(rules);
  BOOST_REQUIRE_EQUAL(rules->size(), 4u);
  BOOST_CHECK((*rules)[0] == rule_of("on /node/chain/consensus at n2 message OwnVote nth 3 with "
                                     "vote.type=precommit with vote.round=0 do kill"));
  BOOST_CHECK((*rules)[1] == rule_of("on link n1->* probability 0.25 do delay 10ms..50ms"));
  BOOST_CHECK((*rules)[2] == rule_of("on disk **/wal/* call write do short_write 9"));
  BOOST_CHECK((*rules)[3] == rule_of("on clock from 5s do step -1s"));
}

BOOST_AUTO_TEST_CASE(a_wrong_key_or_value_is_named_with_line_and_column) {
  const std::string head = "[[fault]]\non = \"/a\"\n";
  BOOST_CHECK_EQUAL(refusal(head + "do = \"fly\"\n"), "s.toml:3:1");
  BOOST_CHECK_EQUAL(refusal(head + "  nht = 3\ndo = \"drop\"\n"), "s.toml:3:3");
  BOOST_CHECK_EQUAL(refusal(head + "nth = -3\ndo = \"drop\"\n"), "s.toml:3:1");
  BOOST_CHECK_EQUAL(refusal(head + "nth = {}\ndo = \"drop\"\n"), "s.toml:3:7");
  BOOST_CHECK_EQUAL(refusal(head + "link = \"a->b\"\ndo = \"drop\"\n"), "s.toml:3:1");
  BOOST_CHECK_EQUAL(refusal(head + "do = 3\n"), "s.toml:3:1");
  BOOST_CHECK_EQUAL(refusal(head + "do = \n"), "s.toml:3:1");
  BOOST_CHECK_EQUAL(refusal("[[fault]]\ndo = \"drop\"\n"), "s.toml:1:1");
  BOOST_CHECK_EQUAL(refusal("x = 1\n\n" + head), "s.toml:3:1");
  // One bad rule: none is given.
  BOOST_CHECK_EQUAL(refusal(head + "do = \"drop\"\n" + head + "do = \"fly\"\n"), "s.toml:6:1");
}

WITAN_PROPERTY(keys_of_a_written_rule_read_as_itself, [] {
  const Rule rule = some_rule();
  const Rule plain = [&] {  // what a TOML text says without quotation marks of its own
    Rule out = rule;
    if (out.target == Target::link) out.where = "n1", out.to = "n2";
    out.text.clear();
    return out;
  }();
  std::vector<RuleKey> keys;
  const std::string text = to_text(plain);
  const auto what = text.substr(text.rfind(" do ") + 4);
  keys.push_back({"do", what, "p"});
  if (plain.target == Target::clock) keys.push_back({"clock", "true", "p"});
  if (plain.target == Target::disk) keys.push_back({"disk", plain.where, "p"});
  if (plain.target == Target::actor) keys.push_back({"on", plain.where, "p"});
  if (plain.target == Target::link)
    keys.push_back({"link", plain.both_ways ? "n1 <-> n2" : "n1->n2", "p"});
  const auto add = [&](const char* key, const std::string& value, bool there) {
    if (there) keys.push_back({key, value, "p"});
  };
  add("at", plain.at, !plain.at.empty());
  add("sender", plain.sender, !plain.sender.empty());
  add("message", plain.message, !plain.message.empty());
  for (const FieldTest& test : plain.with) add("with", test.field + "=" + test.value, true);
  add("nth", std::to_string(plain.nth), plain.nth != 0);
  add("every", std::to_string(plain.every), plain.every != 0);
  add("times", std::to_string(plain.times), plain.times != 0);
  add("until", plain.until ? to_text(*plain.until) : "", plain.until.has_value());
  add("from", to_text(plain.from), plain.from.ns != 0);
  if (plain.probability_ppm != 0) {
    std::string digits = std::to_string(plain.probability_ppm + probability_one);
    add("probability", (plain.probability_ppm == probability_one ? "1." : "0.") + digits.substr(1),
        true);
  }
  const auto again = rule_from_keys(keys, "p");
  RC_LOG() << text;
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == plain);
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::faults
