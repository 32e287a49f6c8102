// What an operator may do to this node through the socket in its home: inject faults, drop and
// replay messages in quarantine. On a chain of type live there are no rules at all, every fault
// command is refused, and so is a replay.
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "actors/api/admin_commands.hpp"
#include "actors/api/admin_socket.hpp"
#include "actors/peers/link_faults.hpp"
#include "actors/runtime/faults/fault_files.hpp"
#include "actors/runtime/quarantine/quarantine.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/telemetry/services.hpp"
#include "messages/types/genesis.hpp"

namespace witan::node {

// Who we are in rules: "at" and the ends of links are compared with the name (the moniker), the
// ends of links with the id (of the node, in hex), too.
struct DeskName {
  std::string name;
  std::string id;
};

class FaultDesk {
 public:
  // What is referred to outlives the desk. `inner`: the stage of a node made to misbehave, or null.
  FaultDesk(Services services, ChainType chain, const DeskName& name, const Clock& clock,
            FileSystem& files, peers::Interposer* inner = nullptr);
  FaultDesk(const FaultDesk&) = delete;
  FaultDesk& operator=(const FaultDesk&) = delete;

  // The node's clock, with the faults of rules.
  [[nodiscard]] const Clock& clock() const { return fault_clock_ ? *fault_clock_ : clock_; }
  // The files of the write-ahead log and the sign-state, likewise; databases open their own.
  [[nodiscard]] FileSystem& files() { return fault_files_ ? *fault_files_ : files_; }
  // What stands between the sessions and their peers. Null: nothing, as on every live chain.
  [[nodiscard]] peers::Interposer* links() { return links_ ? &*links_ : inner_; }
  // Opens the socket; a failure is logged and the node runs without it. The runtime's door asks the
  // rules only while there are any. Outlives the runtime; the quarantine outlives the open socket.
  void open(rt::Runtime& runtime, quarantine::Quarantine& quarantine, const FilePath& socket);
  // Closes the socket and clears the rules: nothing hangs on when the node stops.
  void close();

 private:
  [[nodiscard]] QuarantineCommands commands_of(quarantine::Quarantine& quarantine);
  void on_change(std::size_t size);
  void on_hit(const faults::Decision& decision, const std::string& rule, std::string_view where);

  Services services_;
  const Clock& clock_;
  FileSystem& files_;
  peers::Interposer* const inner_;
  std::atomic<rt::Runtime*> runtime_{nullptr};
  std::atomic<std::uint64_t> hits_{0};
  std::optional<faults::Rules> rules_;
  std::optional<faults::ActorFaults> actors_;
  std::optional<faults::FaultClock> fault_clock_;
  std::optional<faults::FaultFiles> fault_files_;
  std::optional<peers::LinkFaults> links_;
  std::unique_ptr<AdminSocket> socket_;
};

}  // namespace witan::node
