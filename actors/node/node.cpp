#include "actors/node/node.hpp"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "actors/api/http_server.hpp"
#include "actors/api/service.hpp"
#include "actors/node/fault_desk.hpp"
#include "actors/node/node_trace.hpp"
#include "actors/node/node_watch.hpp"
#include "actors/node/runtime_events.hpp"
#include "actors/node/tree.hpp"
#include "actors/runtime/system_clock.hpp"
#include "crypto/random.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/base/hex.hpp"

namespace witan::node {
namespace {

constexpr Duration stop_deadline = Duration::from_s(10);
constexpr Duration http_stop_deadline = Duration::from_s(1);

int refuse(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.to_string().c_str());
  return static_cast<int>(exit_code_for(error.code));
}

std::uint64_t random_seed() {
  const Bytes bytes = random_bytes(8);
  return ByteReader(bytes).u64();
}

std::string text_of(const SocketAddress& address) {
  return address.host + ":" + std::to_string(address.port);
}

rt::RuntimeOptions runtime_options(const RuntimeConfig& config, rt::EventSink& events, Logger& log,
                                   NodeTrace& trace) {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  rt::RuntimeOptions out;
  out.worker_threads = config.worker_threads != 0 ? config.worker_threads : cores;
  out.max_throughput = config.max_throughput;
  out.seed = random_seed();
  out.events = &events;
  out.trace = trace.recorder();
  out.watchdog.period = Duration::from_ms(250);
  out.watchdog.hard_limit = Duration::from_s(60);
  // No destructor runs from here on, and the log is written by another thread: without the flush
  // the operator would get an exit code and no reason.
  out.end_process = [&log, &trace](const rt::ExitStatus& status) {
    std::fprintf(stderr, "error: %s\n", status.reason.c_str());
    trace.dump("exit " + std::to_string(status.code) + ": " + status.reason);
    (void)log.flush();
    std::_Exit(status.code);
  };
  return out;
}

HttpOptions http_options(const RpcConfig& config) {
  HttpOptions out;
  out.laddr = text_of(config.laddr);
  out.connections_max = static_cast<std::uint32_t>(config.max_open_connections);
  out.streams_max = static_cast<std::uint32_t>(config.max_subscription_clients);
  out.body_bytes_max = static_cast<std::uint32_t>(config.max_body_bytes);
  return out;
}

// Waits for a signal or for the end of the tree, whichever comes first. The waiting thread is woken
// by SIGTERM itself when the tree ends by a failure.
class SignalWaiter {
 public:
  SignalWaiter() {
    sigemptyset(&set_);
    for (const int s : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set_, s);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  // 0 when the tree ended first.
  int wait(rt::Runtime& runtime, NodeWatch& watch, NodeTrace& trace,
           const std::function<void()>& reload) {
    while (!runtime.ended()) {
      const timespec period{0, 200'000'000};
      siginfo_t info{};
      const int got = sigtimedwait(&set_, &info, &period);
      if (got == SIGTERM || got == SIGINT) return got;
      if (got == SIGHUP) reload();
      if (got == SIGUSR1) trace.obey(order_of(info));
      watch.look();
      trace.look();
    }
    return 0;
  }

 private:
  // `kill -USR1` sends no number: a dump.
  static TraceOrder order_of(const siginfo_t& info) {
    const int number = info.si_code == SI_QUEUE ? info.si_value.sival_int : 0;
    return number == 1 ? TraceOrder::start : number == 2 ? TraceOrder::stop : TraceOrder::dump;
  }
  sigset_t set_{};
};

void say_what_was_loaded(const NodeInputs& inputs, const ChainId& chain_id, Services services) {
  log_event(services.log, Event::config_loaded, {{"path", inputs.config_file.string()}});
  log_event(services.log, Event::genesis_loaded,
            {{"chain_id", chain_id},
             {"chain_name", inputs.genesis.chain_name},
             {"validators", inputs.genesis.validators.size()}});
  services.metrics.build_info.with({inputs.version, inputs.commit}).set(1);
}

// What was running goes on when the file is not valid any more.
void reload_log_level(const NodeInputs& inputs, Logger& log) {
  if (!inputs.reload_log_level) return;
  const auto levels = inputs.reload_log_level();
  const Status set = levels ? log.set_levels(*levels) : Status(fail(levels.error()));
  if (set) return log_event(log, Event::log_level_changed, {{"spec", *levels}});
  log_event(log, Event::log_level_refused, {{"text", set.error().to_string()}});
}

}  // namespace

int run_node(NodeInputs inputs) {
  SignalWaiter signals;
  const Clock& clock = rt::system_clock();
  LogOptions log_options;
  log_options.levels = inputs.config.log.level;
  log_options.format = inputs.config.log.format == "text" ? LogFormat::text : LogFormat::json;
  log_options.path = inputs.config.log.file;
  auto log = Logger::open(log_options, clock);
  if (!log) return refuse(log.error());
  Metrics metrics(inputs.genesis.chain_name, inputs.config.instrumentation.metrics_prefix);
  NodeTrace trace(inputs.config.trace, inputs.home,
                  {.id = to_hex(inputs.node_key.node_id()),
                   .moniker = inputs.config.moniker,
                   .software = inputs.software},
                  **log, clock);
  const Services services{**log, metrics, trace.recorder()};

  FaultDesk desk(services, inputs.genesis.type,
                 {inputs.config.moniker, to_hex(inputs.node_key.node_id())}, clock,
                 posix_file_system(), inputs.interposer);
  inputs.interposer = desk.links();
  auto wiring = Wiring::prepare(std::move(inputs), services, machine(desk.files()));
  if (!wiring) return refuse(wiring.error());
  (*wiring)->recorder = trace.recorder();
  log_event(services.log, Event::node_starting,
            {{"version", (*wiring)->inputs.software},
             {"chain_id", (*wiring)->chain_id},
             {"node_id", (*wiring)->identity.node_key.node_id()},
             {"home", (*wiring)->inputs.home.string()}});
  say_what_was_loaded((*wiring)->inputs, (*wiring)->chain_id, services);

  RuntimeEvents events(services);
  rt::RuntimeOptions options =
      runtime_options((*wiring)->inputs.config.runtime, events, services.log, trace);
  options.clock = &desk.clock();
  options.poison = (*wiring)->quarantine.get();
  rt::Runtime runtime(std::move(options));
  auto hub = std::make_shared<EventHub>();
  ApiOptions api_options;
  api_options.commit_deadline = Duration::from_ms(
      static_cast<std::int64_t>((*wiring)->inputs.config.rpc.timeout_broadcast_tx_commit_ms));
  NodeWatch watch(services, runtime, (*wiring)->stores, (*wiring)->quorum_peers());
  api_options.metrics = (*wiring)->inputs.config.instrumentation.prometheus;
  api_options.before_metrics = [&watch] { watch.before_scrape(); };
  ApiService api(runtime, hub, metrics, api_options);
  auto http = HttpServer::start(
      http_options((*wiring)->inputs.config.rpc),
      [&api](HttpRequest request, Responder responder) { api.handle(request, responder); }, metrics,
      services.log, clock);
  if (!http) return refuse(Error{ErrorCode::config, http.error().field, http.error().text});
  hub->set_wake([&http] { (*http)->wake_streams(); });

  (*wiring)->connect(runtime);
  runtime.start((*wiring)->tree(runtime, hub));
  desk.open(runtime, *(*wiring)->quarantine, HomeLayout((*wiring)->inputs.home).admin_socket());
  const int signal_number = signals.wait(
      runtime, watch, trace, [&] { reload_log_level((*wiring)->inputs, services.log); });
  log_event(services.log, Event::node_stopping,
            {{"reason", signal_number == 0 ? "failure" : "signal"}});
  desk.close();
  (*http)->stop(http_stop_deadline);
  hub->set_wake({});
  const rt::ExitStatus status = runtime.stop(stop_deadline);
  (*wiring)->host.transport->stop();
  log_event(services.log, Event::node_stopped, {{"exit_code", status.code}});
  if (status.code != 0) std::fprintf(stderr, "error: %s\n", status.reason.c_str());
  services.log.flush();
  return status.code;
}

}  // namespace witan::node
