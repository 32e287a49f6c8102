// trace: record, list, show, flow, why, export. Reads files of nodes that run or do not.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <thread>

#include "actors/telemetry/trace/core/export.hpp"
#include "actors/telemetry/trace/segment_writer.hpp"
#include "storage/data_dir.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/trace_text.hpp"

namespace witan::cli {
namespace {

constexpr std::size_t diagram_steps_max = 400;
constexpr std::int64_t causes_ns = 10'000'000'000;  // what led to a height is looked for this long
constexpr auto answer_max = std::chrono::seconds(10);

struct TraceCommand {
  std::vector<std::string> places;  // homes, folders, files; empty: --home
  std::string height, transaction, trace, vote, actor, type, node, since, until, outcome;
  std::optional<std::uint32_t> validator;
  std::size_t limit = 200;
  bool critical_path = false;
  std::string format = "chrome", output;           // export
  bool start = false, stop = false, dump = false;  // record
  double seconds = 0;
};

std::vector<FilePath> places_of(const Program& program, const TraceCommand& command) {
  if (command.places.empty()) return {FilePath(program.home)};
  return {command.places.begin(), command.places.end()};
}

// ---- questions

Result<std::pair<std::int64_t, std::int64_t>> times_of(const TraceCommand& c) {
  std::pair<std::int64_t, std::int64_t> out{0, std::numeric_limits<std::int64_t>::max()};
  if (!c.since.empty()) {
    WITAN_TRY(out.first, trace::parse_time("--since", c.since));
  }
  if (!c.until.empty()) {
    WITAN_TRY(out.second, trace::parse_time("--until", c.until));
  }
  if (out.second < out.first) return fail(ErrorCode::usage, "--until", "is before --since");
  return out;
}

Result<trace::Filter> filter_of(const TraceCommand& c) {
  trace::Filter out;
  if (!c.height.empty()) {
    WITAN_TRY(out.heights, trace::parse_heights("--height", c.height));
  }
  if (!c.transaction.empty()) {
    WITAN_TRY(out.transaction, trace::parse_transaction("--tx", c.transaction));
  }
  if (!c.trace.empty()) {
    WITAN_TRY(out.trace, trace::parse_trace("--trace", c.trace));
  }
  if (!c.vote.empty()) {
    WITAN_TRY(out.trace, trace::parse_vote("--vote", c.vote));
  }
  if (!c.since.empty() || !c.until.empty()) {
    WITAN_TRY(out.times, times_of(c));
  }
  if (!c.outcome.empty()) {
    WITAN_TRY(out.outcome, trace::parse_outcome("--outcome", c.outcome));
  }
  out.validator = c.validator;
  out.actor = c.actor;
  out.type = c.type;
  out.node = c.node;
  return out;
}

Result<trace::TraceSet> load(const Program& program, const TraceCommand& c,
                             const trace::ReadOptions& options) {
  WITAN_TRY(trace::TraceSet set,
            trace::load_traces(posix_file_system(), places_of(program, c), options));
  std::fprintf(stderr, "%s", remarks(set).c_str());
  return set;
}

// What was asked, in the user's words.
std::string title_of(const TraceCommand& c) {
  std::string out;
  const auto add = [&out](std::string_view what, const std::string& text) {
    if (!text.empty()) out += (out.empty() ? "" : ", ") + std::string(what) + " " + text;
  };
  add("height", c.height);
  add("vote", c.vote);
  add("trace", c.trace);
  add("transaction", c.transaction);
  add("validator", c.validator ? std::to_string(*c.validator) : "");
  add("actor", c.actor);
  add("type", c.type);
  add("node", c.node);
  add("outcome", c.outcome);
  add("since", c.since);
  add("until", c.until);
  return out.empty() ? "all hops" : out;
}

// Hops that match the filter; only blocks that can hold some are read. A few files of one host may
// differ by what clocks are shifted later: a second more on either side.
Result<trace::Flow> matching(const Program& program, const TraceCommand& c, trace::TraceSet& set) {
  WITAN_TRY(const trace::Filter filter, filter_of(c));
  trace::ReadOptions options;
  options.heights = filter.heights;
  if (filter.times) {
    const auto [since, until] = *filter.times;
    constexpr std::int64_t margin = 1'000'000'000;
    options.times = {std::max(since, margin) - margin,
                     std::min(until, std::numeric_limits<std::int64_t>::max() - margin) + margin};
  }
  WITAN_TRY(set, load(program, c, options));
  return trace::flow_of(set, trace::select(set, filter), title_of(c));
}

// A height with everything that led to it.
Result<trace::TraceSet> load_height(const Program& program, const TraceCommand& c,
                                    std::uint64_t first, std::uint64_t last) {
  WITAN_TRY(const auto times,
            trace::times_of_heights(posix_file_system(), places_of(program, c), first, last));
  if (!times) return fail(ErrorCode::not_found, "height", "no hop of it is in this trace");
  trace::ReadOptions options;
  options.times = {trace::minus(times->first, causes_ns), trace::plus(times->second, causes_ns)};
  return load(program, c, options);
}

Result<trace::Flow> flow_asked(const Program& program, const TraceCommand& c,
                               trace::TraceSet& set) {
  if (c.transaction.empty()) {
    if (c.height.empty() && c.trace.empty() && c.vote.empty())
      return fail(ErrorCode::usage, "trace", "say which: --tx, --vote, --trace or --height");
    return matching(program, c, set);
  }
  WITAN_TRY(const std::uint64_t id, trace::parse_transaction("--tx", c.transaction));
  WITAN_TRY(set, load(program, c, {}));
  trace::Flow flow = trace::transaction_flow(set, id);
  if (flow.steps.empty())
    return fail(
        ErrorCode::not_found, "--tx",
        "no hop of this transaction is in the trace; only recordings (`witan trace record`) "
        "look into transactions");
  return flow;
}

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

Result<int> run_why(const Program& program, const TraceCommand& c) {
  WITAN_TRY(const auto heights, trace::parse_heights("height", c.height));
  if (heights.first != heights.second)
    return fail(ErrorCode::usage, "height", "one height, not a range");
  const std::uint64_t height = heights.first;
  WITAN_TRY(const trace::TraceSet set,
            load_height(program, c, height > 1 ? height - 1 : 1, height));
  WITAN_TRY(const trace::CriticalPath path, trace::critical_path(set, height, c.node));
  return print(program.json ? path_json(set, path) : path_text(set, path));
}

Result<int> run_show(const Program& program, const TraceCommand& c) {
  if (c.critical_path) return run_why(program, c);
  trace::TraceSet set;
  WITAN_TRY(const trace::Flow flow, matching(program, c, set));
  return print(program.json ? hops_json(set, flow, c.limit) : hops_text(set, flow, c.limit));
}

Result<int> run_flow(const Program& program, const TraceCommand& c) {
  trace::TraceSet set;
  WITAN_TRY(const trace::Flow flow, flow_asked(program, c, set));
  return print(program.json ? hops_json(set, flow, c.limit) : tree_text(set, flow, c.limit));
}

Result<int> run_list(const Program& program, const TraceCommand& c) {
  std::vector<trace::FileSummary> files;
  FileSystem& fs = posix_file_system();
  for (const FilePath& place : places_of(program, c)) {
    WITAN_TRY(const auto paths, trace::find_trace_files(fs, place));
    for (const FilePath& path : paths) {
      WITAN_TRY(const auto file, fs.open(path, OpenMode::read));
      WITAN_TRY(auto summary, trace::summarize(*file, path));
      files.push_back(std::move(summary));
    }
  }
  return print(program.json ? files_json(files) : files_text(files));
}

Result<int> run_export(const Program& program, const TraceCommand& c) {
  trace::TraceSet set;
  auto flow = c.transaction.empty() ? matching(program, c, set) : flow_asked(program, c, set);
  if (!flow) return fail(flow.error());
  std::string text;
  if (c.format == "mermaid") text = trace::to_mermaid(set, *flow, diagram_steps_max);
  if (c.format == "plantuml") text = trace::to_plantuml(set, *flow, diagram_steps_max);
  if (c.format == "chrome") text = trace::to_chrome(set, *flow);
  if (c.format == "otlp") text = trace::to_otlp(set, *flow);
  if (c.format == "csv") text = trace::to_csv(set, *flow);
  if (text.empty())
    return fail(ErrorCode::usage, "--format", "expected mermaid, plantuml, chrome, otlp or csv");
  if (c.output.empty()) return print(text);
  std::ofstream file(c.output, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::io, c.output, "cannot be written");
  if (program.json)
    std::printf("{\"file\":%s,\"hops\":%zu}\n", trace::json_text(c.output).c_str(),
                flow->steps.size());
  else
    std::printf("%zu hops written to %s\n", flow->steps.size(), c.output.c_str());
  return 0;
}

// ---- record: a word to the running node

// Whether this process holds the file open, by what the kernel says: the number in a lock file may
// be of a process that is gone, or of another machine or container.
bool has_open(pid_t process, const FilePath& path) {
  std::error_code error;
  const FilePath wanted = std::filesystem::canonical(path, error);
  const FilePath folder = FilePath("/proc") / std::to_string(process) / "fd";
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(at->path(), gone) == wanted) return true;
  }
  return false;
}

