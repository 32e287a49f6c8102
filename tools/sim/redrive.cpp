#include "tools/sim/redrive.hpp"

#include <fmt/format.h>

#include <charconv>

#include "actors/runtime/door.hpp"
#include "messages/wire/type_table.hpp"
#include "tools/sim/run_log.hpp"

namespace witan::sim {
namespace {

constexpr std::uint32_t nodes_max = 1000;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool was_handled(const HopSeen& hop) {
  const auto outcome = static_cast<rt::HopOutcome>(hop.outcome);
  return static_cast<rt::HopKind>(hop.kind) != rt::HopKind::network &&
         (outcome == rt::HopOutcome::handled || outcome == rt::HopOutcome::threw ||
          outcome == rt::HopOutcome::unknown || outcome == rt::HopOutcome::stale);
}

class Comparison final : public RunWatch {
 public:
  Comparison(Recording& recording, const RedriveRequest& request)
      : recording_(recording), request_(request) {}

  void line(std::string_view text) override {
    if (done() || request_.actor) return;
    LineEntry now{std::string(text)};
    if (!take_logged()) return;
    if (logged_ && *logged_ == Entry(now)) return void(++result.lines);
    stop(true, Entry(std::move(now)), {});
  }

  void before(std::uint32_t node, std::string_view path, const StateTeller& state) override {
    if (done()) return;
    handling_.node = node;
    handling_.path = path;
    before_ = state();
  }

  void hop(const HopSeen& hop, const StateTeller& state) override {
    if (done()) return;
    ++hops_;
    if (!is_wanted(hop)) return;
    if (!take_logged()) return;
    const auto* same = logged_ ? std::get_if<HopEntry>(&*logged_) : nullptr;
    if (same == nullptr || same->seen() != hop) return stop(true, Entry(HopEntry(hop)), state());
    ++result.hops;
    if (request_.show) request_.show(hops_, hop);
    if (is_stop(hop)) stop(false, Entry(HopEntry(hop)), state());
  }

  [[nodiscard]] bool done() const override { return result.stop || result.damage; }

  // The run is over: is the recording?
  void ended() {
    if (done() || !take_logged() || !logged_) return;
    stop(true, std::nullopt, {});
  }

  RedriveResult result;

 private:
  [[nodiscard]] bool is_wanted(const HopSeen& hop) const {
    if (!request_.actor) return true;
    return hop.node == request_.actor->node &&
           (hop.to == request_.actor->path || hop.from == request_.actor->path);
  }

  // The next entry of the recording that is compared. False: it cannot be read.
  bool take_logged() {
    for (;;) {
      auto next = recording_.next();
      if (!next) {
        result.damage = next.error();
        return false;
      }
      logged_ = std::move(*next);
      if (!logged_ || !request_.actor) return true;
      const auto* hop = std::get_if<HopEntry>(&*logged_);
      if (hop != nullptr && is_wanted(hop->seen())) return true;
    }
  }

  bool is_stop(const HopSeen& hop) {
    if (!request_.stop) return false;
    if (!request_.stop->actor) return request_.stop->number == hops_;
    const ActorPlace& wanted = *request_.stop->actor;
    if (hop.node != wanted.node || hop.to != wanted.path || !was_handled(hop)) return false;
    return ++handled_ == request_.stop->number;
  }

  void stop(bool diverged, std::optional<Entry> now, std::string after) {
    RedriveStop out;
    out.diverged = diverged;
    out.hop = hops_;
    const auto* hop = now ? std::get_if<HopEntry>(&*now) : nullptr;
    const bool handled = hop != nullptr && was_handled(hop->seen()) &&
                         hop->seen().node == handling_.node && hop->to == handling_.path;
    // What a handler wrote or sent while it ran shows under the state it began with.
    if (handled || hop == nullptr) out.before = before_;
    out.after = std::move(after);
    if (!handling_.path.empty()) out.handling = node_name(handling_.node) + " " + handling_.path;
    out.logged = std::move(logged_);
    out.now = std::move(now);
    result.stop = std::move(out);
  }

