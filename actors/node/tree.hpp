// Wiring: what the actors of one node share (stores, keys, validators, transport), and the
// supervision tree built from it. Outlives the runtime.
#pragma once
#include <memory>
#include <optional>

#include "actors/api/event_hub.hpp"
#include "actors/node/host.hpp"
#include "actors/node/node.hpp"
#include "actors/node/sources.hpp"
#include "actors/node/stores.hpp"
#include "actors/peers/peers_actor.hpp"
#include "actors/peers/transport_bridge.hpp"
#include "actors/runtime/quarantine/quarantine.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/telemetry/services.hpp"
#include "crypto/signer_port.hpp"
#include "crypto/verify.hpp"

namespace witan::node {

class Wiring {
 public:
  // Opens the stores and checks that keys, genesis and configuration fit together.
  // Errors: locked, io, corrupt, wrong_chain, genesis, config, bad_key, sign_state_missing.
  static Result<std::unique_ptr<Wiring>> prepare(NodeInputs inputs, Services services,
                                                 Host host = machine());

  // Gives the transport its events. Call once, before the runtime starts.
  void connect(rt::Runtime& runtime);
  [[nodiscard]] rt::SupervisorSpec tree(rt::Runtime& runtime, std::shared_ptr<EventHub> hub);

  // Sessions without which there is no quorum.
  [[nodiscard]] std::size_t quorum_peers() const { return validators->size() * 2 / 3; }

  NodeInputs inputs;
  Services services;
  Host host;
  ChainId chain_id;
  ValidatorSetPtr validators;
  std::shared_ptr<const Verifier> verifier;
  std::optional<ValidatorIndex> self;
  std::shared_ptr<RemotePort> remote_signer;  // with config signer.address: it signs, not this node
  Stores stores;
  std::unique_ptr<quarantine::Quarantine> quarantine;  // for RuntimeOptions::poison
  peers::Identity identity;
  std::unique_ptr<peers::TransportBridge> bridge;
  trace::Recorder* recorder = nullptr;  // of this node; null: it has none

 private:
  Wiring(NodeInputs in, Services s, Host h);
  // Who we are as a validator, by our own key or by a signer's.
  Status find_self();
  Status use_remote_signer();
  Status refuse_own_proof();
  [[nodiscard]] bool misbehaves() const;
  [[nodiscard]] std::uint64_t random_salt() const;
  [[nodiscard]] rt::SupervisorSpec storage() const;
  [[nodiscard]] rt::SupervisorSpec chain();
  [[nodiscard]] rt::SupervisorSpec peer_family();
  [[nodiscard]] rt::SupervisorSpec api(rt::Runtime& runtime, std::shared_ptr<EventHub> hub);
  [[nodiscard]] rt::ChildSpec consensus() const;
  [[nodiscard]] rt::ChildSpec ledger();
  [[nodiscard]] rt::ChildSpec mempool() const;
  [[nodiscard]] rt::ChildSpec sync();
  [[nodiscard]] rt::ChildSpec evidence();
  [[nodiscard]] std::size_t verifier_workers() const;
};

}  // namespace witan::node
