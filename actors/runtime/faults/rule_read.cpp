// The grammar of rule.hpp, word by word. A rule in a TOML file becomes the same words, each with
// the place of its key, so that there is one reader.
#include <algorithm>
#include <functional>
#include <utility>

#include "actors/runtime/faults/names.hpp"

namespace witan::faults {
namespace {

struct Word {
  std::string text;
  std::string place;
  bool quoted = false;
};
using Words = std::vector<Word>;
using Place = std::function<std::string(std::size_t)>;  // of a byte offset

tl::unexpected<Error> refuse(const std::string& place, std::string text) {
  return fail(ErrorCode::bad_rule, place, std::move(text));
}

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

// Reads a quoted word that begins at `at`; leaves `at` behind it.
Result<std::string> read_quoted(std::string_view text, std::size_t& at, const Place& place) {
  const std::size_t begin = at++;
  std::string out;
  while (at < text.size() && text[at] != '"') {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at++];
  }
  if (at == text.size()) return refuse(place(begin), "the quotation mark is not closed");
  ++at;
  return out;
}

Result<Words> split(std::string_view text, const Place& place) {
  if (text.size() > rule_bytes_max)
    return refuse(place(rule_bytes_max),
                  "a rule has at most " + std::to_string(rule_bytes_max) + " bytes");
  Words out;
  std::size_t at = 0;
  const auto blank = [&] { return text[at] == ' ' || text[at] == '\t'; };
  while (true) {
    while (at < text.size() && blank()) ++at;
    if (at == text.size()) return out;
    Word word;
    word.place = place(at);
    if (text[at] == '"') {
      word.quoted = true;
      WITAN_TRY(word.text, read_quoted(text, at, place));
    } else {
      while (at < text.size() && !blank() && text[at] != '"') word.text += text[at++];
    }
    if (!std::all_of(word.text.begin(), word.text.end(), is_printable))
      return refuse(word.place, "only printable ASCII characters are allowed");
    out.push_back(std::move(word));
  }
}

Result<std::uint64_t> digits(const Word& word, std::string_view text, std::uint64_t max,
                             const std::string& wanted) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return refuse(word.place, wanted + ", not `" + word.text + "`");
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (max - digit) / 10) return refuse(word.place, "`" + word.text + "` is too large");
    value = value * 10 + digit;
  }
  if (text.empty()) return refuse(word.place, wanted + ", not `" + word.text + "`");
  return value;
}

Result<std::uint64_t> count(const Word& word, std::string_view what) {
  WITAN_TRY(const std::uint64_t value, digits(word, word.text, std::uint64_t{1} << 62,
                                              std::string(what) + " needs a whole number"));
  if (value == 0) return refuse(word.place, std::string(what) + " must be at least 1");
  return value;
}

Result<Duration> time_of(const Word& word, std::string_view text) {
  const auto unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(unit_at);
  const std::string wanted = "needs a time such as 250ms, 5s or 2m";
  for (const UnitWord& known : unit_words) {
    if (unit != known.word) continue;
    WITAN_TRY(const std::uint64_t value,
              digits(word, text.substr(0, unit_at),
                     static_cast<std::uint64_t>(time_max.ns / known.ns), wanted));
    return Duration{static_cast<std::int64_t>(value) * known.ns};
  }
  return refuse(word.place, wanted + ", not `" + word.text + "`");
}

Result<Duration> positive_time(const Word& word, std::string_view text) {
  WITAN_TRY(const Duration out, time_of(word, text));
  if (out.ns == 0) return refuse(word.place, "the time must be more than 0");
  return out;
}

