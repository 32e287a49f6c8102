// light: verifies headers of a running network from one trusted height, without a node of one's
// own, and serves what it verified (tools/light, crypto/light).
#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "actors/runtime/system_clock.hpp"
#include "actors/telemetry/log.hpp"
#include "actors/telemetry/metrics.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/base/hex.hpp"
#include "tools/light/proxy.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using light::Attack;
using light::LightBlock;
using light::Session;

struct LightOptions {
  std::string primary;
  std::vector<std::string> witnesses;
  std::uint64_t trusted_height = 0;
  std::string trusted_hash;
  std::string trust_level = "1/3";
  std::string trusting_period = "168h";
  std::string clock_drift = "10s";
  std::string timeout = "10s";
  std::string home;
  std::string serve;
  std::uint64_t verify = 0;
  bool sequential = false;
  bool follow = false;
};

volatile std::sig_atomic_t asked_to_stop = 0;
void ask_to_stop(int) { asked_to_stop = 1; }

// Half a second, or less when the process is asked to stop.
void pause() {
  for (int i = 0; i < 10 && asked_to_stop == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

std::string default_light_home() {
  const char* home = std::getenv("HOME");
  return home != nullptr ? std::string(home) + "/.witan_light" : ".witan_light";
}

// "168h", "90m", "10s", "500ms".
Result<Duration> parse_span(const std::string& text, const char* flag) {
  static const std::pair<const char*, Duration> units[] = {
      {"ms", Duration::from_ms(1)},
      {"s", Duration::from_s(1)},
      {"m", Duration::from_s(60)},
      {"h", Duration::from_s(3600)},
  };
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  for (const auto& [name, span] : units)
    if (error == std::errc{} && unit == name && number >= 0 && number <= INT64_MAX / span.ns)
      return span * number;
  return fail(ErrorCode::usage, flag, "is a number with ms, s, m or h, such as 168h");
}

Result<std::optional<light::TrustRoot>> root_of(const LightOptions& options) {
  if (options.trusted_height == 0 && options.trusted_hash.empty())
    return std::optional<light::TrustRoot>{};
  if (options.trusted_height == 0 || options.trusted_hash.empty())
    return fail(ErrorCode::usage,
                options.trusted_hash.empty() ? "--trusted-hash" : "--trusted-height",
                "give both --trusted-height and --trusted-hash");
  const auto id = fixed_from_hex<BlockId>(options.trusted_hash, "--trusted-hash");
  if (!id) return fail(ErrorCode::usage, "--trusted-hash", "is a block id: 64 hex digits");
  return std::optional(light::TrustRoot{Height(options.trusted_height), *id});
}

// On standard error, at most once a second.
std::function<void(const LightBlock&, Height)> progress_printer() {
  auto last =
      std::make_shared<std::chrono::steady_clock::time_point>(std::chrono::steady_clock::now());
  return [last](const LightBlock& verified, Height target) {
    const auto now = std::chrono::steady_clock::now();
    if (verified.height() == target || now - *last < std::chrono::seconds(1)) return;
    *last = now;
    std::fprintf(stderr, "verified height %llu on the way to %llu\n",
                 static_cast<unsigned long long>(verified.height().get()),
                 static_cast<unsigned long long>(target.get()));
  };
}

Result<light::SessionOptions> session_options(const LightOptions& options) {
  light::SessionOptions out;
  out.primary = options.primary;
  out.witnesses = options.witnesses;
  WITAN_TRY(out.root, root_of(options));
  WITAN_TRY(out.timeout, parse_span(options.timeout, "--timeout"));
  light::TrustOptions& trust = out.client.trust;
  WITAN_TRY(trust.trust_level, light::parse_trust_level(options.trust_level));
  WITAN_TRY(trust.trusting_period, parse_span(options.trusting_period, "--trusting-period"));
  WITAN_TRY(trust.clock_drift, parse_span(options.clock_drift, "--max-clock-drift"));
  out.client.sequential = options.sequential;
  out.client.wait = pause;
  out.client.progress = progress_printer();
  out.client.warn = [](const std::string& text) {
    std::fprintf(stderr, "warning: %s\n", text.c_str());
  };
  return out;
}

void print_header(const Program& program, const LightBlock& block) {
  const Header& h = block.header;
  const std::vector<std::pair<std::string, std::string>> rows{
      {"height", std::to_string(h.height.get())},
      {"id", to_hex(block.id())},
      {"time", format_utc(h.time)},
      {"stateRoot", to_hex(h.state_root)},
      {"validatorsHash", to_hex(h.validators_hash)},
      {"signers", std::to_string(block.commit.signatures.size()) + " of " +
                      std::to_string(block.validators->size())}};
  if (program.json) {
    nlohmann::ordered_json out;
    for (const auto& [name, value] : rows) out[name] = value;
    std::printf("%s\n", out.dump().c_str());
  } else {
    std::fputs(render_pairs(rows).c_str(), stdout);
  }
  std::fflush(stdout);
}

nlohmann::ordered_json json_of(const std::vector<light::AttackReport>& reports) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const light::AttackReport& report : reports) {
    nlohmann::ordered_json one{{"provider", report.provider}};
    if (report.accusations)
      one["accusations"] = *report.accusations;
    else
      one["error"] = report.accusations.error().to_string();
    out.push_back(std::move(one));
  }
  return out;
}

