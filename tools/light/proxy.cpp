#include "tools/light/proxy.hpp"

#include "actors/api/http_error.hpp"
#include "actors/api/json.hpp"
#include "actors/api/views.hpp"
#include "actors/ledger/core/account.hpp"
#include "actors/telemetry/log.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "storage/state_proof.hpp"

namespace witan::light {
namespace {

HttpResponse json_response(std::string body, std::string_view route, unsigned status = 200) {
  HttpResponse out;
  out.status = status;
  out.body = std::move(body);
  out.route = route;
  return out;
}

// 404: the chain has no such thing, or not any more. 502: it cannot be had, or not be believed.
unsigned status_of(const Error& error) {
  if (error.code == ErrorCode::not_found || error.code == ErrorCode::pruned) return 404;
  const bool asked_wrongly = error.code == ErrorCode::out_of_range && error.field == "height";
  return asked_wrongly ? 400 : 502;
}

HttpResponse failure(const Error& error, std::string_view route) {
  HttpResponse out = error_response(error, route);
  out.status = status_of(error);
  return out;
}

tl::unexpected<Error> not_served() {
  return fail(ErrorCode::not_found, "path",
              "a light client serves only what it can verify; ask a node");
}

template <class View, class Fill>
Result<std::string> view_json(const Fill& fill) {
  Draft<View> draft;
  WITAN_TRY_VOID(fill(*draft));
  return to_json_text(draft->asReader());
}

}  // namespace

Proxy::Proxy(std::unique_ptr<Session> session, std::function<void(Session&)> on_attack)
    : session_(std::move(session)), on_attack_(std::move(on_attack)) {
  worker_ = std::thread([this] { run(); });
}

Proxy::~Proxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  wake_.notify_all();
  worker_.join();
}

void Proxy::handle(HttpRequest request, Responder responder) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && waiting_.size() < requests_max) {
      waiting_.push_back({std::move(request), std::move(responder)});
      wake_.notify_one();
      return;
    }
  }
  responder.respond(error_response({ErrorCode::busy, "proxy", "too many requests wait"}));
}

void Proxy::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next.responder.respond(answer(next.request));
    if (session_->client().attack() && !attacked_) {
      attacked_ = true;
      on_attack_(*session_);
    }
  }
}

HttpResponse Proxy::answer(const HttpRequest& request) {
  const auto routed = route_request(request.method, request.target);
  if (!routed) return error_response(routed.error());
  const std::string_view name = info_of(routed->route).name;
  if (routed->route == Route::livez) {
    HttpResponse out = json_response("ok\n", name);
    out.content_type = "text/plain";
    return out;
  }
  if (routed->route == Route::rpc) return rpc_post(request.body);
  if (name.starts_with("rpc")) return rpc_get(*routed);
  auto body = rest(*routed);
  return body ? json_response(std::move(*body), name) : failure(body.error(), name);
}

Result<std::string> Proxy::rest(const RoutedRequest& r) {
  if (r.height == 0) return fail(ErrorCode::out_of_range, "height", "must be at least 1");
  const std::uint64_t height = r.height.value_or(0);
  switch (r.route) {
    case Route::status:
      return view_json<schema::NodeStatus>([&](auto out) { return fill_status(out); });
    case Route::block:
    case Route::block_latest:
      return view_json<schema::BlockView>(
          [&](auto out) { return fill_block(height, r.with_transactions, out); });
    case Route::light:
    case Route::light_latest:
      if (r.with_transactions) return not_served();
      return view_json<schema::LightBlockView>([&](auto out) { return fill_light(height, out); });
    case Route::validators:
      return view_json<schema::ValidatorsView>([&](auto out) { return fill_set(height, out); });
    case Route::account:
      return view_json<schema::AccountView>(
          [&](auto out) { return fill_account(*r.account, out); });
    default:
      return not_served();
  }
}

// ---- JSON-RPC

HttpResponse Proxy::rpc_get(const RoutedRequest& r) {
  const RouteInfo& info = info_of(r.route);
  const rpc::Call call = rpc::parse_get(info.pattern.substr(1), r.rpc);
  if (!call.method) return json_response(call.method.error(), info.name);
  const auto result = rpc_result(*call.method);
  return result ? json_response(rpc::result_response(call.id, *result), info.name)
                : json_response(rpc::error_response(call.id, result.error()), info.name,
                                status_of(result.error()));
}

HttpResponse Proxy::rpc_post(const std::string& body) {
  const rpc::Batch batch = rpc::parse_post(body);
  std::string out = batch.is_array ? "[" : "";
  for (std::size_t i = 0; i < batch.calls.size(); ++i) {
    const rpc::Call& call = batch.calls[i];
    if (i > 0) out += ",";
    if (!call.method) {
      out += call.method.error();
      continue;
    }
    const auto result = rpc_result(*call.method);
    out += result ? rpc::result_response(call.id, *result)
                  : rpc::error_response(call.id, result.error());
  }
  return json_response(out + (batch.is_array ? "]" : ""), "rpc");
}

