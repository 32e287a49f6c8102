#include "actors/api/service.hpp"

#include <mutex>

#include "actors/api/dashboard/files.hpp"
#include "actors/api/http_error.hpp"
#include "actors/api/json.hpp"
#include "actors/api/request_body.hpp"
#include "actors/api/rpc.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/telemetry/metrics.hpp"

namespace witan {
namespace {

HttpResponse json_response(std::string body, std::string_view route, unsigned status = 200) {
  HttpResponse out;
  out.status = status;
  out.body = std::move(body);
  out.route = route;
  return out;
}

HttpResponse text_response(std::string body, std::string type, std::string_view route) {
  HttpResponse out = json_response(std::move(body), route);
  out.content_type = std::move(type);
  return out;
}

// The page talks to this node only, runs its own script only and is framed by nobody.
HttpResponse dashboard_response(std::string_view body, std::string type, std::string_view route) {
  HttpResponse out = text_response(std::string(body), std::move(type), route);
  out.headers = {{"Content-Security-Policy",
                  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                  "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Referrer-Policy", "no-referrer"},
                 {"Cache-Control", "no-cache"}};
  return out;
}

ErrorCode code_from(std::string_view name) {
#define WITAN_X(code, text) \
  if (name == #code) return ErrorCode::code;
  WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
  return name == "ok" ? ErrorCode::ok : ErrorCode::internal;
}

HttpResponse routing_error(const Error& error) {
  HttpResponse out = error_response(error);
  if (error.code != ErrorCode::not_allowed) return out;
  out.status = 405;
  out.headers.emplace_back("Allow", error.field);
  return out;
}

// A refused transaction is an error of the request; one that failed in its block is an answer.
HttpResponse submit_response(schema::SubmitResult::Reader result, std::string_view route) {
  const ErrorCode code = code_from(result.getCode().cStr());
  if (code == ErrorCode::ok || result.getHeight() > 0)
    return json_response(to_json_text(result), route);
  return error_response({code, "tx", result.getText().cStr()}, route);
}

template <class Reader>
HttpResponse reply_response(Reader reply, std::string_view route) {
  return json_response(to_json_text(reply), route);
}
HttpResponse reply_response(schema::SubmitResult::Reader reply, std::string_view route) {
  return submit_response(reply, route);
}
HttpResponse reply_response(schema::Readiness::Reader reply, std::string_view route) {
  return json_response(to_json_text(reply), route, reply.getReady() ? 200 : 503);
}

schema::SubmitMode mode_of(bool commit) {
  return commit ? schema::SubmitMode::COMMIT : schema::SubmitMode::SYNC;
}

Draft<schema::SubmitTx> submit_draft(const Bytes& tx, bool commit) {
  Draft<schema::SubmitTx> draft(tx.size() / 8 + 32);
  draft->setBytes(as_data(tx));
  draft->setMode(mode_of(commit));
  return draft;
}

Draft<schema::SubmitEvidence> evidence_draft(const Bytes& bytes, bool attack) {
  Draft<schema::SubmitEvidence> draft(bytes.size() / 8 + 32);
  if (attack)
    draft->setAttack(as_data(bytes));
  else
    draft->setEvidence(as_data(bytes));
  return draft;
}

}  // namespace

struct ApiService::Exchange {
  const HttpRequest& http;
  const RoutedRequest& routed;
  const Responder& responder;
  Duration deadline;
  [[nodiscard]] std::string_view route() const { return info_of(routed.route).name; }
};

ApiService::ApiService(rt::Runtime& runtime, std::shared_ptr<EventHub> hub, Metrics& metrics,
                       ApiOptions options)
    : runtime_(runtime),
      hub_(std::move(hub)),
      metrics_(metrics),
      options_(std::move(options)),
      query_(runtime.ref<QueryRole>(QueryRole::path)),
      mempool_(runtime.ref<MempoolRole>(MempoolRole::path)),
      peers_(runtime.ref<PeersRole>(PeersRole::path)),
      consensus_(runtime.ref<ConsensusRole>(ConsensusRole::path)),
      evidence_(runtime.ref<EvidenceRole>(EvidenceRole::path)) {}

template <class Reply, class Role, class T>
void ApiService::ask(const Exchange& x, const rt::ActorRef<Role>& to, Draft<T>&& draft) {
  runtime_.ask<Reply>(
      to, std::move(draft), x.deadline,
      [responder = x.responder, route = x.route()](Result<typename Reply::Reader> reply) {
        responder.respond(reply ? reply_response(*reply, route)
                                : error_response(reply.error(), route));
      });
}

void ApiService::handle(const HttpRequest& request, const Responder& responder) {
  const auto routed = route_request(request.method, request.target);
  if (!routed) return responder.respond(routing_error(routed.error()));
  const Exchange x{request, *routed, responder, options_.query_deadline};
  switch (routed->route) {
    case Route::livez:
      return responder.respond(text_response("ok\n", "text/plain", x.route()));
    case Route::metrics:
      if (!options_.metrics)
        return responder.respond(error_response(
            Error{ErrorCode::not_found, "instrumentation.prometheus", "is off on this node"},
            x.route()));
      if (options_.before_metrics) options_.before_metrics();
      return responder.respond(
          text_response(metrics_.render(), "text/plain; version=0.0.4", x.route()));
    case Route::dashboard:
      return responder.respond(
          dashboard_response(dashboard::index_html, "text/html; charset=utf-8", x.route()));
    case Route::dashboard_style:
      return responder.respond(
          dashboard_response(dashboard::style_css, "text/css; charset=utf-8", x.route()));
    case Route::dashboard_script:
      return responder.respond(
          dashboard_response(dashboard::app_js, "text/javascript; charset=utf-8", x.route()));
    case Route::events:
      return open_events(x);
    case Route::submit:
      return submit(x);
    case Route::submit_batch:
      return submit_batch(x);
    case Route::submit_evidence:
      return submit_evidence(x);
    case Route::rpc:
      return rpc_post(x);
    case Route::rpc_health:
    case Route::rpc_status:
    case Route::rpc_net_info:
    case Route::rpc_block:
    case Route::rpc_commit:
    case Route::rpc_validators:
    case Route::rpc_tx_sync:
    case Route::rpc_tx_commit:
    case Route::rpc_evidence:
    case Route::rpc_abci_query:
      return rpc_get(x);
    default:
      return query(x);
  }
}

// ---- questions

void ApiService::query(const Exchange& x) {
  switch (x.routed.route) {
    case Route::readyz:
      return ask<schema::Readiness>(x, query_, Draft<schema::GetReadiness>());
    case Route::status:
      return ask<schema::NodeStatus>(x, query_, Draft<schema::GetStatus>());
    case Route::peers:
      return ask<schema::PeersView>(x, peers_, Draft<schema::GetPeers>());
    case Route::consensus:
      return ask<schema::ConsensusStateView>(x, consensus_, Draft<schema::GetConsensusState>());
    case Route::tree:
      return ask<schema::TreeView>(x, query_, Draft<schema::GetTree>());
    case Route::flow:
      return ask<schema::FlowView>(x, query_, Draft<schema::GetFlow>());
    case Route::flow_messages:
    case Route::flow_height:
      return flow_query(x);
    case Route::genesis:
      return ask<schema::GenesisView>(x, query_, Draft<schema::GetGenesis>());
    case Route::mempool: {
      Draft<schema::GetMempool> draft;
      draft->setLimit(x.routed.limit);
      return ask<schema::MempoolView>(x, mempool_, std::move(draft));
    }
    default:
      return chain_query(x);
  }
}

void ApiService::chain_query(const Exchange& x) {
  const RoutedRequest& r = x.routed;
  if (r.route == Route::blocks) {
    Draft<schema::GetBlocks> draft;
    draft->setFrom(r.from.value_or(0));
    draft->setTo(r.to.value_or(0));
    ask<schema::BlockList>(x, query_, std::move(draft));
  } else if (r.route == Route::transaction) {
    Draft<schema::GetTransaction> draft;
    draft->setId(as_data(*r.id));
    ask<schema::TxView>(x, query_, std::move(draft));
  } else if (r.route == Route::account) {
    Draft<schema::GetAccount> draft;
    draft->setId(as_data(*r.account));
    draft->setProve(r.prove);
    ask<schema::AccountView>(x, query_, std::move(draft));
  } else if (r.route == Route::validators) {
    Draft<schema::GetValidators> draft;
    draft->setHeight(r.height.value_or(0));
    ask<schema::ValidatorsView>(x, query_, std::move(draft));
  } else if (r.route == Route::light || r.route == Route::light_latest) {
    if (r.height == 0)
      return x.responder.respond(
          error_response({ErrorCode::out_of_range, "height", "must be at least 1"}, x.route()));
    Draft<schema::GetLightBlock> draft;
    draft->setHeight(r.height.value_or(0));
    draft->setWithBlock(r.with_transactions);
    ask<schema::LightBlockView>(x, query_, std::move(draft));
  } else if (r.route == Route::evidence || r.route == Route::evidence_item) {
    Draft<schema::GetEvidence> draft;
    draft->setLimit(r.limit);
    if (r.id) draft->setHash(as_data(*r.id));
    ask<schema::EvidenceList>(x, query_, std::move(draft));
  } else {
    get_block(x);
  }
}

void ApiService::flow_query(const Exchange& x) {
  const RoutedRequest& r = x.routed;
  Draft<schema::GetMessages> draft;
  draft->setLimit(r.limit);
  if (r.route == Route::flow_height) {
    draft->setHeight(*r.height);
  } else {
    if (r.sender.empty() || r.receiver.empty())
      return x.responder.respond(error_response(
          {ErrorCode::missing, r.sender.empty() ? "sender" : "receiver", "name an actor"},
          x.route()));
    auto edge = draft->initEdge();
    edge.setSender(r.sender);
    edge.setReceiver(r.receiver);
  }
  ask<schema::MessagesView>(x, query_, std::move(draft));
}

void ApiService::get_block(const Exchange& x) {
  Draft<schema::GetBlock> draft;
  if (x.routed.id)
    draft->setId(as_data(*x.routed.id));
  else if (x.routed.height)
    draft->setHeight(*x.routed.height);
  else
    draft->setLatest();
  draft->setWithTransactions(x.routed.with_transactions);
  ask<schema::BlockView>(x, query_, std::move(draft));
}

// ---- submission

void ApiService::submit(const Exchange& x) {
  const auto tx = transaction_from_body(x.http.content_type, x.http.body);
  if (!tx) return x.responder.respond(error_response(tx.error(), x.route()));
  const bool commit = x.routed.wait_commit;
  const Exchange patient{x.http, x.routed, x.responder,
                         commit ? options_.commit_deadline : options_.submit_deadline};
  ask<schema::SubmitResult>(patient, mempool_, submit_draft(*tx, commit));
}

void ApiService::submit_batch(const Exchange& x) {
  const ByteView body = as_bytes(x.http.body);
  const auto count = count_batch(x.http.content_type, body);
  if (!count) return x.responder.respond(error_response(count.error(), x.route()));
  const bool commit = x.routed.wait_commit;
  Draft<schema::SubmitBatch> draft(body.size() / 8 + 32);
  draft->setTransactions(as_data(body));
  draft->setWait(commit);
  const Exchange patient{x.http, x.routed, x.responder,
                         commit ? options_.commit_deadline : options_.submit_deadline};
  ask<schema::SubmitBatchResult>(patient, mempool_, std::move(draft));
}

void ApiService::submit_evidence(const Exchange& x) {
  const auto body = evidence_from_body(x.http.content_type, x.http.body);
  if (!body) return x.responder.respond(error_response(body.error(), x.route()));
  const Exchange patient{x.http, x.routed, x.responder, options_.submit_deadline};
  ask<schema::SubmitEvidenceResult>(patient, evidence_, evidence_draft(*body, x.routed.attack));
}

// ---- events

void ApiService::open_events(const Exchange& x) {
  std::optional<EventCursor> from = x.routed.cursor;
  if (!x.http.last_event_id.empty()) {
    const auto last = EventCursor::parse(x.http.last_event_id);
    if (!last)
      return x.responder.respond(
          error_response({ErrorCode::malformed, "Last-Event-ID", last.error().text}, x.route()));
    // Resume after it. The last index of a height has no successor there; nothing reaches it.
    from = EventCursor{last->height, last->index + (last->index == UINT32_MAX ? 0 : 1)};
  }
  x.responder.stream(hub_->open(from));
}

// ---- JSON-RPC

// Collects the responses of a batch; answers when the last one is in.
struct ApiService::RpcBatch {
  RpcBatch(rpc::Batch b, Responder r, std::string_view name)
      : batch(std::move(b)), responder(std::move(r)), route(name), left(batch.calls.size()) {
    responses.resize(left);
  }
  void finish(std::size_t position, std::string response) {
    const std::lock_guard lock(mutex);
    responses[position] = std::move(response);
    if (--left > 0) return;
    std::string out = batch.is_array ? "[" : "";
    for (std::size_t i = 0; i < responses.size(); ++i) out += (i == 0 ? "" : ",") + responses[i];
    responder.respond(json_response(out + (batch.is_array ? "]" : ""), route));
  }