Result<pid_t> node_process(const HomeLayout& layout) {
  const FilePath lock = layout.lock_file();
  if (!posix_file_system().exists(lock))
    return fail(ErrorCode::not_found, lock.string(), "no node has run in this home");
  WITAN_TRY(const Bytes text, read_whole(posix_file_system(), lock, 64));
  const long pid = std::strtol(std::string(text.begin(), text.end()).c_str(), nullptr, 10);
  if (pid <= 1 || !has_open(static_cast<pid_t>(pid), lock))
    return fail(ErrorCode::unavailable, layout.home.string(),
                "no node of this user runs in this home");
  return static_cast<pid_t>(pid);
}

Status tell(pid_t process, int order) {
  sigval value{};
  value.sival_int = order;
  if (sigqueue(process, SIGUSR1, value) == 0) return {};
  return fail(ErrorCode::unavailable, "process " + std::to_string(process), std::strerror(errno));
}

// Files with this prefix, newest last; none is no error.
std::vector<std::string> files_with(const FilePath& folder, std::string_view prefix) {
  std::vector<std::string> out;
  if (const auto names = posix_file_system().list(folder))
    for (const std::string& name : *names)
      if (name.starts_with(prefix)) out.push_back(name);
  return out;
}

// Waits until the node has begun a file it did not have before.
Result<FilePath> new_file(const FilePath& folder, std::string_view prefix,
                          const std::vector<std::string>& before) {
  const auto deadline = std::chrono::steady_clock::now() + answer_max;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto now = files_with(folder, prefix);
    if (!now.empty() && (before.empty() || now.back() > before.back())) return folder / now.back();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return fail(ErrorCode::timeout, folder.string(),
              "the node wrote no trace; its log says why (trace_failed)");
}