void print_reports(const std::vector<light::AttackReport>& reports) {
  for (const auto& [provider, accusations] : reports) {
    const std::string answer = accusations ? std::to_string(*accusations) + " accusations"
                                           : accusations.error().to_string();
    std::fprintf(stderr, "  told %s: %s\n", provider.c_str(), answer.c_str());
  }
}

// Writes the evidence, tells the nodes, says what was found; the exit code of an attack.
int report_attack(const Program& program, Session& session) {
  const Attack& attack = *session.client().attack();
  const UnixTime now = rt::system_clock().unix_now();
  const auto file = session.home().save_attack(attack, now);
  const auto reports = session.report_attack();
  const auto& ours = attack.against_primary.conflicting;
  const auto& theirs = attack.against_witness.conflicting;
  if (program.json) {
    auto out = nlohmann::ordered_json::parse(light::attack_json(attack, now));
    out["file"] = file ? file->string() : "";
    out["reports"] = json_of(reports);
    std::printf("%s\n", out.dump().c_str());
    std::fflush(stdout);
  }
  const auto line = [](const char* who, const std::string& name, const LightBlock& block) {
    std::fprintf(stderr, "  %s %s: height %llu is %s\n", who, name.c_str(),
                 static_cast<unsigned long long>(block.height().get()), to_hex(block.id()).c_str());
  };
  std::fprintf(stderr, "error: conflicting_header: the chain was attacked (%s) after height %llu\n",
               std::string(name_of(attack.primary_finding.kind)).c_str(),
               static_cast<unsigned long long>(attack.common.height().get()));
  line("primary", attack.primary, ours);
  line("witness", attack.witness, theirs);
  if (!file) {
    report_error(file.error());
  } else {
    std::fprintf(stderr, "  evidence: %s\n", file->c_str());
  }
  print_reports(reports);
  return static_cast<int>(ExitCode::light_attack);
}

// What the network may answer better in a moment.
bool passes(ErrorCode code) {
  return code == ErrorCode::network || code == ErrorCode::timeout || code == ErrorCode::busy ||
         code == ErrorCode::not_found || code == ErrorCode::unavailable;
}

Result<int> fail_or_attack(const Program& program, Session& session, const Error& error) {
  if (session.client().attack()) return report_attack(program, session);
  return fail(error);
}

Result<int> follow(const Program& program, Session& session) {
  Height printed;
  while (asked_to_stop == 0) {
    const auto block = session.update();
    if (!block) {
      if (!passes(block.error().code) || session.client().witnesses() == 0)
        return fail_or_attack(program, session, block.error());
      std::fprintf(stderr, "warning: %s; trying again\n", block.error().to_string().c_str());
    } else if (block->height() > printed) {
      print_header(program, *block);
      printed = block->height();
    }
    pause();
  }
  return 0;
}

