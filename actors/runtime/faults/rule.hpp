// A fault rule as data: where, which, what. One grammar, read from a line of text (tests, command
// line) or from the same words as keys of a TOML table (scenario files):
//
//   rule   = "on" where { which } "do" what
//   where  = PATH | "link" NODE "->" NODE | "link" NODE "<->" NODE | "disk" PATH | "clock"
//   which  = "at" NODE | "sender" PATH | "message" TYPE | "with" FIELD=VALUE | "call" CALL
//          | "nth" N | "every" N | "probability" P | "from" TIME | "until" TIME | "times" N
//   what   = "drop" | "delay" TIME[..TIME] | "duplicate" | "reorder" [TIME] | "corrupt" [BYTES]
//          | "throw" [TEXT] | "hang" [TIME] | "slow" TIME | "kill" | "no_space" | "io_error"
//          | "short_write" [BYTES] | "lost_fsync" | "step" [-]TIME | "drift" [-]PPM
//
//   on /node/chain/consensus message OwnVote with vote.type=precommit nth 3 do kill
//
// PATH and NODE are globs: `*` any characters but "/", `**` any characters, `?` one but "/". TIME
// is a whole number with ns, us, ms, s, m or h. A word with blanks stands in double quotes. Meaning
// of every word and which go together: docs/faults.md. Values; pure; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan::faults {

inline constexpr std::size_t rule_bytes_max = 1024;  // of one rule's text
inline constexpr std::size_t rule_tests_max = 4;     // "with" clauses of one rule
inline constexpr std::size_t rules_max = 256;        // of one plan
inline constexpr Duration time_max = Duration::from_s(366LL * 24 * 3600);
inline constexpr std::uint32_t probability_one = 1'000'000;
inline constexpr std::int64_t drift_ppm_max = 1'000'000;
inline constexpr Duration reorder_default = Duration::from_ms(20);

enum class Target : std::uint8_t { actor, link, disk, clock };
enum class Action : std::uint8_t {
  drop,
  delay,
  duplicate,
  reorder,  // held back for a random time up to `by`, so that later ones overtake it
  corrupt,  // `bytes` bytes of a link's data or of what is read from a disk are changed
  throw_,
  hang,  // `by` zero: until the rule is cleared
  slow,
  kill,  // an actor: ends as killed; a link: the connection is closed
  no_space,
  io_error,
  short_write,  // the first `bytes` bytes are written, then no_space
  lost_fsync,   // success is reported and nothing was made durable
  step,         // the wall clock is `by` ahead while the window is open
  drift,        // the wall clock gains `ppm` microseconds a second while the window is open
};
[[nodiscard]] std::string_view name_of(Target target);
[[nodiscard]] std::string_view name_of(Action action);
[[nodiscard]] bool fits(Action action, Target target);
// Whether this fault can happen to this kind of file operation: `lost_fsync` meets syncs only.
[[nodiscard]] bool meets(Action action, std::string_view call);

// A message passes when its field (a path with dots) has this value: a number, true or false, a
// text, or the name of an enumerant.
struct FieldTest {
  std::string field;
  std::string value;
  bool operator==(const FieldTest&) const = default;
};

struct Rule {
  Target target = Target::actor;
  std::string where;       // glob of the actor, the file, or the link's first node; clock: empty
  std::string to;          // of a link: glob of the other node
  bool both_ways = false;  // of a link
  std::string at;          // glob of the node; empty: any
  std::string sender;      // glob of the sending actor; empty: any
  std::string message;     // schema name, or "0x" and the 16 digits of its type id; empty: any
  std::vector<FieldTest> with;
  std::string call;                   // kind of file operation; empty: any
  std::uint64_t nth = 0;              // 0: not asked
  std::uint64_t every = 0;            // 0: not asked
  std::uint32_t probability_ppm = 0;  // 0: not asked
  Duration from{};                    // since the rule was added
  std::optional<Duration> until{};    // exclusive
  std::uint64_t times = 0;            // 0: no limit
  Action action = Action::drop;
  Duration by{};
  Duration by_max{};  // of delay: > by when a range was given, else equal to it
  std::uint64_t bytes = 0;
  std::int64_t ppm = 0;
  std::string text;  // of throw; empty: a default
  bool operator==(const Rule&) const = default;
};

// What the parser may ask about messages, so that a misspelt name is refused with its place.
class Vocabulary {
 public:
  virtual ~Vocabulary() = default;
  [[nodiscard]] virtual Status check_message(std::string_view message) const = 0;
  // `message` is empty when the rule names none.
  [[nodiscard]] virtual Status check_field(std::string_view message,
                                           const FieldTest& test) const = 0;
};

// Kinds of file operations a rule may name, sorted.
[[nodiscard]] const std::vector<std::string_view>& file_calls();

// Errors: bad_rule; field = place ("column 24", or `name:line:column`), text = reason. Null: names
// of messages and fields are not checked.
[[nodiscard]] Result<Rule> parse_rule(std::string_view text,
                                      const Vocabulary* vocabulary = nullptr);
// One rule a line; empty lines and lines that begin with # are skipped. All or nothing.
[[nodiscard]] Result<std::vector<Rule>> parse_rules(std::string_view text, const std::string& name,
                                                    const Vocabulary* vocabulary = nullptr);
// The canonical text: parse_rule(to_text(r)) == r for every rule a parser returned.
[[nodiscard]] std::string to_text(const Rule& rule);
[[nodiscard]] std::string to_text(Duration time);

// A rule as a table of a TOML file: the words of the grammar as keys, "on" (or "link", "disk",
// "clock") first by meaning, not by place. Lists give a key more than once.
struct RuleKey {
  std::string key;
  std::string value;
  std::string place;  // name:line:column
};
[[nodiscard]] Result<Rule> rule_from_keys(const std::vector<RuleKey>& keys,
                                          const std::string& place,
                                          const Vocabulary* vocabulary = nullptr);
// Every [[fault]] table of a TOML text, in order; other tables are left to others. All or nothing.
// Errors: config (syntax), bad_rule; field = name:line:column.
[[nodiscard]] Result<std::vector<Rule>> rules_from_toml(std::string_view text,
                                                        const std::string& name,
                                                        const Vocabulary* vocabulary = nullptr);

// `*`, `**` and `?` as above. Time and space grow with the product of the two sizes only.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace witan::faults
