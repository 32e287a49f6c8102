#include "actors/node/node_watch.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace witan::node {
namespace {

// Walking the folders costs more than the rest of a scrape.
constexpr Duration disk_period = Duration::from_s(5);

// Files that vanish meanwhile (LevelDB, the log) are not counted.
std::uint64_t bytes_below(const FilePath& folder) {
  std::uint64_t sum = 0;
  std::error_code ignored;
  for (auto it = std::filesystem::recursive_directory_iterator(folder, ignored);
       !ignored && it != std::filesystem::recursive_directory_iterator(); it.increment(ignored)) {
    std::error_code gone;
    const std::uint64_t bytes = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (!gone) sum += bytes;
  }
  return sum;
}

}  // namespace

std::vector<std::string> reasons_not_ready(const Metrics& metrics, std::size_t quorum_peers) {
  std::vector<std::string> reasons;
  if (metrics.height.count() == 0) reasons.emplace_back("reading the stores and the log");
  if (metrics.blocksync_syncing.count() != 0) reasons.emplace_back("catching up with the chain");
  if (const auto trouble = metrics.signer_trouble.count(); trouble != 0) {
    constexpr std::array texts{"", "the remote signer does not answer: this validator is silent",
                               "another node took the signer's lease: this validator is silent",
                               "the remote signer refuses: this validator is silent"};
    reasons.emplace_back(texts[std::min<std::uint64_t>(trouble, texts.size() - 1)]);
  }
  const std::uint64_t peers = metrics.peers.count();
  if (peers < quorum_peers)
    reasons.push_back(std::to_string(peers) + " peers connected, " + std::to_string(quorum_peers) +
                      " needed for a quorum");
  return reasons;
}

NodeWatch::NodeWatch(Services services, const rt::Runtime& runtime, const Stores& stores,
                     std::size_t quorum_peers)
    : services_(services), runtime_(runtime), stores_(stores), quorum_peers_(quorum_peers) {}

void NodeWatch::look() {
  if (!ready_ && reasons_not_ready(services_.metrics, quorum_peers_).empty()) {
    ready_ = true;
    log_event(services_.log, Event::node_ready, {{"height", stores_.height()}});
  }
  const std::uint64_t peers = services_.metrics.peers.count();
  const bool was_low = std::exchange(peers_low_, peers < quorum_peers_);
  if (ready_ && peers_low_ && !was_low)
    log_event(services_.log, Event::peers_low, {{"connected", peers}, {"wanted", quorum_peers_}});
  const std::uint64_t dropped = services_.log.dropped();
  if (dropped > dropped_logged_)
    log_event(services_.log, Event::log_dropped, {{"count", dropped - dropped_logged_}});
  dropped_logged_ = dropped;
}

void NodeWatch::before_scrape() {
  const std::lock_guard lock(mutex_);
  std::array<std::uint64_t, rt::mailbox_classes> depth{};
  for (const rt::ActorStatus& actor : runtime_.tree())
    for (std::size_t c = 0; c < depth.size(); ++c) depth[c] += actor.mailbox[c].depth;
  for (std::size_t c = 0; c < depth.size(); ++c)
    services_.metrics.mailbox_depth.with({rt::name_of(static_cast<rt::MailboxClass>(c))})
        .set_count(depth[c]);
  const std::uint64_t dropped = services_.log.dropped();
  services_.metrics.log_lines_dropped.add(dropped - std::exchange(dropped_counted_, dropped));
  services_.metrics.pruned_height.set_count(stores_.blocks->first().value_or(Height(0)).get());
  measure_disk();
}

void NodeWatch::measure_disk() {
  const Instant now = runtime_.clock().now();
  if (disk_measured_ != Instant{} && now - disk_measured_ < disk_period) return;
  disk_measured_ = now;
  const HomeLayout& layout = stores_.layout;
  const auto measure = [this](std::string_view store, const FilePath& folder) {
    services_.metrics.bytes_on_disk.with({store}).set_count(bytes_below(folder));
  };
  measure("blocks", layout.blocks());
  measure("state", layout.state());
  measure("index", layout.index());
  measure("wal", layout.wal());
}

}  // namespace witan::node