// "0.25", "1", "25%": in millionths, exactly.
Result<std::uint32_t> probability(const Word& word) {
  std::string_view text = word.text;
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.remove_suffix(1);
  const auto dot = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = dot < text.size() ? text.substr(dot + 1) : std::string_view();
  const std::size_t places = percent ? 4 : 6;
  const std::string wanted =
      "probability is more than 0 and at most 1, with at most 6 decimals, "
      "or a percentage with at most 4";
  if (part.size() > places || (dot < text.size() && part.empty()))
    return refuse(word.place, wanted);
  std::string all(whole);
  all += part;
  all.append(places - part.size(), '0');
  const auto value = digits(word, all, std::uint64_t{1} << 62, wanted);
  if (!value || whole.empty() || *value == 0 || *value > probability_one)
    return refuse(word.place, wanted);
  return static_cast<std::uint32_t>(*value);
}

std::string list_of_actions(Target target) {
  std::string out;
  for (std::size_t i = 0; i < action_words.size(); ++i) {
    if (!fits(static_cast<Action>(i), target)) continue;
    out += (out.empty() ? "" : ", ") + std::string(action_words[i].word);
  }
  return out;
}

class Reader {
 public:
  Reader(Words words, std::string end, const Vocabulary* vocabulary)
      : words_(std::move(words)), end_(std::move(end)), vocabulary_(vocabulary) {}

  Result<Rule> read() {
    WITAN_TRY_VOID(read_where());
    while (true) {
      WITAN_TRY(const Word word, next("`do` and what to do"));
      if (!word.quoted && word.text == "do") break;
      WITAN_TRY_VOID(read_clause(word));
    }
    WITAN_TRY_VOID(read_what());
    if (at_ < words_.size())
      return refuse(words_[at_].place, "`" + words_[at_].text + "` is one word too many");
    WITAN_TRY_VOID(check_together());
    return std::move(rule_);
  }

 private:
  Result<Word> next(const std::string& wanted) {
    if (at_ == words_.size()) return refuse(end_, "the rule ends here; it needs " + wanted);
    return words_[at_++];
  }
  // A word that is there only if it does not end the rule.
  const Word* optional() { return at_ < words_.size() ? &words_[at_++] : nullptr; }

  Result<std::string> glob(const std::string& wanted) {
    WITAN_TRY(Word word, next(wanted));
    if (word.text.empty()) return refuse(word.place, "needs " + wanted);
    return std::move(word.text);
  }

  Status read_where() {
    WITAN_TRY(const Word on, next("`on` and a place"));
    if (on.text != "on" || on.quoted) return refuse(on.place, "a rule begins with `on`");
    WITAN_TRY(const Word word, next("an actor's path, or link, disk or clock"));
    if (word.quoted || (word.text != "link" && word.text != "disk" && word.text != "clock")) {
      if (word.text.empty() || (word.text[0] != '/' && word.text[0] != '*'))
        return refuse(word.place, "`" + word.text +
                                      "` is no place: an actor's path begins with / or *; else "
                                      "`link A -> B`, `disk PATH` or `clock`");
      rule_.target = Target::actor;
      rule_.where = word.text;
      return {};
    }
    if (word.text == "clock") {
      rule_.target = Target::clock;
      return {};
    }
    if (word.text == "disk") {
      rule_.target = Target::disk;
      WITAN_TRY(rule_.where, glob("a file's path"));
      return {};
    }
    rule_.target = Target::link;
    return read_link();
  }

  // "a -> b" in three words, or "a->b" in one.
  Status read_link() {
    WITAN_TRY(Word first, next("a node's name"));
    std::string from = first.text;
    std::string arrow;
    std::string to;
    for (const char* known : {"<->", "->"}) {
      const auto at = first.text.find(known);
      if (at == std::string::npos || first.quoted) continue;
      from = first.text.substr(0, at);
      arrow = known;
      to = first.text.substr(at + arrow.size());
      break;
    }
    if (arrow.empty()) {
      WITAN_TRY(const Word word, next("-> or <->"));
      arrow = word.text;
      if (arrow != "->" && arrow != "<->")
        return refuse(word.place, "a link is written A -> B or A <-> B");
      WITAN_TRY(to, glob("the other node's name"));
    }
    if (from.empty() || to.empty())
      return refuse(first.place, "a link is written A -> B or A <-> B");
    rule_.where = from;
    rule_.to = to;
    rule_.both_ways = arrow == "<->";
    return {};
  }

