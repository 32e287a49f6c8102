#include "actors/peers/peers_actor.hpp"

namespace witan::peers {

rt::SupervisorSpec family(Services services, Transport& transport, const Identity& identity,
                          PeersOptions options) {
  options.conduct = std::make_shared<Conduct>();
  rt::ChildSpec manager;
  manager.name = "peers";
  manager.factory = [services, &transport, &identity, options](rt::ActorContext& context) {
    return std::make_unique<PeersActor>(context, services, transport, identity, options);
  };
  rt::SupervisorSpec group;
  group.name = "peers";
  group.strategy = rt::Strategy::rest_for_one;
  group.children.emplace_back(std::move(manager));
  return group;
}

}  // namespace witan::peers