Result<std::string> Proxy::rpc_result(const rpc::Method& method) {
  if (std::holds_alternative<rpc::Health>(method)) return std::string("{}");
  if (std::holds_alternative<rpc::NodeInfo>(method)) {
    Draft<schema::NodeStatus> out;
    WITAN_TRY_VOID(fill_status(*out));
    return rpc::shape(out->asReader());
  }
  if (const auto* block = std::get_if<rpc::BlockAt>(&method)) {
    Draft<schema::BlockView> out;
    WITAN_TRY_VOID(fill_block(block->height, !block->commit_only, *out));
    return rpc::shape(out->asReader(), *block);
  }
  if (const auto* set = std::get_if<rpc::ValidatorsAt>(&method)) {
    Draft<schema::ValidatorsView> out;
    WITAN_TRY_VOID(fill_set(set->height, *out));
    return rpc::shape(out->asReader(), *set);
  }
  if (const auto* account = std::get_if<rpc::AccountQuery>(&method)) {
    WITAN_TRY(const AccountId id, fixed_from<AccountId>(account->key, "data"));
    Draft<schema::AccountView> out;
    WITAN_TRY_VOID(fill_account(id, *out));
    return rpc::shape(out->asReader(), to_json_text(out->asReader()));
  }
  return not_served();
}

// ---- verified answers

Result<LightBlock> Proxy::block_at(std::uint64_t height) {
  return height == 0 ? session_->update() : session_->verify_at(Height(height));
}

// The primary's block of a verified header: same header, and the lists that the header commits to.
Result<Block> Proxy::whole_block(const LightBlock& verified) {
  WITAN_TRY(const Bytes raw, session_->primary().block_bytes(verified.height()));
  WITAN_TRY(Block block, decode_block(raw));
  const auto lie = [&](const char* field) {
    return fail(ErrorCode::invalid_block, field,
                session_->primary().name() + ": does not belong to the verified header of height " +
                    std::to_string(verified.height().get()));
  };
  if (block.header != verified.header) return lie("block.header");
  std::vector<TxId> ids;
  for (const Bytes& tx : block.txs) ids.push_back(tx_id(tx));
  if (tx_root(ids) != block.header.tx_root) return lie("block.txs");
  const Hash32 commit = is_absent(block.last_commit) ? Hash32{} : commit_hash(block.last_commit);
  if (commit != block.header.prev_commit_hash) return lie("block.last_commit");
  return block;
}

Status Proxy::fill_block(std::uint64_t height, bool with_transactions,
                         schema::BlockView::Builder out) {
  WITAN_TRY(const LightBlock verified, block_at(height));
  WITAN_TRY(const Block block, whole_block(verified));
  fill_header(verified.header, verified.id(), out.initHeader());
  fill_commit(verified.commit, *verified.validators, verified.header.time, out.initCommit());
  fill_transactions(block, with_transactions, out);
  if (is_absent(block.last_commit)) return {};
  WITAN_TRY(const LightBlock before, block_at(verified.height().get() - 1));
  fill_commit(block.last_commit, *before.validators, before.header.time, out.initLastCommit());
  return {};
}

Status Proxy::fill_status(schema::NodeStatus::Builder out) {
  WITAN_TRY(const LightBlock last, block_at(0));
  out.setMoniker("light client");
  out.setChainId(as_data(last.header.chain_id));
  out.setLatestHeight(last.height().get());
  out.setLatestBlockId(as_data(last.id()));
  out.setLatestBlockTime(format_utc(last.header.time));
  out.setLatestStateRoot(as_data(last.header.state_root));
  out.setEarliestHeight(session_->client().store().lowest()->height().get());
  return {};
}

Status Proxy::fill_set(std::uint64_t height, schema::ValidatorsView::Builder out) {
  WITAN_TRY(const LightBlock verified, block_at(height));
  if (height == 0)
    fill_validators(*verified.next_validators, verified.height() + 1, out);
  else
    fill_validators(*verified.validators, verified.height(), out);
  return {};
}

Status Proxy::fill_account(const AccountId& id, schema::AccountView::Builder out) {
  WITAN_TRY(const AccountClaim claim, session_->primary().account(id));
  WITAN_TRY(const LightBlock verified, block_at(claim.height.get()));
  WITAN_TRY(const StateProof proof, StateProof::decode(claim.proof));
  const Bytes value = ledger::encode({claim.balance, claim.nonce});
  const auto root = verified.header.module_roots[static_cast<std::size_t>(Module::accounts)];
  const auto proved =
      verify_proof(root, Hash32::from(id.view()),
                   claim.exists ? std::optional<ByteView>(value) : std::nullopt, proof);
  if (!proved)
    return fail(ErrorCode::bad_proof, "account",
                session_->primary().name() + ": " + proved.error().to_string());
  out.setAddress(to_address(id));
  out.setKey(as_data(id));
  out.setExists(claim.exists);
  out.setBalance(claim.exists ? claim.balance : 0);
  out.setNonce(claim.exists ? claim.nonce : 0);
  out.setPendingNonce(out.getNonce());
  out.setHeight(verified.height().get());
  out.setStateRoot(as_data(verified.header.state_root));
  out.setProof(as_data(ByteView(claim.proof)));
  return {};
}

Status Proxy::fill_light(std::uint64_t height, schema::LightBlockView::Builder out) {
  WITAN_TRY(const LightBlock verified, block_at(height));
  const Bytes bytes = encode_light_block(verified);
  out.setHeight(verified.height().get());
  out.setId(as_data(verified.id()));
  out.setBytes(as_data(ByteView(bytes)));
  return {};
}

}  // namespace witan::light