// Waits until nothing more is written to it.
void settle(const FilePath& path) {
  const auto deadline = std::chrono::steady_clock::now() + answer_max;
  std::uintmax_t before = 0;
  for (int same = 0; same < 4 && std::chrono::steady_clock::now() < deadline;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::error_code error;
    const std::uintmax_t now = std::filesystem::file_size(path, error);
    same = now == before ? same + 1 : 0;
    before = now;
  }
}

// For these seconds, or until Ctrl-C: either way the recording is ended.
void wait_seconds(double seconds) {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, number);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const auto whole = static_cast<time_t>(seconds);
  const timespec length{whole, static_cast<long>((seconds - static_cast<double>(whole)) * 1e9)};
  (void)sigtimedwait(&ends, nullptr, &length);
}

Result<int> say_file(const Program& program, const FilePath& path) {
  if (program.json)
    std::printf("{\"file\":%s}\n", trace::json_text(path.string()).c_str());
  else
    std::printf("%s\n", path.c_str());
  return 0;
}

Result<int> run_record(const Program& program, const TraceCommand& c) {
  if (c.seconds < 0 || c.seconds > 86'400)
    return fail(ErrorCode::out_of_range, "--for", "0 to 86400 seconds");
  if (int(c.start) + int(c.stop) + int(c.dump) + int(c.seconds > 0) != 1)
    return fail(ErrorCode::usage, "trace record", "one of --for, --start, --stop, --dump");
  const HomeLayout layout(program.home);
  const FilePath folder = trace::traces_folder(layout.home);
  WITAN_TRY(const pid_t process, node_process(layout));
  const auto prefix = c.dump ? trace::dump_prefix : trace::segment_prefix;
  const auto before = files_with(folder, prefix);
  if (c.stop) {
    WITAN_TRY_VOID(tell(process, 2));
    if (before.empty()) return fail(ErrorCode::not_found, folder.string(), "no recording is here");
    settle(folder / before.back());
    return say_file(program, folder / before.back());
  }
  WITAN_TRY_VOID(tell(process, c.dump ? 0 : 1));
  WITAN_TRY(const FilePath path, new_file(folder, prefix, before));
  if (c.seconds > 0) {
    wait_seconds(c.seconds);
    WITAN_TRY_VOID(tell(process, 2));
    const FilePath last = folder / files_with(folder, prefix).back();  // it may have gone on there
    settle(last);
  }
  if (c.dump) settle(path);
  return say_file(program, path);
}

// ---- the commands

using Run = Result<int> (*)(const Program&, const TraceCommand&);
struct Added {
  CLI::App* app;
  std::shared_ptr<TraceCommand> options;
};

Added add_reader(CLI::App& trace, Program& program, const CommandText& text, Run run) {
  const auto options = std::make_shared<TraceCommand>();
  CLI::App* command = add_command(trace, text);
  add_home_option(*command, program);
  add_json_option(*command, program);
  // A question without an answer is exit code 1, not a broken disk.
  on_client_run(*command, program, [&program, options, run] { return run(program, *options); });
  return {command, options};
}

void add_places(const Added& added) {
  added.app->add_option("places", added.options->places,
                        "homes, folders or files of one or several nodes; default: --home");
}

void add_filters(const Added& added) {
  TraceCommand& o = *added.options;
  added.app->add_option("--height", o.height, "hops of this height, or of a range: 40-45");
  added.app->add_option("--tx", o.transaction, "hops that carry this transaction (id, hex)");
  added.app->add_option("--vote", o.vote, "one vote: HEIGHT/ROUND/prevote|precommit/VALIDATOR");
  added.app->add_option("--trace", o.trace, "one trace: 32 hex digits");
  added.app->add_option("--validator", o.validator,
                        "votes and proposals of this validator (index)");
  added.app->add_option("--actor", o.actor, "sender or receiver, with * and ?: 'peers/*'");
  added.app->add_option("--type", o.type, "type of the message, with * and ?: '*Vote'");
  added.app->add_option("--node", o.node, "hops recorded by this node, with * and ?");
  added.app->add_option("--since", o.since, "at this time or later: 2026-01-02T03:04:05.6Z");
  added.app->add_option("--until", o.until, "at this time or earlier");
  added.app->add_option("--outcome", o.outcome, "handled, threw, shed, dropped, lost, ...");
}

void add_limit(const Added& added) {
  added.app->add_option("--limit", added.options->limit, "hops shown")->capture_default_str();
}

void add_record(CLI::App& trace, Program& program) {
  const Added record = add_reader(trace, program,
                                  {"record", "let the running node of a home write a trace",
                                   "witan trace record --home /tmp/net/node0 --for 10"},
                                  run_record);
  record.app->add_option("--for", record.options->seconds,
                         "record everything for this many seconds");
  record.app->add_flag("--start", record.options->start, "begin to record everything");
  record.app->add_flag("--stop", record.options->stop, "end the recording");
  record.app->add_flag("--dump", record.options->dump, "write the flight recorder: the last hops");
}

}  // namespace

