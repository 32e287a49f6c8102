// The accounting of heights between the own tip and the end of the window: each is held (verified
// or not), covered by an open request, or missing. "Missing" is computed from the other two, there
// is no cursor that a trim, a repeat or a lost peer could leave behind (P60, P64).
//
// Every request has an id, an owner and a deadline. An expired one is remembered for a while, so
// that its late answer is recognised and used (P42).
// Memory: held + reserved bytes <= window_bytes + request_bytes. The surplus is only for the height
// right above the tip: without it, blocks held above a hole could starve the hole.
// Thread rule: owned by one SyncCore.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "actors/sync/core/types.hpp"

namespace witan::sync {

struct Request {
  std::uint64_t id = 0;
  PeerId peer = 0;
  Range range;
  Instant sent{};
  Instant deadline{};
};

struct Held {
  SyncBlock block;
  PeerId peer = 0;  // 0: the peer has gone
  bool verified = false;
};

class FetchWindow {
 public:
  FetchWindow(const Params& params, std::uint64_t tip) : params_(params), tip_(tip) {}

  [[nodiscard]] std::uint64_t tip() const { return tip_; }
  // The own height moved up: everything at or below is let go.
  void advance(std::uint64_t tip);

  // The lowest missing stretch at or above `from` and at most `limit`, cut to range_blocks.
  [[nodiscard]] std::optional<Range> missing(std::uint64_t from, std::uint64_t limit) const;
  // Is there room for the answer to a request that starts at `first`?
  [[nodiscard]] bool has_room(std::uint64_t first) const;
  void open(const Request& request);
  // Removes an open or remembered request if it is this peer's.
  struct Closed {
    Request request;
    bool late = false;
  };
  [[nodiscard]] std::optional<Closed> close(PeerId peer, std::uint64_t id);
  // Removes and remembers the requests whose deadline has passed.
  [[nodiscard]] std::vector<Request> expire(Instant now);
  // Forgets the peer's requests; blocks it sent stay (`drop_blocks`: verified ones only).
  void drop_peer(PeerId peer, bool drop_blocks);

  // Keeps a block if its height is wanted and there is room. False: not needed.
  bool keep(std::uint64_t height, PeerId peer, SyncBlock block);
  [[nodiscard]] const Held* held(std::uint64_t height) const;
  void set_verified(std::uint64_t height);
  // The bound on memory may be passed by what the new certificate is longer.
  void replace_certificate(std::uint64_t height, const Certificate& certificate);
  // Lets a held block go that nobody can be blamed for.
  void drop(std::uint64_t height);

  // Does some height of the range still matter?
  [[nodiscard]] bool is_wanted(Range range) const;
  [[nodiscard]] std::size_t bytes_used() const { return held_bytes_ + reserved(); }
  [[nodiscard]] std::size_t open_requests() const { return open_.size(); }
  [[nodiscard]] std::size_t remembered_requests() const { return expired_.size(); }
  [[nodiscard]] std::size_t held_blocks() const { return held_.size(); }

 private:
  [[nodiscard]] static std::size_t size_of(const SyncBlock& block);
  [[nodiscard]] std::size_t reserved() const { return open_.size() * params_.request_bytes; }
  [[nodiscard]] std::optional<std::uint64_t> covered_until(std::uint64_t height) const;
  using HeldMap = std::map<std::uint64_t, Held>;
  HeldMap::iterator erase(HeldMap::iterator at);

  Params params_;
  std::uint64_t tip_;
  HeldMap held_;
  std::size_t held_bytes_ = 0;
  std::map<std::uint64_t, Request> open_;  // by id
  std::deque<Request> expired_;            // oldest first
};

}  // namespace witan::sync
