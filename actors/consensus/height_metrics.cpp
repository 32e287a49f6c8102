#include "actors/consensus/height_metrics.hpp"

#include <algorithm>
#include <utility>

namespace witan::consensus {
namespace {
double as_ms(Duration d) { return static_cast<double>(d.ns) / 1e6; }
}  // namespace

HeightMetrics::HeightMetrics(Services services, ValidatorSetPtr validators,
                             std::optional<ValidatorIndex> self, Duration patience)
    : services_(services),
      validators_(std::move(validators)),
      self_(self),
      patience_(patience),
      step_seconds_{services_.metrics.step_duration.with({name_of(Step::propose)}),
                    services_.metrics.step_duration.with({name_of(Step::prevote)}),
                    services_.metrics.step_duration.with({name_of(Step::precommit)})} {
  services_.metrics.validators.set_count(validators_->size());
  services_.metrics.validators_power.set_count(validators_->power_total());
  if (self_) services_.metrics.validator_power.set_count(validators_->at(*self_).power);
}

void HeightMetrics::height_started(Height height, Instant now) {
  height_began_ = now;
  reported_ = {};
  step_ = Step::unstarted;
  services_.metrics.height.set_count(height.get());
  if (!equivocators_.empty()) {
    equivocators_.clear();
    services_.metrics.byzantine_validators.set(0);
    services_.metrics.byzantine_validators_power.set(0);
  }
  log_event(services_.log, Event::height_started,
            {{"height", height},
             {"validators", validators_->size()},
             {"power", validators_->power_total()}});
}

void HeightMetrics::step_entered(Step step, Instant now) {
  const Step left = std::exchange(step_, step);
  if (left >= Step::propose && left <= Step::precommit)
    step_seconds_[static_cast<std::size_t>(left) - 1].observe(now - step_began_);
  step_began_ = now;
}

void HeightMetrics::round_entered(Height height, Round round, Instant now) {
  if (round > Round(0)) {
    services_.metrics.round_duration.observe(now - round_began_);
    services_.metrics.round_increment.with({failed_step_ ? name_of(*failed_step_) : "skipped"})
        .add();
    if (!round_over_)
      log_event(services_.log, Event::round_skipped,
                {{"height", height}, {"round", round.get() - 1}, {"to", round}});
  }
  failed_step_.reset();
  round_over_ = false;
  proposal_at_.reset();
  round_began_ = now;
  services_.metrics.rounds.set(round.get());
}

void HeightMetrics::timed_out(Height height, Round round, Step step, Duration waited) {
  if (!failed_step_) failed_step_ = step;
  round_over_ = round_over_ || step == Step::precommit;
  log_event(services_.log, Event::timeout_fired,
            {{"height", height}, {"round", round}, {"step", step}, {"ms", as_ms(waited)}});
}

void HeightMetrics::proposal_complete(Instant now) {
  if (!proposal_at_) proposal_at_ = now;
}

void HeightMetrics::locked(Instant now) {
  if (proposal_at_) services_.metrics.quorum_prevote_delay.set((now - *proposal_at_).seconds());
}

void HeightMetrics::equivocated(ValidatorIndex validator) {
  if (!equivocators_.insert(validator).second) return;
  std::uint64_t power = 0;
  for (const ValidatorIndex v : equivocators_) power += validators_->at(v).power;
  services_.metrics.byzantine_validators.set_count(equivocators_.size());
  services_.metrics.byzantine_validators_power.set_count(power);
}

void HeightMetrics::decided(const CommitCertificate& certificate, Instant now) {
  step_entered(Step::commit, now);
  if (proposal_at_) services_.metrics.quorum_precommit_delay.set((now - *proposal_at_).seconds());
  if (decided_at_) services_.metrics.block_interval.observe(now - *decided_at_);
  decided_at_ = now;
  services_.metrics.finality.observe(now - height_began_);
  services_.metrics.latest_block_height.set_count(certificate.height.get());
  count_signers(certificate);
}

void HeightMetrics::count_signers(const CommitCertificate& certificate) {
  std::uint64_t signed_power = 0;
  bool own = false;
  for (const CertificateSignature& s : certificate.signatures) {
    signed_power += validators_->at(s.validator).power;
    own = own || s.validator == self_;
  }
  services_.metrics.missing_validators.set_count(validators_->size() -
                                                 certificate.signatures.size());
  services_.metrics.missing_validators_power.set_count(validators_->power_total() - signed_power);
  if (!self_) return;
  if (own)
    return services_.metrics.validator_last_signed_height.set_count(certificate.height.get());
  services_.metrics.validator_missed_blocks.set_count(++missed_);
  log_event(services_.log, Event::own_vote_missed, {{"height", certificate.height}});
}

void HeightMetrics::look(Height height, Round round, Instant now) {
  const Duration age = now - height_began_;
  if (age < patience_ || age < reported_ * 2) return;
  reported_ = age;
  log_event(services_.log, Event::no_progress,
            {{"height", height}, {"round", round}, {"ms", as_ms(age)}});
}

}  // namespace witan::consensus
