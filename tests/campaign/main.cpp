// witan-core-campaign: runs seeded schedules of the consensus core with Byzantine validators.
//   --seeds N          this many seeds (default 1000)       --first S   beginning with this one
//   --jobs J           on so many threads (default 2)       --quiet     no progress
//   --seed S           this one only, with its outcome      --print-log its event log too
//   --without PART     leave out liar:V, a fault, or heights (with --seed; may be repeated)
// Exit status: 0 all held, 1 a violation, 2 wrong usage.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "tests/campaign/campaign.hpp"

namespace {

using namespace witan::campaign;

struct Options {
  std::uint64_t first = 0, seeds = 1000, seed = 0;
  unsigned jobs = 2;
  bool one = false, print_log = false, quiet = false;
  std::vector<std::string> without;
};

bool parse(int argc, char** argv, Options& o) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--print-log" || name == "--quiet") {
      (name == "--quiet" ? o.quiet : o.print_log) = true;
      continue;
    }
    if (++i >= argc) return false;
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(argv[i], &end, 10);
    if (name == "--without") {
      o.without.emplace_back(argv[i]);
      continue;
    }
    if (*argv[i] == '\0' || *end != '\0') return false;
    if (name == "--seeds") {
      o.seeds = number;
    } else if (name == "--first") {
      o.first = number;
    } else if (name == "--jobs") {
      o.jobs = static_cast<unsigned>(number);
    } else if (name == "--seed") {
      o.seed = number;
      o.one = true;
    } else {
      return false;
    }
  }
  return o.seeds > 0 && o.jobs > 0 && o.jobs <= 256 && (o.one || o.without.empty());
}

int run_one(const Options& o) {
  Scenario scenario = scenario_of(o.seed);
  for (const std::string& part : o.without) {
    if (leave_out(scenario, part)) continue;
    std::fprintf(stderr, "seed %" PRIu64 " has no part %s\n", o.seed, part.c_str());
    return 2;
  }
  const Outcome outcome = run(scenario, o.print_log ? &std::cout : nullptr);
  std::printf("seed %" PRIu64 ": %s\n", o.seed, describe(scenario).c_str());
  std::printf(
      "%zu events, %zu decisions, %d rounds after healing, %zu equivocations seen, %s, "
      "guilty: %" PRIu64 " permille of the power, log %016" PRIx64 "\n",
      outcome.events, outcome.decisions, outcome.rounds_after_healing, outcome.equivocations,
      outcome.disagreed ? "DISAGREEMENT" : "agreement", outcome.guilty_permille, outcome.log_hash);
  if (outcome.violation.empty()) return 0;
  std::printf("VIOLATION: %s\n", outcome.violation.c_str());
  return 1;
}

int run_many(const Options& o) {
  const std::size_t every = std::max<std::size_t>(1, o.seeds / 20);
  const Summary summary = run_all(o.first, o.seeds, o.jobs, [&](std::size_t done) {
    if (!o.quiet && done % every == 0)
      std::fprintf(stderr, "campaign: %zu of %" PRIu64 "\n", done, o.seeds);
  });
  std::printf("seeds %" PRIu64 "..%" PRIu64 "\n%s", o.first, o.first + o.seeds - 1,
              to_text(summary).c_str());
  for (std::size_t i = 0; i < summary.failures.size() && i < 10; ++i) {
    const Failure& failure = summary.failures[i];
    std::printf("\nFAILED seed %" PRIu64 ": %s\n  %s\n", failure.scenario.seed,
                failure.violation.c_str(), describe(failure.scenario).c_str());
    if (i >= 3) continue;
    const Shrunk shrunk = shrink(failure.scenario, [](const Scenario& s) { return run(s); });
    std::printf("  smaller: %s: %s\n  %s\n", describe(shrunk.scenario).c_str(),
                shrunk.violation.c_str(), reproduction(shrunk).c_str());
  }
  return summary.failures.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: witan-core-campaign [--seeds N] [--first S] [--jobs J] [--quiet]\n"
                 "       witan-core-campaign --seed S [--print-log] [--without PART]...\n");
    return 2;
  }
  return options.one ? run_one(options) : run_many(options);
}
