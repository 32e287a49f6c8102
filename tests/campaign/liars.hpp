// What Byzantine validators say. Each runs a participant of its own, so that it knows where the
// others are; its Twist gets what that one wants to say, and says something else. Liars sign with
// their own keys only, hear everything that is sent to them, and share a Plot: the halves into
// which they want to split the correct validators, and the story for each half.
#pragma once
#include <map>
#include <memory>
#include <set>

#include "messages/base/random.hpp"
#include "messages/base/time.hpp"
#include "tests/campaign/message.hpp"
#include "tests/campaign/participant.hpp"
#include "tests/campaign/scenario.hpp"

namespace witan::campaign {

// What a liar can do: send anything to anybody, when it likes.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual void whisper(ValidatorIndex from, ValidatorIndex to, Content content,
                       Duration later = {}) = 0;
  [[nodiscard]] virtual const Participant& shadow(ValidatorIndex liar) const = 0;
};

// Shared by the liars of a run.
struct Plot {
  std::set<ValidatorIndex> second_half;  // of all validators; the rest are the first half
  // (height, round) -> the value told to each half; equal unless a liar proposes.
  std::map<std::pair<Height, Round>, std::pair<ValueId, ValueId>> stories;
};

class Twist {
 public:
  Twist(Liar liar, ValidatorSetPtr set, Stage& stage, Plot& plot, Random random);
  virtual ~Twist() = default;
  // The shadow wants to say this to everybody. The default does so.
  virtual void said(const Content& content) { to_all(content); }
  // A message arrived (before the shadow takes it).
  virtual void heard(const Message&) {}
  // From time to time.
  virtual void tick() {}

 protected:
  void to_all(const Content& content, Duration later = {});
  void to_half(bool second, const Content& content);
  void to(ValidatorIndex v, const Content& content, Duration later = {});
  [[nodiscard]] ValidatorIndex somebody();
  [[nodiscard]] BlockId another_block(Height height, bool valid = true, bool timely = true);
  [[nodiscard]] Content vote(VoteType type, Height height, Round round, ValueId value,
                             Round pol = Round::nil()) const;
  // A proposal of that round that reached the shadow, or nil.
  [[nodiscard]] ValueId proposed(Round round) const;

  Key key_;
  ValidatorSetPtr set_;
  Stage& stage_;
  Plot& plot_;
  Random random_;
  std::uint32_t blocks_made_ = 1000;  // numbers apart from those of the shadow
};

[[nodiscard]] std::unique_ptr<Twist> make_twist(Liar liar, ValidatorSetPtr set, Stage& stage,
                                                Plot& plot, Random random);

}  // namespace witan::campaign
