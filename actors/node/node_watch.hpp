// NodeWatch: what nobody tells but can be looked up. The main thread looks a few times a second and
// logs what changed; a scrape of /metrics fills the gauges that are read and not counted.
#pragma once
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "actors/node/stores.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/telemetry/services.hpp"

namespace witan::node {

// Why the node does not take part now; empty when it does.
[[nodiscard]] std::vector<std::string> reasons_not_ready(const Metrics& metrics,
                                                         std::size_t quorum_peers);

class NodeWatch {
 public:
  // All arguments outlive the watch. Fewer sessions than `quorum_peers` cannot reach a quorum.
  NodeWatch(Services services, const rt::Runtime& runtime, const Stores& stores,
            std::size_t quorum_peers);

  // Logs node_ready (once), peers_low and log_dropped. One thread.
  void look();
  // Any thread.
  void before_scrape();

 private:
  void measure_disk();

  Services services_;
  const rt::Runtime& runtime_;
  const Stores& stores_;
  std::size_t quorum_peers_;
  bool ready_ = false;  // has been
  bool peers_low_ = false;
  std::uint64_t dropped_logged_ = 0;
  std::mutex mutex_;
  std::uint64_t dropped_counted_ = 0;
  Instant disk_measured_{};
};

}  // namespace witan::node
