// Step tables for the consensus core, as text: one line per input, with everything it must cause.
//
//   INPUT => OUTPUT; OUTPUT | STATE        "-": no output; "| STATE" may be left out; # begins a
//   comment
//
// Values are capital letters or nil; "!A" is the invalid value A, "~A" the untimely one. "@H"
// before an input names another height than the started one. Validators are numbers; several at the
// end of pv/pc mean one vote of each. Inputs:   start H | value R A | prop R A VR FROM | pv R A V..
// | pc R A V.. | polka R A V.. | commit R A V..
//           t STEP R | t STEP R stale | own pv R A [lock R A] | own pc R A [lock R A] | own prop R
//           A replay on | replay off
// Outputs:  enter R | failed R | t STEP R | get R | prop R A VR | pv R A | pv R A pol R | pc R A |
// lock R A | decide R A
//           equiv V TYPE R A B | propequiv V R A B
// State:    ROUND STEP [lock=A@R] [valid=A@R]
#pragma once
#include <map>
#include <string>
#include <vector>

#include "actors/consensus/core/driver/consensus_core.hpp"

namespace witan::consensus::test {

[[nodiscard]] ValidatorSetPtr make_set(const std::vector<std::uint64_t>& powers);
[[nodiscard]] BlockId block(char letter);
[[nodiscard]] Signature signature_of(ValidatorIndex validator);
[[nodiscard]] VoteReceived vote(VoteType type, std::uint64_t height, int round, ValueId value,
                                ValidatorIndex validator);
[[nodiscard]] Certificate certificate(VoteType type, std::uint64_t height, int round, BlockId value,
                                      const std::vector<ValidatorIndex>& members);

class Script {
 public:
  // Validators with these powers; round r is proposed by r % n.
  explicit Script(std::optional<ValidatorIndex> self = 0,
                  std::vector<std::uint64_t> powers = {1, 1, 1, 1});
  // Runs every line; a difference is a Boost.Test error that shows the line. Returns lines run.
  std::size_t run(const std::string& table);

  ConsensusCore core;

 private:
  void run_line(const std::string& line);
  [[nodiscard]] std::vector<Input> parse(const std::string& text);
  [[nodiscard]] Input parse_own(std::istream& in);
  [[nodiscard]] std::string show(const Effect& effect);
  [[nodiscard]] std::string show_state() const;

  std::optional<ValidatorIndex> self_;
  ValidatorSetPtr set_;
  std::vector<ValidatorIndex> proposers_;
  std::uint64_t height_ = 1;
  std::map<std::tuple<Step, Height, Round>, std::uint64_t> timers_;
};

}  // namespace witan::consensus::test