Result<int> serve(const Program& program, const std::string& address,
                  std::unique_ptr<Session> session) {
  std::atomic<bool> attacked = false;
  Metrics metrics("light");
  LogOptions log_options;
  log_options.levels = "warn";
  WITAN_TRY(const auto log, Logger::open(log_options, rt::system_clock()));
  light::Proxy proxy(std::move(session), [&](Session& attacked_session) {
    (void)report_attack(program, attacked_session);
    attacked = true;
  });
  HttpOptions http;
  http.laddr = address;
  WITAN_TRY(const auto server, HttpServer::start(
                                   http,
                                   [&proxy](HttpRequest request, Responder responder) {
                                     proxy.handle(std::move(request), std::move(responder));
                                   },
                                   metrics, *log, rt::system_clock()));
  std::fprintf(stderr, "serving what is verified on port %u\n", unsigned{server->port()});
  while (asked_to_stop == 0 && !attacked) pause();
  server->stop(Duration::from_s(1));
  return attacked ? static_cast<int>(ExitCode::light_attack) : 0;
}

Result<int> run_light(const Program& program, const LightOptions& options) {
  WITAN_TRY(light::SessionOptions settings, session_options(options));
  auto home = light::LightHome::open(options.home);
  if (!home) return report_error(home.error());
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  auto session = Session::open(std::move(settings), std::move(*home), rt::system_clock());
  if (!session) return fail(std::move(session).error());
  if (!options.serve.empty()) return serve(program, options.serve, std::move(*session));
  if (options.follow) return follow(program, **session);
  const auto block =
      options.verify == 0 ? (*session)->update() : (*session)->verify_at(Height(options.verify));
  if (!block) return fail_or_attack(program, **session, block.error());
  print_header(program, *block);
  return 0;
}

// Failures of the home keep their exit codes; everything between us and the network is `request`.
Result<int> run_and_report(const Program& program, const LightOptions& options) {
  const auto result = run_light(program, options);
  if (result) return *result;
  const ErrorCode code = result.error().code;
  const bool own_disk = (code == ErrorCode::io || code == ErrorCode::no_space ||
                         code == ErrorCode::corrupt || code == ErrorCode::wrong_version) &&
                        result.error().field.starts_with(options.home);
  return report_error(result.error(), !own_disk);
}

}  // namespace

void add_light_command(CLI::App& app, Program& program) {
  const auto options = std::make_shared<LightOptions>();
  options->home = default_light_home();
  CLI::App* light = add_command(
      app,
      {"light", "verify headers of a network from one trusted height, without a node",
       "witan light --primary http://a:26657 --witness http://b:26657 --trusted-height 1 "
       "--trusted-hash 9f2c... --follow\n"
       "Exit codes: 0 verified; 1 a provider cannot be reached, or what it says does not verify;\n"
       "64 usage; 71, 77 the home; 80 the chain was attacked: evidence is in HOME/evidence,\n"
       "and the primary and the witnesses were told."});
  light->add_option("--primary", options->primary, "API of the node that serves the headers")
      ->required();
  light
      ->add_option("--witness", options->witnesses,
                   "API of a node that is asked whether it has the same; may be repeated")
      ->required();
  light->add_option("--trusted-height", options->trusted_height,
                    "height to start from, the first time");
  light->add_option("--trusted-hash", options->trusted_hash,
                    "its block id (64 hex digits), from somebody you trust");
  light
      ->add_option("--trust-level", options->trust_level,
                   "part of the trusted power that must have signed a far header")
      ->capture_default_str();
  light
      ->add_option("--trusting-period", options->trusting_period,
                   "how long a header may be built upon; less than the unbonding period")
      ->capture_default_str();
  light
      ->add_option("--max-clock-drift", options->clock_drift,
                   "how far a header's time may be ahead of this clock")
      ->capture_default_str();
  light->add_option("--timeout", options->timeout, "of one request")->capture_default_str();
  light->add_option("--home", options->home, "folder of the light client")
      ->envname("WITAN_LIGHT_HOME")
      ->capture_default_str();
  light->add_flag("--sequential", options->sequential, "verify every header; default: skip");
  auto* verify = light->add_option("--verify", options->verify, "verify this height and end");
  auto* follow =
      light->add_flag("--follow", options->follow, "verify the last header, again and again");
  auto* serve = light->add_option("--serve", options->serve,
                                  "HOST:PORT: answer the node's routes from verified headers");
  verify->excludes(follow)->excludes(serve)->check(CLI::PositiveNumber);
  follow->excludes(serve);
  add_json_option(*light, program);
  on_run(*light, program, [&program, options] { return run_and_report(program, *options); });
}

}  // namespace witan::cli
