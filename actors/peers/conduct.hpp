// Conduct: what node ids did wrong and until when each is refused. Pure: time is an argument.
//
// An offence costs points; points fade one by one; ban_points of them are a ban. Each ban of the
// same id lasts twice as long as the one before, up to a cap, until the id has behaved for
// `forget_after`. Peers this node wants to be connected to (persistent ones) are banned for
// shorter: without them there may be no quorum.
// Memory: records_max records. When all are taken, the one that matters least goes: ids without a
// ban first, then the ban that ends first. Node ids cost nothing, so a ban of one is a fine for a
// broken peer and a delay for a hostile one, not a wall; the bounds of inbound connections are.
// Owned by one PeersActor at a time and handed to the next one after a restart.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/time.hpp"

namespace witan::peers {

inline constexpr std::uint32_t ban_points = 100;
// Authenticated bytes that no correct peer sends: frames, messages and fields outside the protocol.
inline constexpr std::uint32_t protocol_violation_points = 100;
// What another actor's report (PeerMisbehaved) costs, by error code name.
[[nodiscard]] std::uint32_t points_for(std::string_view code);

class Conduct {
 public:
  struct Limits {
    Duration ban = Duration::from_s(60);
    Duration ban_max = Duration::from_s(3600);
    Duration persistent_ban = Duration::from_s(10);
    Duration persistent_ban_max = Duration::from_s(120);
    Duration point_life = Duration::from_s(6);       // one point fades in this time
    Duration forget_after = Duration::from_s(3600);  // after a ban ended: the next is a first one
    std::size_t records_max = 1024;
  };
  Conduct() : Conduct(Limits{}) {}
  explicit Conduct(const Limits& limits) : limits_(limits) {}

  // Adds points; returns the length of the ban if this offence brought one. While an id is banned
  // nothing is added: what its last session still had under way is part of the same offence.
  std::optional<Duration> offend(const NodeId& id, std::uint32_t points, bool persistent,
                                 Instant now);
  [[nodiscard]] bool is_banned(const NodeId& id, Instant now) const;
  [[nodiscard]] std::uint32_t points(const NodeId& id, Instant now) const;
  [[nodiscard]] std::size_t banned(Instant now) const;
  [[nodiscard]] std::size_t records() const { return records_.size(); }

 private:
  struct Record {
    std::uint32_t points = 0;  // at `counted`
    Instant counted{};
    std::uint32_t bans = 0;
    Instant banned_until{};
  };
  [[nodiscard]] std::uint32_t points_of(const Record& record, Instant now) const;
  [[nodiscard]] bool is_spent(const Record& record, Instant now) const;
  void make_room(Instant now);

  Limits limits_;
  std::map<NodeId, Record> records_;
};

}  // namespace witan::peers