  Status only_for(const Word& word, std::string_view targets) const {
    if (targets.find(name_of(rule_.target).front()) != std::string_view::npos) return {};
    return refuse(word.place,
                  "`" + word.text + "` says nothing about a " + std::string(name_of(rule_.target)));
  }

  // A clause given twice would silently lose its first value.
  Status once(const Word& word) {
    if (std::find(seen_.begin(), seen_.end(), word.text) != seen_.end())
      return refuse(word.place, "`" + word.text + "` is given twice");
    seen_.push_back(word.text);
    return {};
  }

  Status read_clause(const Word& word) {
    const std::string& name = word.quoted ? empty_ : word.text;
    if (name == "with") return read_with(word);
    if (name == "at" || name == "sender" || name == "message" || name == "call")
      return read_name(word);
    if (name == "nth" || name == "every" || name == "times" || name == "probability")
      return read_number(word);
    if (name == "from" || name == "until") return read_time(word);
    return refuse(word.place, "`" + word.text +
                                  "` is not a word of the grammar; expected at, sender, message, "
                                  "with, call, nth, every, probability, from, until, times or do");
  }

  Status read_name(const Word& word) {
    WITAN_TRY_VOID(once(word));
    const std::string& name = word.text;
    WITAN_TRY(const Word value, next("a value for `" + name + "`"));
    if (value.text.empty()) return refuse(value.place, "`" + name + "` needs a value");
    if (name == "at") rule_.at = value.text;
    if (name == "sender") {
      WITAN_TRY_VOID(only_for(word, "a"));
      rule_.sender = value.text;
    }
    if (name == "message") {
      WITAN_TRY_VOID(only_for(word, "al"));
      if (vocabulary_ != nullptr)
        if (const Status ok = vocabulary_->check_message(value.text); !ok)
          return refuse(value.place, ok.error().text);
      rule_.message = value.text;
    }
    if (name == "call") {
      WITAN_TRY_VOID(only_for(word, "d"));
      const auto& calls = file_calls();
      if (std::find(calls.begin(), calls.end(), value.text) == calls.end())
        return refuse(value.place,
                      "`" + value.text + "` is no file operation; known: " + known_calls());
      rule_.call = value.text;
    }
    return {};
  }

  static std::string known_calls() {
    std::string out;
    for (const std::string_view call : file_calls()) {
      out += out.empty() ? "" : ", ";
      out += call;
    }
    return out;
  }

  Status read_with(const Word& word) {
    WITAN_TRY_VOID(only_for(word, "al"));
    WITAN_TRY(const Word value, next("FIELD=VALUE"));
    const auto equals = value.text.find('=');
    if (equals == std::string::npos || equals == 0)
      return refuse(value.place, "`with` needs FIELD=VALUE, not `" + value.text + "`");
    if (rule_.with.size() == rule_tests_max)
      return refuse(word.place, "a rule has at most " + std::to_string(rule_tests_max) + " `with`");
    rule_.with.push_back({value.text.substr(0, equals), value.text.substr(equals + 1)});
    with_places_.push_back(value.place);
    return {};
  }

  Status read_number(const Word& word) {
    WITAN_TRY_VOID(once(word));
    WITAN_TRY_VOID(only_for(word, "ald"));
    WITAN_TRY(const Word value, next("a number for `" + word.text + "`"));
    if (word.text == "probability") {
      WITAN_TRY(rule_.probability_ppm, probability(value));
      return {};
    }
    WITAN_TRY(const std::uint64_t number, count(value, word.text));
    if (word.text == "nth") rule_.nth = number;
    if (word.text == "every") rule_.every = number;
    if (word.text == "times") rule_.times = number;
    return {};
  }

  Status read_time(const Word& word) {
    WITAN_TRY_VOID(once(word));
    WITAN_TRY(const Word value, next("a time for `" + word.text + "`"));
    WITAN_TRY(const Duration time, time_of(value, value.text));
    if (word.text == "from") rule_.from = time;
    if (word.text == "until") rule_.until = time;
    if (rule_.until && *rule_.until <= rule_.from)
      return refuse(value.place, "`until` must be later than `from`");
    return {};
  }

