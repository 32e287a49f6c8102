// What a node takes from the machine it runs on. `witan` gets the machine's own; the simulator
// gives each of its nodes disks, links and chance of its own, and the same tree runs on them.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "actors/node/stores.hpp"
#include "actors/peers/transport.hpp"
#include "storage/file_system.hpp"

namespace witan::node {

struct NodeInputs;

struct Host {
  FileSystem& files;  // of the write-ahead log and the sign-state
  std::unique_ptr<peers::Transport> transport;
  std::function<Result<Stores>(const NodeInputs& inputs, const ChainId& chain_id)> open_stores;
  // Unpredictable bytes: keys of handshakes, salts. Any thread.
  std::function<Bytes(std::size_t count)> entropy;
  std::size_t cores = 1;  // workers where the configuration says 0
};

// Sockets, the disk, and the operating system's randomness. `files`: the disk's, or what stands
// before them; outlives the host.
[[nodiscard]] Host machine(FileSystem& files = posix_file_system());

}  // namespace witan::node
