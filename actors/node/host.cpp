#include "actors/node/host.hpp"

#include <algorithm>
#include <thread>

#include "actors/node/node.hpp"
#include "crypto/random.hpp"

namespace witan::node {

Host machine(FileSystem& files) {
  Host out{.files = files,
           .transport = peers::make_socket_transport(peers::SocketOptions{}),
           .open_stores = {},
           .entropy = random_bytes,
           .cores = std::max(1U, std::thread::hardware_concurrency())};
  out.open_stores = [](const NodeInputs& inputs, const ChainId& chain_id) {
    return Stores::open(inputs.home, inputs.config.storage, chain_id,
                        inputs.genesis.initial_height);
  };
  return out;
}

}  // namespace witan::node