  Status read_what() {
    WITAN_TRY(const Word word, next("what to do after `do`"));
    const auto found =
        std::find_if(action_words.begin(), action_words.end(),
                     [&](const ActionWord& known) { return known.word == word.text; });
    const auto list = list_of_actions(rule_.target);
    const std::string target(name_of(rule_.target));
    if (found == action_words.end() || word.quoted)
      return refuse(word.place,
                    "`" + word.text + "` is nothing a rule can do; for a " + target + ": " + list);
    rule_.action = static_cast<Action>(found - action_words.begin());
    if (!fits(rule_.action, rule_.target))
      return refuse(word.place,
                    "`" + word.text + "` does not fit a " + target + "; expected " + list);
    return read_argument();
  }

  Status read_argument() {
    switch (rule_.action) {
      case Action::delay:
        return read_delay();
      case Action::slow: {
        WITAN_TRY(const Word word, next("a time"));
        WITAN_TRY(rule_.by, positive_time(word, word.text));
        return {};
      }
      case Action::reorder:
      case Action::hang:
        rule_.by = rule_.action == Action::reorder ? reorder_default : Duration{};
        if (const Word* word = optional()) {
          WITAN_TRY(rule_.by, positive_time(*word, word->text));
        }
        return {};
      case Action::corrupt:
      case Action::short_write:
        rule_.bytes = rule_.action == Action::corrupt ? 1 : 0;
        return read_bytes();
      case Action::throw_:
        if (const Word* word = optional()) rule_.text = word->text;
        return {};
      case Action::step:
      case Action::drift:
        return read_signed();
      default:
        return {};
    }
  }

  Status read_delay() {
    WITAN_TRY(const Word word, next("a time"));
    const auto dots = word.text.find("..");
    const std::string_view text = word.text;
    WITAN_TRY(rule_.by, positive_time(word, text.substr(0, dots)));
    rule_.by_max = rule_.by;
    if (dots == std::string::npos) return {};
    WITAN_TRY(rule_.by_max, positive_time(word, text.substr(dots + 2)));
    if (rule_.by_max <= rule_.by)
      return refuse(word.place, "a range of delays goes from the shorter to the longer time");
    return {};
  }

  Status read_bytes() {
    const Word* word = optional();
    if (word == nullptr) return {};
    WITAN_TRY(rule_.bytes,
              digits(*word, word->text, std::uint64_t{1} << 40, "needs a whole number of bytes"));
    if (rule_.action == Action::corrupt && rule_.bytes == 0)
      return refuse(word->place, "at least one byte has to be corrupted");
    return {};
  }

  Status read_signed() {
    WITAN_TRY(const Word word, next(rule_.action == Action::step ? "a time" : "a rate in ppm"));
    std::string_view text = word.text;
    const bool negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (rule_.action == Action::step) {
      WITAN_TRY(rule_.by, positive_time(word, text));
      if (negative) rule_.by.ns = -rule_.by.ns;
      return {};
    }
    WITAN_TRY(const std::uint64_t rate,
              digits(word, text, static_cast<std::uint64_t>(drift_ppm_max),
                     "drift needs whole parts per million"));
    if (rate == 0) return refuse(word.place, "a drift of 0 does nothing");
    rule_.ppm = static_cast<std::int64_t>(rate) * (negative ? -1 : 1);
    return {};
  }

  // What can only be judged when all words are known.
  Status check_together() const {
    const int choices = (rule_.nth != 0 ? 1 : 0) + (rule_.every != 0 ? 1 : 0) +
                        (rule_.probability_ppm != 0 ? 1 : 0);
    if (choices > 1)
      return refuse(end_, "nth, every and probability exclude each other: give one of them");
    if (rule_.nth != 0 && rule_.times != 0)
      return refuse(end_, "`nth` happens once: `times` says nothing beside it");
    if (!rule_.call.empty() && !meets(rule_.action, rule_.call))
      return refuse(
          end_, "`" + std::string(name_of(rule_.action)) + "` never meets a `" + rule_.call + "`");
    if (vocabulary_ == nullptr) return {};
    for (std::size_t i = 0; i < rule_.with.size(); ++i) {
      if (const Status ok = vocabulary_->check_field(rule_.message, rule_.with[i]); !ok)
        return refuse(with_places_[i], ok.error().text);
    }
    return {};
  }

