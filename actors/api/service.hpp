// Every route of the API as one request to the actor that owns the answer.
//
// handle() runs on the HTTP thread and never blocks: it sends the request and returns; the reply is
// printed by its schema on a worker thread and goes back through the Responder. Thread-safe.
#pragma once
#include <memory>

#include "actors/api/event_hub.hpp"
#include "actors/api/http_server.hpp"
#include "actors/api/interface.hpp"
#include "actors/api/router.hpp"
#include "actors/consensus/interface.hpp"
#include "actors/evidence/interface.hpp"
#include "actors/mempool/interface.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor_ref.hpp"

namespace witan::rt {
class Runtime;
}

namespace witan {

struct ApiOptions {
  Duration query_deadline = Duration::from_s(2);
  Duration submit_deadline = Duration::from_s(5);
  Duration commit_deadline = Duration::from_s(30);  // `wait=commit`
  bool metrics = true;                              // false: GET /metrics is not found
  std::function<void()> before_metrics{};           // reads gauges; called on an HTTP thread
};

class ApiService {
 public:
  // `runtime` and `metrics` outlive the service; the service outlives the HTTP server.
  ApiService(rt::Runtime& runtime, std::shared_ptr<EventHub> hub, Metrics& metrics,
             ApiOptions options = {});
  void handle(const HttpRequest& request, const Responder& responder);

 private:
  struct Exchange;  // request, its routed form, the responder
  struct RpcBatch;

  void query(const Exchange& x);
  void chain_query(const Exchange& x);
  void get_block(const Exchange& x);
  void flow_query(const Exchange& x);
  void submit(const Exchange& x);
  void submit_batch(const Exchange& x);
  void submit_evidence(const Exchange& x);
  void open_events(const Exchange& x);
  void rpc_post(const Exchange& x);
  void rpc_get(const Exchange& x);
  void rpc_call(const std::shared_ptr<RpcBatch>& batch, std::size_t position);

  // Asks `to` and answers with the reply as JSON.
  template <class Reply, class Role, class T>
  void ask(const Exchange& x, const rt::ActorRef<Role>& to, Draft<T>&& draft);
  // Asks `to`; `shape` makes the JSON-RPC result of the reply.
  template <class Reply, class Role, class T, class Shape>
  void ask_rpc(const std::shared_ptr<RpcBatch>& batch, std::size_t position,
               const rt::ActorRef<Role>& to, Draft<T>&& draft, Duration deadline, Shape shape);

  rt::Runtime& runtime_;
  std::shared_ptr<EventHub> hub_;
  Metrics& metrics_;
  ApiOptions options_;
  rt::ActorRef<QueryRole> query_;
  rt::ActorRef<MempoolRole> mempool_;
  rt::ActorRef<PeersRole> peers_;
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<EvidenceRole> evidence_;
};

}  // namespace witan
