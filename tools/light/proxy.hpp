// HTTP for programs that cannot verify: the node's routes, answered from what a light client has
// verified, in the node's own words (actors/api/views.hpp).
//
// Served: /api/v1/status, blocks, light, validators, accounts, /livez, and the JSON-RPC calls
// health, status, block, commit, validators, abci_query "/account". Left out of an answer: what no
// header proves (receipts, sizes, pending nonces). A block's transactions are checked against its
// tx_root, its last commit against prev_commit_hash, an account against the state root of its
// header. Anything else is 404; what cannot be fetched or does not verify is 502; both as the API's
// typed error.
//
// Requests are answered one after the other on a thread of the proxy's own, which owns the session.
// At most requests_max wait; more are `busy` (503).
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "actors/api/http_server.hpp"
#include "actors/api/router.hpp"
#include "actors/api/rpc.hpp"
#include "tools/light/session.hpp"

namespace witan::light {

class Proxy {
 public:
  static constexpr std::size_t requests_max = 256;

  // `on_attack` is called once, on the proxy's thread, when a question uncovers an attack.
  Proxy(std::unique_ptr<Session> session, std::function<void(Session&)> on_attack);
  ~Proxy();  // drops what waits
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Any thread; never blocks.
  void handle(HttpRequest request, Responder responder);

 private:
  struct Waiting {
    HttpRequest request;
    Responder responder;
  };
  void run();
  [[nodiscard]] HttpResponse answer(const HttpRequest& request);
  [[nodiscard]] Result<std::string> rest(const RoutedRequest& r);
  [[nodiscard]] HttpResponse rpc_get(const RoutedRequest& r);
  [[nodiscard]] HttpResponse rpc_post(const std::string& body);
  [[nodiscard]] Result<std::string> rpc_result(const rpc::Method& method);

  [[nodiscard]] Result<LightBlock> block_at(std::uint64_t height);  // 0: the last one
  [[nodiscard]] Status fill_block(std::uint64_t height, bool with_transactions,
                                  schema::BlockView::Builder out);
  [[nodiscard]] Status fill_status(schema::NodeStatus::Builder out);
  [[nodiscard]] Status fill_set(std::uint64_t height, schema::ValidatorsView::Builder out);
  [[nodiscard]] Status fill_account(const AccountId& id, schema::AccountView::Builder out);
  [[nodiscard]] Status fill_light(std::uint64_t height, schema::LightBlockView::Builder out);
  [[nodiscard]] Result<Block> whole_block(const LightBlock& verified);

  std::unique_ptr<Session> session_;
  std::function<void(Session&)> on_attack_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  bool attacked_ = false;
  std::thread worker_;
};

}  // namespace witan::light