  Recording& recording_;
  const RedriveRequest& request_;
  std::optional<Entry> logged_;
  std::uint64_t hops_ = 0;     // of the run
  std::uint64_t handled_ = 0;  // by the actor of the stop
  ActorPlace handling_;
  std::string before_;
};

}  // namespace

Result<ActorPlace> parse_actor(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto node = text.starts_with('n') && colon != std::string_view::npos
                        ? number_in(text.substr(1, colon - 1))
                        : std::nullopt;
  if (!node || *node > nodes_max || text.substr(colon + 1, 1) != "/")
    return fail(ErrorCode::usage, std::string(text),
                "an actor is NODE:PATH: n0:/node/chain/mempool");
  return ActorPlace{static_cast<std::uint32_t>(*node), std::string(text.substr(colon + 1))};
}

Result<StopPoint> parse_stop(std::string_view text) {
  StopPoint out;
  const std::size_t colon = text.rfind(':');
  const bool by_actor = colon != std::string_view::npos;
  const auto number = number_in(by_actor ? text.substr(colon + 1) : text);
  if (!number || *number == 0)
    return fail(ErrorCode::usage, std::string(text),
                "a message is a hop's number (4711) or the number of a message that an actor "
                "handles (n0:/node/chain/mempool:17), from 1");
  out.number = *number;
  if (by_actor) {
    WITAN_TRY(out.actor, parse_actor(text.substr(0, colon)));
  }
  return out;
}

Result<RedriveResult> redrive(Recording& recording, const RedriveRequest& request) {
  const RecordingHead& head = recording.head();
  WITAN_TRY(const Scenario scenario, parse_scenario(head.text, head.scenario));
  Comparison comparison(recording, request);
  Outcome outcome =
      run(draw(scenario, head.seed), {.seed = head.seed, .keep_log = false, .watch = &comparison});
  comparison.ended();
  comparison.result.outcome = std::move(outcome);
  return std::move(comparison.result);
}

std::string to_text(const HopSeen& hop) {
  const std::int64_t us = (hop.at - start_of_time).ns / 1000;
  const MessageType* type = find_message_type(hop.type);
  return fmt::format(
      "at {}.{:06} s: {} {} <- {}: {}, {} bytes, content {:016x}, {} {}, {} in its {} mailbox",
      us / 1'000'000, us % 1'000'000, node_name(hop.node), hop.to,
      hop.from.empty() ? "outside" : hop.from,
      type != nullptr ? std::string(type->name) : fmt::format("type {:016x}", hop.type), hop.bytes,
      hop.content, rt::name_of(static_cast<rt::HopKind>(hop.kind)),
      rt::name_of(static_cast<rt::HopOutcome>(hop.outcome)), hop.depth,
      rt::name_of(static_cast<rt::MailboxClass>(hop.mailbox)));
}

std::string to_text(const std::optional<Entry>& entry) {
  if (!entry) return "the end";
  if (const auto* hop = std::get_if<HopEntry>(&*entry)) return to_text(hop->seen());
  const std::string& text = std::get<LineEntry>(*entry).text;
  return "line " + text.substr(0, text.find_last_not_of('\n') + 1);
}

std::string difference(const HopSeen& a, const HopSeen& b) {
  std::string out;
  const auto note = [&out](bool same, std::string_view what) {
    if (same) return;
    if (!out.empty()) out += ", ";
    out += what;
  };
  note(a.at == b.at, "time");
  note(a.node == b.node, "node");
  note(a.to == b.to, "receiver");
  note(a.from == b.from, "sender");
  note(a.type == b.type, "type");
  note(a.bytes == b.bytes, "size");
  note(a.content == b.content, "content");
  note(a.kind == b.kind, "kind");
  note(a.outcome == b.outcome, "outcome");
  note(a.depth == b.depth, "depth of the mailbox");
  note(a.mailbox == b.mailbox, "mailbox");
  return out;
}

}  // namespace witan::sim
