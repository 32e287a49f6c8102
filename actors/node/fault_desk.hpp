// What an operator may do to this node through the socket in its home: today, inject faults. On a
// chain of type live there are no rules at all and every fault command is refused.
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "actors/api/admin_socket.hpp"
#include "actors/runtime/faults/fault_files.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/telemetry/services.hpp"
#include "messages/types/genesis.hpp"

namespace witan::node {

class FaultDesk {
 public:
  // `clock` and `files` outlive the desk; `name` is what "at" in a rule is compared with (the
  // moniker).
  FaultDesk(Services services, ChainType chain, const std::string& name, const Clock& clock,
            FileSystem& files);
  FaultDesk(const FaultDesk&) = delete;
  FaultDesk& operator=(const FaultDesk&) = delete;

  // The node's clock, with the faults of rules.
  [[nodiscard]] const Clock& clock() const { return fault_clock_ ? *fault_clock_ : clock_; }
  // The files of the write-ahead log and the sign-state, likewise; databases open their own.
  [[nodiscard]] FileSystem& files() { return fault_files_ ? *fault_files_ : files_; }
  // Opens the socket; a failure is logged and the node runs without it. The runtime's door asks the
  // rules only while there are any. Outlives the runtime.
  void open(rt::Runtime& runtime, const FilePath& socket);
  // Closes the socket and clears the rules: nothing hangs on when the node stops.
  void close();

 private:
  void on_change(std::size_t size);
  void on_hit(const faults::Decision& decision, const std::string& rule, std::string_view where);

  Services services_;
  const Clock& clock_;
  FileSystem& files_;
  std::atomic<rt::Runtime*> runtime_{nullptr};
  std::atomic<std::uint64_t> hits_{0};
  std::optional<faults::Rules> rules_;
  std::optional<faults::ActorFaults> actors_;
  std::optional<faults::FaultClock> fault_clock_;
  std::optional<faults::FaultFiles> fault_files_;
  std::unique_ptr<AdminSocket> socket_;
};

}  // namespace witan::node