  const Words words_;
  const std::string end_;
  const Vocabulary* vocabulary_;
  const std::string empty_;
  std::size_t at_ = 0;
  std::vector<std::string> seen_;
  std::vector<std::string> with_places_;
  Rule rule_;
};

Result<Rule> read_line(std::string_view text, const Place& place, const Vocabulary* vocabulary) {
  WITAN_TRY(Words words, split(text, place));
  return Reader(std::move(words), place(text.size()), vocabulary).read();
}

bool is_target(std::string_view key) {
  return key == "on" || key == "link" || key == "disk" || key == "clock";
}

// The words after a key: "do" and "link" hold several, the others one.
Status append_words(const RuleKey& entry, Words& out) {
  if (entry.key != "do" && entry.key != "link") {
    out.push_back({entry.value, entry.place, true});
    return {};
  }
  WITAN_TRY(Words words, split(entry.value, [&](std::size_t) { return entry.place; }));
  for (Word& word : words) out.push_back(std::move(word));
  return {};
}

Status append_target(const RuleKey& entry, Words& out) {
  out.push_back({"on", entry.place});
  if (entry.key == "clock") {
    if (entry.value != "true") return refuse(entry.place, "write clock = true");
    out.push_back({"clock", entry.place});
    return {};
  }
  if (entry.key != "on") out.push_back({entry.key, entry.place});
  return append_words(entry, out);
}

}  // namespace

const std::vector<std::string_view>& file_calls() {
  static const std::vector<std::string_view> calls{
      "create", "free_bytes", "identity", "list", "make_folder", "open",     "preallocate", "read",
      "remove", "rename",     "size",     "sync", "sync_folder", "truncate", "write"};
  return calls;
}

Result<Rule> parse_rule(std::string_view text, const Vocabulary* vocabulary) {
  return read_line(
      text, [](std::size_t at) { return "column " + std::to_string(at + 1); }, vocabulary);
}

Result<std::vector<Rule>> parse_rules(std::string_view text, const std::string& name,
                                      const Vocabulary* vocabulary) {
  std::vector<Rule> out;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
    const auto first = row.find_first_not_of(" \t");
    if (first == std::string_view::npos || row[first] == '#') continue;
    const auto place = [&](std::size_t at) {
      return name + ":" + std::to_string(line) + ":" + std::to_string(at + 1);
    };
    WITAN_TRY(Rule rule, read_line(row, place, vocabulary));
    if (out.size() == rules_max)
      return refuse(place(0), "at most " + std::to_string(rules_max) + " rules");
    out.push_back(std::move(rule));
  }
  return out;
}

Result<Rule> rule_from_keys(const std::vector<RuleKey>& keys, const std::string& place,
                            const Vocabulary* vocabulary) {
  Words words;
  Words what;
  for (const RuleKey& entry : keys) {
    if (!is_target(entry.key)) continue;
    if (!words.empty()) return refuse(entry.place, "a rule has one place: on, link, disk or clock");
    WITAN_TRY_VOID(append_target(entry, words));
  }
  if (words.empty()) return refuse(place, "a rule needs a place: on, link, disk or clock");
  for (const RuleKey& entry : keys) {
    if (is_target(entry.key)) continue;
    Words& out = entry.key == "do" ? what : words;
    out.push_back({entry.key, entry.place});
    WITAN_TRY_VOID(append_words(entry, out));
  }
  for (Word& word : what) words.push_back(std::move(word));
  return Reader(std::move(words), place, vocabulary).read();
}

}  // namespace witan::faults
