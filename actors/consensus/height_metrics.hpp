// HeightMetrics: how rounds and heights go, as metrics and log events. Told by the consensus actor
// what happened; decides nothing and reads no clock. Series are looked up once, when it is made.
#pragma once
#include <array>
#include <optional>
#include <set>

#include "actors/telemetry/services.hpp"
#include "messages/types/certificate.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::consensus {

class HeightMetrics {
 public:
  // A height that takes longer than `patience` is reported as no_progress.
  HeightMetrics(Services services, ValidatorSetPtr validators, std::optional<ValidatorIndex> self,
                Duration patience);

  void height_started(Height height, Instant now);
  [[nodiscard]] bool is_new(Step step) const { return step != step_; }
  void step_entered(Step step, Instant now);
  void round_entered(Height height, Round round, Instant now);
  void timed_out(Height height, Round round, Step step, Duration waited);
  void proposal_complete(Instant now);
  void locked(Instant now);
  void equivocated(ValidatorIndex validator);
  void decided(const CommitCertificate& certificate, Instant now);
  // Looks now and then whether the height is getting on.
  void look(Height height, Round round, Instant now);

 private:
  void count_signers(const CommitCertificate& certificate);

  Services services_;
  ValidatorSetPtr validators_;
  std::optional<ValidatorIndex> self_;
  Duration patience_;
  std::array<HistogramHandle, 3> step_seconds_;  // propose, prevote, precommit
  Step step_ = Step::unstarted;
  Instant step_began_{};
  Instant round_began_{};
  Instant height_began_{};
  Duration reported_{};              // age of the height when no_progress was said last
  std::optional<Step> failed_step_;  // first that timed out in this round
  bool round_over_ = false;          // its precommit timeout fired
  std::optional<Instant> proposal_at_;
  std::optional<Instant> decided_at_;
  std::set<ValidatorIndex> equivocators_;  // of this height
  std::uint64_t missed_ = 0;
};

}  // namespace witan::consensus