void add_trace_commands(CLI::App& app, Program& program) {
  CLI::App* trace = add_command(
      app, {"trace", "every message between actors, as recorded by nodes", "witan trace list"});
  trace->require_subcommand(1);
  add_record(*trace, program);
  add_places(add_reader(*trace, program,
                        {"list", "trace files with their times and heights",
                         "witan trace list /tmp/net/node0 /tmp/net/node1"},
                        run_list));
  const Added show =
      add_reader(*trace, program,
                 {"show", "hops that match, by time",
                  "witan trace show --home /tmp/net/node0 --height 42 --type '*Vote'"},
                 run_show);
  add_places(show);
  add_filters(show);
  add_limit(show);
  show.app->add_flag("--critical-path", show.options->critical_path,
                     "with --height: as `witan trace why`");
  const Added flow = add_reader(*trace, program,
                                {"flow", "the tree of a transaction, a vote, a trace or a height",
                                 "witan trace flow /tmp/net/node* --vote 42/0/precommit/3"},
                                run_flow);
  add_places(flow);
  add_filters(flow);
  add_limit(flow);
  const Added why = add_reader(*trace, program,
                               {"why", "why a height took as long as it did: its critical path",
                                "witan trace why 42 /tmp/net/node*"},
                               run_why);
  why.app->add_option("height", why.options->height, "the height")->required();
  why.app->add_option("--node", why.options->node,
                      "to the commit of this node; default: the first");
  add_places(why);
  const Added to = add_reader(
      *trace, program,
      {"export", "hops for other programs: mermaid, plantuml, chrome, otlp, csv",
       "witan trace export /tmp/net/node* --tx 0123456789abcdef --format chrome --output tx.json"},
      run_export);
  add_places(to);
  add_filters(to);
  to.app->add_option("--format", to.options->format, "mermaid, plantuml, chrome, otlp, csv")
      ->capture_default_str();
  to.app->add_option("--output", to.options->output, "file; default: standard output");
}

}  // namespace witan::cli
