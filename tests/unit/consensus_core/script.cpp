#include "tests/unit/consensus_core/script.hpp"

#include <sstream>

#include "tests/support/boost_test.hpp"

namespace witan::consensus::test {
namespace {

std::string trim(const std::string& s) {
  const auto a = s.find_first_not_of(" \t");
  return a == std::string::npos ? "" : s.substr(a, s.find_last_not_of(" \t") - a + 1);
}

std::string letter(const ValueId& value) {
  return value ? std::string(1, static_cast<char>(value->data[31])) : "nil";
}

Step step_named(const std::string& name) {
  for (const Step s : {Step::propose, Step::prevote, Step::precommit})
    if (name_of(s) == name) return s;
  throw std::invalid_argument("no step " + name);
}

std::string at(const char* name, const std::optional<RoundValue>& v) {
  return v ? std::string(" ") + name + "=" + letter(v->second) + "@" +
                 std::to_string(v->first.get())
           : "";
}

template <class T>
T read(std::istream& in) {
  T out{};
  if (!(in >> out)) throw std::invalid_argument("a field is missing");
  return out;
}

ValueId read_value(std::istream& in) {
  const auto text = read<std::string>(in);
  return text == "nil" ? std::nullopt : ValueId(block(text.back()));
}

std::vector<ValidatorIndex> read_validators(std::istream& in) {
  std::vector<ValidatorIndex> out;
  for (ValidatorIndex v = 0; in >> v;) out.push_back(v);
  if (out.empty()) throw std::invalid_argument("no validator named");
  return out;
}

}  // namespace

ValidatorSetPtr make_set(const std::vector<std::uint64_t>& powers) {
  std::vector<Validator> validators(powers.size());
  for (std::size_t i = 0; i < powers.size(); ++i) {
    validators[i].key.data[0] = static_cast<std::uint8_t>(i >> 8);
    validators[i].key.data[1] = static_cast<std::uint8_t>(i);
    validators[i].power = powers[i];
  }
  return std::make_shared<const ValidatorSet>(ValidatorSet::make(std::move(validators)).value());
}

BlockId block(char letter) {
  BlockId out;
  out.data[31] = static_cast<std::uint8_t>(letter);
  return out;
}

Signature signature_of(ValidatorIndex validator) {
  Signature out;
  out.data[0] = static_cast<std::uint8_t>(validator);
  return out;
}

VoteReceived vote(VoteType type, std::uint64_t height, int round, ValueId value,
                  ValidatorIndex validator) {
  return {Vote{type, Height(height), Round(round), value, {}, validator}, signature_of(validator)};
}

Certificate certificate(VoteType type, std::uint64_t height, int round, BlockId value,
                        const std::vector<ValidatorIndex>& members) {
  Certificate out{type, Height(height), Round(round), value, {}};
  for (const ValidatorIndex v : members) out.signatures.push_back({v, {}, signature_of(v)});
  return out;
}

Script::Script(std::optional<ValidatorIndex> self, std::vector<std::uint64_t> powers)
    : self_(self), set_(make_set(powers)) {
  for (std::size_t i = 0; i < powers.size(); ++i)
    proposers_.push_back(static_cast<ValidatorIndex>(i));
}

std::size_t Script::run(const std::string& table) {
  std::istringstream in(table);
  std::size_t lines = 0;
  for (std::string line; std::getline(in, line);) {
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    run_line(line);
    ++lines;
  }
  BOOST_REQUIRE_MESSAGE(lines > 0, "an empty table");
  return lines;
}

void Script::run_line(const std::string& line) {
  const auto arrow = line.find("=>");
  BOOST_REQUIRE_MESSAGE(arrow != std::string::npos, "no => in: " << line);
  const auto bar = line.find('|', arrow);
  const std::string expected =
      trim(line.substr(arrow + 2, bar == std::string::npos ? bar : bar - arrow - 2));
  std::string got;
  for (const Input& input : parse(trim(line.substr(0, arrow))))
    for (const Effect& effect : core.apply(input)) got += (got.empty() ? "" : "; ") + show(effect);
  if (got.empty()) got = "-";
  BOOST_CHECK_MESSAGE(got == expected, line << "\n    got " << got);
  if (bar == std::string::npos) return;
  const std::string state = trim(line.substr(bar + 1));
  BOOST_CHECK_MESSAGE(show_state() == state, line << "\n    state " << show_state());
}

std::vector<Input> Script::parse(const std::string& text) {
  std::istringstream in(text);
  auto word = read<std::string>(in);
  std::uint64_t h = height_;
  if (word[0] == '@') {
    h = std::stoull(word.substr(1));
    word = read<std::string>(in);
  }
  if (word == "start") {
    height_ = read<std::uint64_t>(in);
    return {StartHeight{Height(height_), set_, proposers_, self_}};
  }
  if (word == "replay") return {SetReplaying{read<std::string>(in) == "on"}};
  if (word == "own") return {parse_own(in)};
  if (word == "t") {
    const Step step = step_named(read<std::string>(in));
    const Round round(read<int>(in));
    const std::uint64_t known = timers_[{step, Height(h), round}];
    std::string stale;
    return {TimeoutFired{step, Height(h), round, in >> stale ? known + 1000 : known}};
  }
  const int round = read<int>(in);
  if (word == "prop") {
    const auto name = read<std::string>(in);
    const int pol = read<int>(in);
    return {ProposalComplete{Height(h), Round(round), Round(pol), block(name.back()),
                             read<ValidatorIndex>(in), name[0] != '!', name[0] != '~'}};
  }
  const ValueId value = read_value(in);
  if (word == "value") return {ProposeValue{Height(h), Round(round), *value}};
  const VoteType type = word == "pv" || word == "polka" ? VoteType::prevote : VoteType::precommit;
  if (word == "polka" || word == "commit")
    return {CertificateReceived{certificate(type, h, round, *value, read_validators(in))}};
  if (word != "pv" && word != "pc") throw std::invalid_argument("unknown input " + word);
  std::vector<Input> out;
  for (const ValidatorIndex v : read_validators(in)) out.push_back(vote(type, h, round, value, v));
  return out;
}

Input Script::parse_own(std::istream& in) {
  const auto what = read<std::string>(in);
  const int round = read<int>(in);
  const ValueId value = read_value(in);
  if (what == "prop") return RestoreOwnProposal{Height(height_), Round(round), *value};
  RestoreOwnVote out;
  const auto own =
      vote(what == "pv" ? VoteType::prevote : VoteType::precommit, height_, round, value, *self_);
  out.vote = {own.vote, own.signature};
  if (std::string word; in >> word) {
    const int locked = read<int>(in);
    out.locked = RoundValue{Round(locked), *read_value(in)};
  }
  return out;
}

std::string Script::show(const Effect& effect) {
  struct Show {
    Script& script;
    std::string operator()(const GetValue& e) const { return "get " + n(e.round); }
    std::string operator()(const SignProposal& e) const {
      return "prop " + n(e.round) + " " + letter(e.value) + " " + n(e.pol_round);
    }
    std::string operator()(const SignVote& e) const {
      BOOST_CHECK_EQUAL(e.vote.validator, *script.self_);
      const std::string pol = e.vote.pol_round.is_nil() ? "" : " pol " + n(e.vote.pol_round);
      return (e.vote.type == VoteType::prevote ? "pv " : "pc ") + n(e.vote.round) + " " +
             letter(e.vote.value) + pol;
    }
    std::string operator()(const ScheduleTimeout& e) const {
      script.timers_[{e.step, e.height, e.round}] = e.generation;
      return "t " + std::string(name_of(e.step)) + " " + n(e.round);
    }
    std::string operator()(const RoundFailed& e) const {
      BOOST_CHECK_EQUAL(e.generation, (script.timers_[{Step::precommit, e.height, e.round}]));
      return "failed " + n(e.round);
    }
    std::string operator()(const EnterRound& e) const { return "enter " + n(e.round); }
    std::string operator()(const NewLock& e) const {
      return "lock " + n(e.certificate.round) + " " + letter(e.certificate.block_id);
    }
    std::string operator()(const Decide& e) const {
      return "decide " + n(e.round) + " " + letter(e.value);
    }
    std::string operator()(const Equivocation& e) const {
      return "equiv " + std::to_string(e.first.vote.validator) + " " +
             (e.first.vote.type == VoteType::prevote ? "pv " : "pc ") + n(e.first.vote.round) +
             " " + letter(e.first.vote.value) + " " + letter(e.second.vote.value);
    }
    std::string operator()(const AmnesiaFound& e) const {
      return "amnesia " + std::to_string(e.prevote.vote.validator) + " " +
             n(e.precommit.vote.round) + " " + letter(e.precommit.vote.value) + " " +
             n(e.prevote.vote.round) + " " + letter(e.prevote.vote.value);
    }
    std::string operator()(const ProposalEquivocation& e) const {
      return "propequiv " + std::to_string(e.proposer) + " " + n(e.round) + " " +
             letter(e.value_a) + " " + letter(e.value_b);
    }
    static std::string n(Round r) { return std::to_string(r.get()); }
  };
  return std::visit(Show{*this}, effect);
}

std::string Script::show_state() const {
  const RoundState& s = core.state();
  return std::to_string(s.round.get()) + " " + std::string(name_of(s.step)) + at("lock", s.locked) +
         at("valid", s.valid);
}

}  // namespace witan::consensus::test