  const rpc::Batch batch;
  const Responder responder;
  const std::string_view route;
  std::mutex mutex;
  std::size_t left;
  std::vector<std::string> responses;
};

template <class Reply, class Role, class T, class Shape>
void ApiService::ask_rpc(const std::shared_ptr<RpcBatch>& batch, std::size_t position,
                         const rt::ActorRef<Role>& to, Draft<T>&& draft, Duration deadline,
                         Shape shape) {
  runtime_.ask<Reply>(
      to, std::move(draft), deadline,
      [batch, position, shape = std::move(shape)](Result<typename Reply::Reader> reply) {
        const std::string& id = batch->batch.calls[position].id;
        batch->finish(position, reply ? rpc::result_response(id, shape(*reply))
                                      : rpc::error_response(id, reply.error()));
      });
}

void ApiService::rpc_post(const Exchange& x) {
  const auto batch =
      std::make_shared<RpcBatch>(rpc::parse_post(x.http.body), x.responder, x.route());
  for (std::size_t i = 0; i < batch->batch.calls.size(); ++i) rpc_call(batch, i);
}

void ApiService::rpc_get(const Exchange& x) {
  rpc::Batch one;
  one.calls.push_back(rpc::parse_get(info_of(x.routed.route).pattern.substr(1), x.routed.rpc));
  rpc_call(std::make_shared<RpcBatch>(std::move(one), x.responder, x.route()), 0);
}

void ApiService::rpc_call(const std::shared_ptr<RpcBatch>& batch, std::size_t position) {
  const rpc::Call& call = batch->batch.calls[position];
  if (!call.method) return batch->finish(position, call.method.error());
  const Duration soon = options_.query_deadline;
  if (std::holds_alternative<rpc::Health>(*call.method)) {
    batch->finish(position, rpc::result_response(call.id, "{}"));
  } else if (std::holds_alternative<rpc::NodeInfo>(*call.method)) {
    ask_rpc<schema::NodeStatus>(batch, position, query_, Draft<schema::GetStatus>(), soon,
                                [](auto reply) { return rpc::shape(reply); });
  } else if (std::holds_alternative<rpc::NetInfo>(*call.method)) {
    ask_rpc<schema::PeersView>(batch, position, peers_, Draft<schema::GetPeers>(), soon,
                               [](auto reply) { return rpc::shape(reply); });
  } else if (const auto* block = std::get_if<rpc::BlockAt>(&*call.method)) {
    Draft<schema::GetBlock> draft;
    if (block->height == 0)
      draft->setLatest();
    else
      draft->setHeight(block->height);
    draft->setWithTransactions(!block->commit_only);
    ask_rpc<schema::BlockView>(batch, position, query_, std::move(draft), soon,
                               [asked = *block](auto reply) { return rpc::shape(reply, asked); });
  } else if (const auto* set = std::get_if<rpc::ValidatorsAt>(&*call.method)) {
    Draft<schema::GetValidators> draft;
    draft->setHeight(set->height);
    ask_rpc<schema::ValidatorsView>(
        batch, position, query_, std::move(draft), soon,
        [asked = *set](auto reply) { return rpc::shape(reply, asked); });
  } else if (const auto* tx = std::get_if<rpc::BroadcastTx>(&*call.method)) {
    ask_rpc<schema::SubmitResult>(
        batch, position, mempool_, submit_draft(tx->tx, tx->commit),
        tx->commit ? options_.commit_deadline : options_.submit_deadline,
        [commit = tx->commit](auto reply) { return rpc::shape(reply, commit); });
  } else if (const auto* evidence = std::get_if<rpc::BroadcastEvidence>(&*call.method)) {
    ask_rpc<schema::SubmitEvidenceResult>(
        batch, position, evidence_, evidence_draft(evidence->evidence, false),
        options_.submit_deadline, [](auto reply) { return rpc::shape(reply); });
  } else if (const auto* account = std::get_if<rpc::AccountQuery>(&*call.method)) {
    Draft<schema::GetAccount> draft;
    draft->setId(as_data(account->key));
    draft->setProve(account->prove);
    ask_rpc<schema::AccountView>(batch, position, query_, std::move(draft), soon,
                                 [](auto reply) { return rpc::shape(reply, to_json_text(reply)); });
  }
}

}  // namespace witan
