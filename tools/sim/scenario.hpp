// What one run of the simulator is made of: the chain, its links, what happens when, and which
// rules of failure are in force. A scenario and a seed determine a run completely.
//
// A scenario may leave things to the seed ([swarm]): draw() settles them, and what it returns is a
// scenario again, with nothing left to draw; shrinking takes parts out of that.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/faults/rule.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan::sim {

struct ChainOptions {
  std::uint32_t validators = 4;  // n0, n1, ...
  std::uint32_t full_nodes = 0;  // after them: follow without voting
  Duration block_time = Duration::from_ms(200);
  std::uint32_t transfers_per_s = 4;  // by clients that send to any node
  std::uint32_t transfers = 0;        // so many in all, each to be executed; 0: no end
  std::uint32_t wal_segment_kib = 64;
  std::uint32_t sync_every_blocks = 4;
  bool operator==(const ChainOptions&) const = default;
};

enum class DelayShape : std::uint8_t {
  uniform,  // between the two bounds
  tail,     // near the lower bound, with a long tail up to the upper one
};

// Of every connection, in each direction. A connection is a stream: a lost segment is sent again,
// so loss shows as a stall, never as a gap.
struct LinkOptions {
  Duration delay_min = Duration::from_ms(1);
  Duration delay_max = Duration::from_ms(20);
  DelayShape shape = DelayShape::uniform;
  std::uint32_t loss_permille = 0;  // of what is sent
  std::uint64_t bytes_per_s = 0;    // 0: no limit
  bool operator==(const LinkOptions&) const = default;
};

enum class NodeAction : std::uint8_t {
  power_off,  // what was not synced is lost or torn
  kill,       // the process dies; what it wrote stays
  stop,       // an orderly stop
};
[[nodiscard]] std::string_view name_of(NodeAction action);

// Something that happens to a node. At time 0: it starts late.
struct NodeEvent {
  Duration at{};
  std::uint32_t node = 0;
  NodeAction action = NodeAction::power_off;
  Duration down = Duration::from_s(1);  // then it starts again
  bool operator==(const NodeEvent&) const = default;
};

struct Liar {
  std::uint32_t node = 0;
  std::string behaviour;  // tools/byzantine
  bool operator==(const Liar&) const = default;
};

// What the seed may add. A kind is switched on for a run or off as a whole, so that each gets room.
struct Swarm {
  std::vector<std::string> kinds;  // names of swarm_kinds()
  std::uint32_t faults_max = 6;
  bool operator==(const Swarm&) const = default;
};

struct RunOptions {
  Duration safety = Duration::from_s(20);           // faults may happen
  std::uint32_t heights = 5;                        // to be decided after all is healed
  Duration liveness_limit = Duration::from_s(120);  // within which
  bool operator==(const RunOptions&) const = default;
};

struct Scenario {
  std::string name;
  std::string purpose;  // its first line
  ChainOptions chain;
  LinkOptions link;
  RunOptions run;
  std::vector<NodeEvent> events;
  std::vector<faults::Rule> rules;
  std::vector<Liar> liars;
  Swarm swarm;

  [[nodiscard]] std::uint32_t nodes() const { return chain.validators + chain.full_nodes; }
  [[nodiscard]] bool is_liar(std::uint32_t node) const;
};

[[nodiscard]] const std::vector<std::string_view>& swarm_kinds();

// Errors: config, bad_rule; field = file:line:column. Nothing is half-read.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text, const std::string& name);
// The text of a scenario; parse_scenario(to_toml(s)) has the same content.
[[nodiscard]] std::string to_toml(const Scenario& scenario);

// With the seed's choices made; its swarm is empty.
[[nodiscard]] Scenario draw(const Scenario& scenario, std::uint64_t seed);

// Parts that may be left out, one at a time; an index below parts_count().
[[nodiscard]] std::size_t parts_count(const Scenario& scenario);
// What it is about: "event 1: ...", "rule 2: ...".
[[nodiscard]] std::string part_text(const Scenario& scenario, std::size_t part);
[[nodiscard]] Scenario without_part(const Scenario& scenario, std::size_t part);

[[nodiscard]] std::string node_name(std::uint32_t node);

}  // namespace witan::sim
