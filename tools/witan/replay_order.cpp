#include "tools/witan/replay_order.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "actors/consensus/early_messages.hpp"
#include "actors/telemetry/trace/segment_writer.hpp"
#include "actors/telemetry/trace/trace_reader.hpp"

namespace witan::cli {
namespace {

using consensus::OrderHop;
using trace::HopRecord;
using What = OrderHop::What;

constexpr std::uint8_t handled = 0;  // of trace::outcome_names
// From its publication over peers, session, network, session and verifier to consensus. A vote that
// is sent again later may travel in the trace of another one.
constexpr std::uint16_t hops_of_a_vote = 5;
// A recording that begins so soon after its process has seen all of it.
constexpr std::int64_t with_the_process_ms = 100;
constexpr std::int64_t second_ns = 1'000'000'000;

// What is known of one process from its files.
struct Process {
  std::size_t beginnings = 0;                   // recordings that began
  std::int64_t opened_ms = 0;                   // Unix; the first file
  bool whole = false;                           // the first file is the first of its recording
  std::optional<std::int64_t> first_unix_ns{};  // of its hops
};

// "trace-0001795337173407-000000.wtr": when it was opened, and its number.
std::optional<std::pair<std::int64_t, std::uint64_t>> parse_name(const std::string& name) {
  std::string_view rest = name;
  if (!rest.starts_with(trace::segment_prefix) || !rest.ends_with(trace::trace_suffix))
    return std::nullopt;
  rest.remove_prefix(trace::segment_prefix.size());
  rest.remove_suffix(trace::trace_suffix.size());
  std::int64_t opened = 0;
  std::uint64_t number = 0;
  const char* end = rest.data() + rest.size();
  const auto first = std::from_chars(rest.data(), end, opened);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, number);
  if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
  return std::pair(opened, number);
}

const std::map<std::string, What, std::less<>>& kinds() {
  static const std::map<std::string, What, std::less<>> all{
      {"VerifiedVote", What::vote},          {"VerifiedRoundCertificate", What::round_certificate},
      {"VerifiedProposal", What::proposal},  {"VerifiedCertificate", What::certificate},
      {"SyncedDecision", What::certificate}, {"BlockBuilt", What::block},
      {"BlockChecked", What::block},         {"TimeoutFired", What::timeout},
      {"OwnVote", What::own_vote},           {"OwnProposal", What::own_proposal},
  };
  return all;
}

// The type of a vote is not in the message's tags; its trace names it.
std::optional<SignedKind> type_by_trace(const HopRecord& hop) {
  const std::uint64_t type = hop.trace_hi >> 48U & 0xff;
  const bool is_of_this = hop.trace_hi >> 56U == 'v' && hop.trace_lo == hop.height &&
                          (hop.trace_hi & 0xffff'ffffU) == hop.validator &&
                          (hop.trace_hi >> 32U & 0xffff) == static_cast<std::uint16_t>(hop.round) &&
                          hop.hops <= hops_of_a_vote;
  if (!is_of_this) return std::nullopt;
  return type == static_cast<std::uint64_t>(VoteType::prevote) ? SignedKind::prevote
                                                               : SignedKind::precommit;
}

class Collector {
 public:
  Result<HandledOrder> collect(FileSystem& fs, const FilePath& place) {
    WITAN_TRY_VOID(read(fs, place));
    for (std::size_t node = 0; node < set_.nodes.size(); ++node) take(node);
    if (out_.hops.empty() && out_.notes.empty())
      return fail(ErrorCode::not_found, place.string(),
                  "no message of consensus was recorded: `witan trace record`, or trace.record");
    std::stable_sort(out_.hops.begin(), out_.hops.end(),
                     [](const OrderHop& a, const OrderHop& b) { return a.time < b.time; });
    return std::move(out_);
  }

 private:
  // Times stay those of the node's monotonic clock: the set is not finished.
  Status read(FileSystem& fs, const FilePath& place) {
    WITAN_TRY(const auto files, trace::find_trace_files(fs, place));
    std::map<std::pair<std::string, std::int64_t>, Process> by_info;
    for (const FilePath& path : files) {
      const auto name = parse_name(path.filename().string());
      if (!name) {
        out_.notes.push_back(path.filename().string() + ": no recording, not used");
        continue;
      }
      WITAN_TRY(const auto file, fs.open(path, OpenMode::read));
      WITAN_TRY(const auto summary, trace::summarize(*file, path));
      WITAN_TRY_VOID(trace::read_trace(*file, path.string(), {}, set_));
      Process& process = by_info[{summary.node.id, summary.node.started_ns}];
      if (name->second == 0) ++process.beginnings;
      if (process.opened_ms == 0 || name->first < process.opened_ms) {
        process.opened_ms = name->first;
        process.whole = name->second == 0;
      }
      if (summary.hops > 0 &&
          (!process.first_unix_ns || summary.time_first < *process.first_unix_ns))
        process.first_unix_ns = summary.time_first;
    }
    for (const trace::TraceNode& node : set_.nodes)
      processes_.push_back(by_info[{node.info.id, node.info.started_ns}]);
    return {};
  }

  // Hops of one process, and the heights they cover.
  void take(std::size_t node) {
    const trace::TraceNode& info = set_.nodes[node];
    const Process& process = processes_[node];
    const std::string who = "the process of " + trace::time_text(info.info.started_ns);
    if (!set_.damage.empty())
      return out_.notes.push_back(set_.damage.front().file + " is damaged: " + who +
                                  " is not used");
    if (info.lost > 0)
      return out_.notes.push_back(std::to_string(info.lost) + " hops were lost: " + who +
                                  " is not used");
    if (process.beginnings > 1)
      return out_.notes.push_back(who + " recorded more than once: it is not used");
    std::vector<OrderHop> hops = hops_of(node);
    cover(process, info, hops);
    out_.hops.insert(out_.hops.end(), hops.begin(), hops.end());
  }

  std::vector<OrderHop> hops_of(std::size_t node) {
    std::vector<OrderHop> out;
    std::unordered_map<std::uint64_t, std::int64_t> began;  // handlers of consensus, by span
    std::unordered_set<std::uint64_t> seen;                 // looked up only
    first_time_.reset();
    for (const HopRecord& hop : set_.hops()) {
      if (hop.node != node) continue;
      if (!first_time_ || hop.sent < *first_time_) first_time_ = hop.sent;
      if (hop.outcome == handled && set_.actor_name(node, hop.to) == "chain/consensus")
        began.emplace(hop.span, hop.started);
    }
    for (const HopRecord& hop : set_.hops()) {
      if (hop.node != node || hop.outcome != handled) continue;
      const std::string type = set_.type_name(hop.type);
      const bool commit = type == "CommitBlock";
      const auto kind = kinds().find(type);
      if (!commit && (kind == kinds().end() || !began.contains(hop.span))) continue;
      if (!seen.insert(hop.span).second) continue;
      OrderHop made;
      made.what = commit ? What::decision : kind->second;
      made.height = Height(hop.height);
      if (hop.round != trace::no_round) made.round = Round(hop.round);
      made.validator = hop.validator;
      made.time = hop.started;
      if (made.what == What::vote || made.what == What::own_vote) made.type = type_by_trace(hop);
      if (commit) {
        const auto cause = began.find(hop.parent);
        made.time = cause != began.end() ? cause->second : hop.sent;
      }
      out.push_back(made);
    }
    return out;
  }

  void cover(const Process& process, const trace::TraceNode& info,
             const std::vector<OrderHop>& hops) {
    std::set<Height> decided;
    std::optional<Height> lowest, at_begin;
    // The monotonic time at which the first file was opened, and a little more.
    const std::int64_t begin =
        process.first_unix_ns && first_time_
            ? process.opened_ms * 1'000'000 - (*process.first_unix_ns - *first_time_) + second_ns
            : 0;
    for (const OrderHop& hop : hops) {
      if (hop.what == What::decision) decided.insert(hop.height);
      if (hop.what != What::own_vote && hop.what != What::own_proposal) continue;
      if (!lowest || hop.height < *lowest) lowest = hop.height;
      if (hop.time <= begin && (!at_begin || hop.height > *at_begin)) at_begin = hop.height;
    }
    if (!lowest) return;
    const bool from_the_start =
        process.whole && process.opened_ms - info.info.started_ns / 1'000'000 < with_the_process_ms;
    // The first one may have begun in another life of the node.
    const Height first =
        from_the_start ? *lowest : at_begin.value_or(*lowest) + consensus::early_heights_max;
    for (const Height height : decided) {
      if (!decided_.insert(height).second)
        out_.covered.erase(height);  // by two processes: of which one only from the log
      else if (height > first)
        out_.covered.insert(height);
    }
  }

  trace::TraceSet set_;
  std::vector<Process> processes_;  // as set_.nodes
  std::set<Height> decided_;
  std::optional<std::int64_t> first_time_;  // of the process at hand, monotonic
  HandledOrder out_;
};

}  // namespace

Result<HandledOrder> handled_order(FileSystem& fs, const FilePath& place) {
  return Collector().collect(fs, place);
}

}  // namespace witan::cli
