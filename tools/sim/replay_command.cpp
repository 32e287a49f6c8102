#include "tools/sim/replay_command.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "messages/base/exit_codes.hpp"
#include "tools/sim/redrive.hpp"
#include "tools/witan/version.hpp"

namespace witan::sim {
namespace {

using Json = nlohmann::ordered_json;

const HopSeen* hop_of(const std::optional<Entry>& entry, HopSeen& place) {
  const auto* hop = entry ? std::get_if<HopEntry>(&*entry) : nullptr;
  if (hop == nullptr) return nullptr;
  place = hop->seen();
  return &place;
}

std::string differs_in(const RedriveStop& stop) {
  HopSeen logged, now;
  if (hop_of(stop.logged, logged) == nullptr || hop_of(stop.now, now) == nullptr)
    return "what happens";
  return difference(logged, now);
}

std::string place_of(const RedriveStop& stop) {
  HopSeen hop;
  return (hop_of(stop.now, hop) != nullptr ? "hop " : "behind hop ") + std::to_string(stop.hop);
}

void warn(const RecordingHead& head) {
  if (head.commit == cli::build_commit()) return;
  std::fprintf(stderr,
               "warning: recorded by commit %s, driven again by commit %s: a difference may be a "
               "change of the code\n",
               head.commit.c_str(), std::string(cli::build_commit()).c_str());
}

void print_state(const char* title, const std::string& state) {
  if (!state.empty()) std::printf("%s:\n%s", title, state.c_str());
}

void print_text(const RecordingHead& head, const RedriveResult& result) {
  if (!result.stop) {
    std::printf("%s: %llu hops and %llu lines of %s, seed %llu\n",
                result.damage ? "no divergence up to the damage" : "no divergence",
                static_cast<unsigned long long>(result.hops),
                static_cast<unsigned long long>(result.lines), head.scenario.c_str(),
                static_cast<unsigned long long>(head.seed));
    return;
  }
  const RedriveStop& stop = *result.stop;
  std::printf("%s %s\n", place_of(stop).c_str(), to_text(stop.now).c_str());
  if (!stop.handling.empty()) std::printf("last handler: %s\n", stop.handling.c_str());
  print_state("before", stop.before);
  print_state("after", stop.after);
  if (!stop.diverged) return;
  std::printf("the recording says: %s\nthis run says:      %s\ndifferent: %s\n",
              to_text(stop.logged).c_str(), to_text(stop.now).c_str(), differs_in(stop).c_str());
}

void print_json(const RecordingHead& head, const RedriveResult& result) {
  Json out{{"scenario", head.scenario},
           {"seed", head.seed},
           {"recordedBy", head.commit},
           {"drivenBy", std::string(cli::build_commit())},
           {"hops", result.hops},
           {"lines", result.lines},
           {"diverged", result.stop && result.stop->diverged}};
  if (result.damage) out["damage"] = result.damage->to_string();
  if (result.stop) {
    const RedriveStop& stop = *result.stop;
    out["stop"] = Json{{"hop", stop.hop},          {"now", to_text(stop.now)},
                       {"handler", stop.handling}, {"before", stop.before},
                       {"after", stop.after},      {"recorded", to_text(stop.logged)}};
    if (stop.diverged) out["stop"]["different"] = differs_in(stop);
  }
  std::printf("%s\n", out.dump(2).c_str());
}

}  // namespace

Result<int> replay(const ReplayOptions& options) {
  RedriveRequest request;
  if (!options.stop.empty()) {
    WITAN_TRY(request.stop, parse_stop(options.stop));
  }
  if (!options.actor.empty()) {
    WITAN_TRY(request.actor, parse_actor(options.actor));
  }
  WITAN_TRY(Recording recording, Recording::open(posix_file_system(), options.file));
  warn(recording.head());
  if (options.show && !options.json)
    request.show = [](std::uint64_t number, const HopSeen& hop) {
      std::printf("hop %llu %s\n", static_cast<unsigned long long>(number), to_text(hop).c_str());
    };
  WITAN_TRY(const RedriveResult result, redrive(recording, request));
  if (options.json)
    print_json(recording.head(), result);
  else
    print_text(recording.head(), result);
  if (result.stop && result.stop->diverged) {
    std::fprintf(stderr, "error: diverged (%s): the same scenario and seed took another way\n",
                 place_of(*result.stop).c_str());
    return static_cast<int>(ExitCode::invariant);
  }
  if (result.damage) return fail(*result.damage);
  if (result.hops == 0)
    return fail(ErrorCode::not_found, options.actor, "no message to or from it was recorded");
  if (request.stop && !result.stop)
    return fail(ErrorCode::not_found, options.stop, "the run has no such message");
  return 0;
}

}  // namespace witan::sim
