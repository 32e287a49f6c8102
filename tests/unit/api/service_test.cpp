// The whole API over loopback: HTTP, routes, actors of a real runtime behind them.
#include "actors/api/service.hpp"

#include <nlohmann/json.hpp>

#include "actors/api/events_actor.hpp"
#include "actors/api/query_actor.hpp"
#include "actors/runtime/runtime.hpp"
#include "tests/unit/api/server_fixture.hpp"

namespace witan {
namespace {

using nlohmann::json;

// A chain of ten blocks without a store.
struct FakeSources final : QuerySources {
  bool ready = true;
  Status status(schema::NodeStatus::Builder out) override {
    out.setMoniker("m");
    out.setLatestHeight(10);
    return {};
  }
  Status readiness(schema::Readiness::Builder out) override {
    out.setReady(ready);
    if (!ready) out.initReasons(1).set(0, "catching up");
    return {};
  }
  Status block(const BlockSelector& which, bool with_transactions,
               schema::BlockView::Builder out) override {
    std::uint64_t height = 10;
    if (const auto* h = std::get_if<Height>(&which)) height = h->get();
    if (const auto* id = std::get_if<Hash32>(&which)) height = id->data[31];
    if (height == 1) return fail(ErrorCode::pruned, "height", "removed");
    if (height > 10) return fail(ErrorCode::not_found, "height", "not decided yet");
    out.initHeader().setHeight(height);
    commit_for(height, out.initCommit());
    if (height > 2) commit_for(height - 1, out.initLastCommit());
    if (with_transactions) out.initTransactions(1).set(0, as_data(as_bytes("tx")));
    return {};
  }
  // Validators 0 and 2 of three have signed.
  static void commit_for(std::uint64_t height, schema::CommitView::Builder out) {
    out.setHeight(height);
    out.setTime("2026-01-01T00:00:0" + std::to_string(height % 10) + "Z");
    out.setValidators(3);
    auto signers = out.initSigners(2);
    for (unsigned i = 0; i < 2; ++i) {
      signers[i].setIndex(2 * i);
      signers[i].setValidator(as_data(as_bytes(i == 0 ? "\x0a" : "\x0c")));
      signers[i].setAddress(i == 0 ? "wit1a" : "wit1c");
      signers[i].setSignature(as_data(as_bytes("sig")));
    }
  }
  Status blocks(Height from, Height to, schema::BlockList::Builder out) override {
    out.setLatestHeight(10);
    const std::uint64_t count = from.get() == 0 ? 10 : to.get() - from.get() + 1;
    out.initBlocks(static_cast<unsigned>(count));
    return {};
  }
  Status transaction(const TxId& id, schema::TxView::Builder out) override {
    out.setId(as_data(id));
    return {};
  }
  Status account(const AccountId& id, bool prove, schema::AccountView::Builder out) override {
    out.setKey(as_data(id));
    out.setExists(true);
    out.setNonce(3);
    if (prove) out.setProof(as_data(as_bytes("proof")));
    return {};
  }
  Status validators(Height height, schema::ValidatorsView::Builder out) override {
    out.setHeight(height.get() == 0 ? 11 : height.get());
    auto list = out.initValidators(4);
    for (unsigned i = 0; i < 4; ++i) list[i].setPower(i + 1);
    return {};
  }
  Status light_block(Height height, bool with_block, schema::LightBlockView::Builder out) override {
    out.setHeight(height.get() == 0 ? 10 : height.get());
    out.setBytes(as_data(as_bytes("light")));
    if (with_block) out.setBlock(as_data(as_bytes("block")));
    return {};
  }
  Status flow(schema::FlowView::Builder out) override {
    auto edge = out.initEdges(1)[0];
    edge.setFrom("consensus");
    edge.setTo("ledger");
    edge.setMessages(7);
    return {};
  }
  Status messages(schema::GetMessages::Reader which, schema::MessagesView::Builder out) override {
    auto message = out.initMessages(1)[0];
    if (which.isHeight()) {
      message.setHeight(which.getHeight());
    } else {
      message.setFrom(which.getEdge().getSender());
      message.setTo(which.getEdge().getReceiver());
    }
    message.setBytes(which.getLimit());
    return {};
  }
  Status tree(schema::TreeView::Builder out) override {
    out.initActors(1)[0].setPath("/node");
    return {};
  }
  Status genesis(schema::GenesisView::Builder out) override {
    out.setJson("{}");
    return {};
  }
  Status evidence(std::uint32_t limit, const std::optional<Hash32>& hash,
                  schema::EvidenceList::Builder out) override {
    if (hash && hash->data[31] != 7) return fail(ErrorCode::not_found, "id", "unknown");
    auto list = out.initEvidence(hash ? 1 : limit);
    for (unsigned i = 0; i < list.size(); ++i) list[i].setKind("amnesia");
    return {};
  }
};

// Admits every transaction but "bad"; "late" is never answered.
struct FakeMempool final : rt::ActorFor<MempoolRole> {
  explicit FakeMempool(rt::ActorContext& c) : ActorFor(c) {
    handle<schema::SubmitTx>(&FakeMempool::on_tx);
    handle<schema::SubmitBatch>(&FakeMempool::on_batch);
    handle<schema::GetMempool>(&FakeMempool::on_get);
    handle<schema::GetPendingNonce>(&FakeMempool::on_nonce);
  }
  void on_tx(schema::SubmitTx::Reader tx, const Envelope& request) {
    if (as_text(as_view(tx.getBytes())) == "late") return;
    Draft<schema::SubmitResult> out;
    const bool bad = as_text(as_view(tx.getBytes())) == "bad";
    out->setCode(bad ? "bad_nonce" : "ok");
    if (bad) out->setText("nonce is 3, expected 4");
    if (tx.getMode() == schema::SubmitMode::COMMIT) out->setHeight(7);
    context().reply(request, std::move(out));
  }
  void on_batch(schema::SubmitBatch::Reader batch, const Envelope& request) {
    Draft<schema::SubmitBatchResult> out;
    out->setAccepted(static_cast<std::uint32_t>(batch.getTransactions().size()));
    out->setHeight(batch.getWait() ? 7 : 0);
    context().reply(request, std::move(out));
  }
  // Accounts that begin with c have pending transfers; of d they are behind the state.
  void on_nonce(schema::GetPendingNonce::Reader ask, const Envelope& request) {
    const std::uint8_t first = as_view(ask.getAccount())[0];
    if (first == 0xee) return context().reply_error(request, {ErrorCode::busy, "", ""});
    Draft<schema::PendingNonce> out;
    out->setNonce(first == 0xcc ? 5 : first == 0xdd ? 2 : 0);
    context().reply(request, std::move(out));
  }
  void on_get(schema::GetMempool::Reader ask, const Envelope& request) {
    Draft<schema::MempoolView> out;
    out->setSize(ask.getLimit());
    context().reply(request, std::move(out));
  }
};

// Knows every piece of evidence but "bad"; an attack accuses two.
struct FakeEvidence final : rt::ActorFor<EvidenceRole> {
  explicit FakeEvidence(rt::ActorContext& c) : ActorFor(c) {
    handle<schema::SubmitEvidence>(&FakeEvidence::on_submit);
  }
  void on_submit(schema::SubmitEvidence::Reader in, const Envelope& request) {
    if (in.isEvidence() && as_text(as_view(in.getEvidence())) == "bad")
      return context().reply_error(request, {ErrorCode::bad_signature, "signature", "no"});
    Draft<schema::SubmitEvidenceResult> out;
    auto hashes = out->initHashes(in.isAttack() ? 2 : 1);
    for (unsigned i = 0; i < hashes.size(); ++i) hashes.set(i, as_data(as_bytes("\x07")));
    context().reply(request, std::move(out));
  }
};

struct ServiceFixture : test::ServerFixture {
  std::shared_ptr<FakeSources> sources = std::make_shared<FakeSources>();
  std::shared_ptr<EventHub> hub = std::make_shared<EventHub>();
  std::unique_ptr<rt::Runtime> runtime = std::make_unique<rt::Runtime>(rt::RuntimeOptions{});
  std::unique_ptr<ApiService> service;
  std::uint16_t port = 0;

  template <class F>
  static rt::ChildSpec child(std::string name, F factory) {
    rt::ChildSpec spec;
    spec.name = std::move(name);
    spec.factory = std::move(factory);
    return spec;
  }
  static rt::SupervisorSpec group(std::string name, std::vector<rt::Child> children) {
    rt::SupervisorSpec spec;
    spec.name = std::move(name);
    spec.children = std::move(children);
    return spec;
  }

  ServiceFixture() {
    runtime->start(group(
        "node",
        {group("chain",
               {child("mempool",
                      [](rt::ActorContext& c) { return std::make_unique<FakeMempool>(c); }),
                child("evidence",
                      [](rt::ActorContext& c) { return std::make_unique<FakeEvidence>(c); })}),
         group("api", {child("query",
                             [s = sources](rt::ActorContext& c) {
                               return std::make_unique<QueryActor>(c, s);
                             }),
                       child("events", [h = hub](rt::ActorContext& c) {
                         return std::make_unique<EventsActor>(c, h);
                       })})}));
    ApiOptions o;
    o.submit_deadline = Duration::from_ms(200);
    service = std::make_unique<ApiService>(*runtime, hub, metrics, o);
    port = start(options(),
                 [this](const HttpRequest& q, const Responder& r) { service->handle(q, r); });
    hub->set_wake([this] { server->wake_streams(); });
  }
  ~ServiceFixture() {
    runtime.reset();
    hub->set_wake({});
    server.reset();
  }

  std::string get(const std::string& target) {
    test::RawClient client(port);
    client.send("GET " + target + " HTTP/1.1\r\n\r\n");
    return client.response();
  }
  std::string post(const std::string& target, const std::string& type, const std::string& body) {
    test::RawClient client(port);
    client.send("POST " + target + " HTTP/1.1\r\nContent-Type: " + type +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.response();
  }
  json get_json(const std::string& target, int status = 200) {
    const std::string r = get(target);
    BOOST_CHECK_MESSAGE(test::status_of(r) == status, target << " -> " << r);
    return json::parse(test::body_of(r), nullptr, false);
  }
  json rpc(const std::string& body) {
    return json::parse(test::body_of(post("/", "application/json", body)), nullptr, false);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(service_test, ServiceFixture)

BOOST_AUTO_TEST_CASE(queries_are_answered_by_the_query_actor) {
  BOOST_CHECK_EQUAL(get_json("/api/v1/status")["latestHeight"], "10");
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks/latest")["header"]["height"], "10");
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks/4")["header"]["height"], "4");
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks/4?txs=1")["transactions"][0], "7478");
  BOOST_CHECK_EQUAL(
      get_json("/api/v1/blocks/by-id/" + std::string(63, '0') + "5")["header"]["height"], "5");
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks?from=3&to=5")["blocks"].size(), 3U);
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks")["blocks"].size(), 10U);
  const std::string id(64, 'c');
  BOOST_CHECK_EQUAL(get_json("/api/v1/transactions/" + id)["id"], id);
  BOOST_CHECK(!get_json("/api/v1/accounts/" + id).contains("proof"));
  BOOST_CHECK_EQUAL(get_json("/api/v1/accounts/" + id + "?prove=1")["proof"], "70726f6f66");
  BOOST_CHECK_EQUAL(get_json("/api/v1/validators")["height"], "11");
  BOOST_CHECK_EQUAL(get_json("/api/v1/tree")["actors"][0]["path"], "/node");
  BOOST_CHECK_EQUAL(get_json("/api/v1/genesis")["json"], "{}");
  BOOST_CHECK_EQUAL(get_json("/api/v1/mempool?limit=5")["size"], "5");
}

BOOST_AUTO_TEST_CASE(a_light_block_is_asked_for_by_height_or_as_the_last_one) {
  const json last = get_json("/api/v1/light/latest");
  BOOST_CHECK_EQUAL(last["height"], "10");
  BOOST_CHECK_EQUAL(last["bytes"], "6c69676874");
  BOOST_CHECK(!last.contains("block"));
  const json at = get_json("/api/v1/light/7?txs=1");
  BOOST_CHECK_EQUAL(at["height"], "7");
  BOOST_CHECK_EQUAL(at["block"], "626c6f636b");
  get_json("/api/v1/light/0", 400);
}

BOOST_AUTO_TEST_CASE(an_account_counts_the_transfers_the_node_has_pending) {
  const auto nonces = [this](char digit) {
    const json account = get_json("/api/v1/accounts/" + std::string(64, digit));
    BOOST_CHECK_EQUAL(account["nonce"], "3");
    return account["pendingNonce"].get<std::string>();
  };
  BOOST_CHECK_EQUAL(nonces('c'), "5");
  BOOST_CHECK_EQUAL(nonces('b'), "3");  // nothing pending
  BOOST_CHECK_EQUAL(nonces('d'), "3");  // the state knows better
  BOOST_CHECK_EQUAL(nonces('e'), "3");  // the mempool does not answer
}

BOOST_AUTO_TEST_CASE(a_block_shows_who_committed_the_one_before) {
  const json block = get_json("/api/v1/blocks/4");
  const json& last = block["lastCommit"];
  BOOST_CHECK_EQUAL(last["height"], "3");
  BOOST_CHECK_EQUAL(last["time"], "2026-01-01T00:00:03Z");
  BOOST_CHECK_EQUAL(last["validators"], 3);
  BOOST_REQUIRE_EQUAL(last["signers"].size(), 2U);
  BOOST_CHECK_EQUAL(
      last["signers"][1].dump(),
      R"({"address":"wit1c","blockIdFlag":2,"index":2,"polRound":0,"signature":"736967",)"
      R"("validator":"0c"})");
  BOOST_CHECK(!get_json("/api/v1/blocks/2").contains("lastCommit"));

  // CometBFT: one entry for each validator, absent ones with flag 1.
  const json comet = get_json("/block?height=4")["result"]["block"]["last_commit"];
  BOOST_CHECK_EQUAL(comet["height"], "3");
  BOOST_CHECK_EQUAL(comet["round"], 0);
  BOOST_CHECK(comet["block_id"]["parts"].contains("total"));
  BOOST_REQUIRE_EQUAL(comet["signatures"].size(), 3U);
  BOOST_CHECK_EQUAL(comet["signatures"][1].dump(),
                    R"({"block_id_flag":1,"signature":null,"timestamp":"0001-01-01T00:00:00Z",)"
                    R"("validator_address":""})");
  BOOST_CHECK_EQUAL(comet["signatures"][2].dump(),
                    R"({"block_id_flag":2,"signature":"c2ln","timestamp":"2026-01-01T00:00:03Z",)"
                    R"("validator_address":"0C"})");
  BOOST_CHECK_EQUAL(get_json("/commit?height=3")["result"]["signed_header"]["commit"].dump(),
                    comet.dump());
  const json none = get_json("/block?height=2")["result"]["block"]["last_commit"];
  BOOST_CHECK_EQUAL(none["height"], "0");
  BOOST_CHECK(none["signatures"].empty());
}

BOOST_AUTO_TEST_CASE(metrics_that_are_switched_off_are_not_found) {
  ApiOptions o;
  o.metrics = false;
  service = std::make_unique<ApiService>(*runtime, hub, metrics, o);
  BOOST_CHECK_EQUAL(get_json("/metrics", 404)["error"]["field"], "instrumentation.prometheus");
  BOOST_CHECK_EQUAL(test::body_of(get("/livez")), "ok\n");
}

BOOST_AUTO_TEST_CASE(errors_of_actors_become_statuses) {
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks/11", 404)["error"]["code"], "not_found");
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks/1", 410)["error"]["code"], "pruned");
  BOOST_CHECK_EQUAL(get_json("/api/v1/blocks/x", 400)["error"]["field"], "height");
  BOOST_CHECK_EQUAL(get_json("/api/v1/nothing", 404)["error"]["field"], "path");
  // Nobody stands in these slots.
  BOOST_CHECK_EQUAL(get_json("/api/v1/peers", 503)["error"]["code"], "unavailable");
  BOOST_CHECK_EQUAL(get_json("/api/v1/consensus/state", 503)["error"]["code"], "unavailable");
  const std::string wrong = get("/api/v1/transactions");
  BOOST_CHECK_EQUAL(test::status_of(wrong), 405);
  BOOST_CHECK(wrong.find("Allow: POST\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(liveness_readiness_and_metrics) {
  BOOST_CHECK_EQUAL(test::body_of(get("/livez")), "ok\n");
  BOOST_CHECK(get_json("/readyz")["ready"].get<bool>());
  sources->ready = false;
  BOOST_CHECK_EQUAL(get_json("/readyz", 503)["reasons"][0], "catching up");
  BOOST_CHECK(get("/metrics")
                  .find("witan_api_requests_total{chain_id=\"test\",route=\"readyz\","
                        "status=\"503\"} 1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(messages_are_asked_for_by_edge_or_height) {
  BOOST_CHECK_EQUAL(get_json("/api/v1/flow")["edges"][0]["messages"], "7");
  const auto edge = get_json("/api/v1/flow/messages?sender=a&receiver=b%2Fc&limit=5");
  BOOST_CHECK_EQUAL(edge["messages"][0]["to"], "b/c");
  BOOST_CHECK_EQUAL(edge["messages"][0]["bytes"], 5);
  BOOST_CHECK_EQUAL(get_json("/api/v1/flow/heights/9")["messages"][0]["height"], "9");
  BOOST_CHECK_EQUAL(get_json("/api/v1/flow/messages?sender=a", 400)["error"]["field"], "receiver");
  BOOST_CHECK_EQUAL(get_json("/api/v1/flow/heights/x", 400)["error"]["field"], "height");
}

BOOST_AUTO_TEST_CASE(the_dashboard_is_small_asks_nobody_else_and_runs_its_own_script_only) {
  std::size_t bytes = 0;
  for (const char* path : {"/", "/dashboard.css", "/dashboard.js"}) {
    const std::string response = get(path);
    BOOST_CHECK(response.find("200 OK") != std::string::npos);
    BOOST_CHECK(response.find("script-src 'self'") != std::string::npos);
    BOOST_CHECK(response.find("frame-ancestors 'none'") != std::string::npos);
    const std::string body = test::body_of(response);
    bytes += body.size();
    BOOST_CHECK(body.find("https://") == std::string::npos);
    BOOST_CHECK(body.find("innerHTML") == std::string::npos);
  }
  BOOST_CHECK_GT(bytes, 10'000u);
  BOOST_CHECK_LT(bytes, 200'000u);
}

BOOST_AUTO_TEST_CASE(transactions_are_submitted_in_both_forms) {
  const auto code = [](const std::string& r) { return json::parse(test::body_of(r))["code"]; };
  const std::string path = "/api/v1/transactions";
  BOOST_CHECK_EQUAL(code(post(path, "application/json", R"({"tx":"abcd"})")), "ok");
  BOOST_CHECK_EQUAL(code(post(path, "application/octet-stream", "xyz")), "ok");
  const std::string committed = post(path + "?wait=commit", "application/octet-stream", "xyz");
  BOOST_CHECK_EQUAL(json::parse(test::body_of(committed))["height"], "7");
  const std::string bad = post(path, "application/octet-stream", "bad");
  BOOST_CHECK_EQUAL(test::status_of(bad), 400);
  BOOST_CHECK_EQUAL(json::parse(test::body_of(bad))["error"]["code"], "bad_nonce");
  // In a block, but failed there: an answer, not an error.
  const std::string failed = post(path + "?wait=commit", "application/octet-stream", "bad");
  BOOST_CHECK_EQUAL(test::status_of(failed), 200);
  BOOST_CHECK_EQUAL(test::status_of(post(path, "application/octet-stream", "late")), 504);
  for (const auto& [type, body] : std::initializer_list<std::pair<std::string, std::string>>{
           {"text/plain", "x"},
           {"application/json", "{"},
           {"application/json", "{}"},
           {"application/json", R"({"tx":"zz"})"},
           {"application/json", R"({"tx":""})"},
           {"application/octet-stream", ""},
           {"application/octet-stream", std::string(65537, 'x')}})
    BOOST_CHECK_EQUAL(test::status_of(post(path, type, body)), body.size() > 65536 ? 413 : 400);
}

BOOST_AUTO_TEST_CASE(evidence_is_listed_shown_and_submitted) {
  BOOST_CHECK_EQUAL(get_json("/api/v1/evidence?limit=3")["evidence"].size(), 3u);
  const std::string id(62, '0');
  BOOST_CHECK_EQUAL(get_json("/api/v1/evidence/" + id + "07")["evidence"][0]["kind"], "amnesia");
  get_json("/api/v1/evidence/" + id + "08", 404);
  get_json("/api/v1/evidence/xyz", 400);
  const std::string path = "/api/v1/evidence";
  const auto sent = [&](const std::string& body) { return post(path, "application/json", body); };
  BOOST_CHECK_EQUAL(json::parse(test::body_of(sent(R"({"evidence":"abcd"})")))["hashes"].size(),
                    1u);
  BOOST_CHECK_EQUAL(json::parse(test::body_of(
                        post(path + "?attack=1", "application/octet-stream", "xy")))["hashes"]
                        .size(),
                    2u);
  BOOST_CHECK_EQUAL(json::parse(test::body_of(sent(R"({"evidence":"626164"})")))["error"]["code"],
                    "bad_signature");
  for (const char* bad : {"{", "{}", R"({"evidence":""})", R"({"evidence":"zz"})",
                          R"({"evidence":"ab","attack":"cd"})", R"({"evidence":7})"})
    BOOST_CHECK_EQUAL(test::status_of(sent(bad)), 400);
  BOOST_CHECK_EQUAL(test::status_of(post(path, "text/plain", "x")), 400);
  BOOST_CHECK_EQUAL(get_json("/broadcast_evidence?evidence=0xabcd")["result"]["hash"], "07");
  BOOST_CHECK(get_json("/broadcast_evidence?evidence=%22bad%22").contains("error"));
}

BOOST_AUTO_TEST_CASE(batches_are_checked_before_they_are_sent) {
  const std::string path = "/api/v1/transactions/batch?wait=commit";
  const std::string two("\x02\0\0\0ab\x01\0\0\0c", 11);
  const auto ok = json::parse(test::body_of(post(path, "application/octet-stream", two)));
  BOOST_CHECK_EQUAL(ok["accepted"], 11);
  BOOST_CHECK_EQUAL(ok["height"], "7");
  for (const std::string& bad : {two.substr(0, 10), std::string(), std::string(4, '\0'),
                                 std::string("\xff\xff\xff\xffx"), std::string("\x01")}) {
    const std::string r = post(path, "application/octet-stream", bad);
    BOOST_CHECK_EQUAL(test::status_of(r), 400);
    BOOST_CHECK(test::body_of(r).find("\"field\":\"transactions") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(an_event_sent_to_the_events_actor_reaches_a_stream_and_can_be_resumed) {
  test::RawClient client(port);
  client.send("GET /api/v1/events?from=0-0 HTTP/1.1\r\n\r\n");
  const auto events = runtime->ref<EventsRole>(EventsRole::path);
  for (std::uint64_t h = 1; h <= 3; ++h) {
    Draft<schema::PublishedEvent> draft;
    draft->initNewBlock().setHeight(h);
    BOOST_REQUIRE(events.send(std::move(draft)) == rt::Delivery::delivered);
  }
  Draft<schema::PublishedEvent> peer;
  peer->initPeerUp().setAddress("a:1");
  BOOST_REQUIRE(events.send(std::move(peer)) == rt::Delivery::delivered);
  BOOST_CHECK(client.read_until("id: 3-0\nevent: newBlock\n"));
  BOOST_CHECK(client.read_until("id: 3-1\nevent: peerUp\n"));  // it names no height
  BOOST_CHECK(client.received.find("\"time\":\"\"") == std::string::npos);
  test::RawClient resumed(port);
  resumed.send("GET /api/v1/events HTTP/1.1\r\nLast-Event-ID: 1-0\r\n\r\n");
  BOOST_REQUIRE(resumed.read_until("id: 3-0\n"));
  BOOST_CHECK(resumed.received.find("id: 2-0\n") != std::string::npos);
  BOOST_CHECK(resumed.received.find("id: 1-0\n") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(json_rpc_answers_in_cometbft_shapes) {
  BOOST_CHECK_EQUAL(rpc(R"({"jsonrpc":"2.0","id":1,"method":"health"})").dump(),
                    R"({"id":1,"jsonrpc":"2.0","result":{}})");
  BOOST_CHECK_EQUAL(get_json("/status")["result"]["sync_info"]["latest_block_height"], "10");
  BOOST_CHECK_EQUAL(get_json("/block?height=4")["result"]["block"]["data"]["txs"][0], "dHg=");
  BOOST_CHECK_EQUAL(get_json("/commit")["result"]["signed_header"]["header"]["height"], "10");
  const auto page = get_json("/validators?page=2&per_page=3")["result"];
  BOOST_CHECK_EQUAL(page["count"], "1");
  BOOST_CHECK_EQUAL(page["total"], "4");
  BOOST_CHECK_EQUAL(page["validators"][0]["voting_power"], "4");
  BOOST_CHECK_EQUAL(get_json("/broadcast_tx_sync?tx=0xabcd")["result"]["code"], 0);
  BOOST_CHECK_EQUAL(get_json("/broadcast_tx_sync?tx=%22bad%22")["result"]["codespace"],
                    "bad_nonce");
  const auto committed =
      rpc(R"({"jsonrpc":"2.0","id":"a","method":"broadcast_tx_commit","params":{"tx":"YmFk"}})");
  BOOST_CHECK_EQUAL(committed["result"]["check_tx"]["code"], 0);
  BOOST_CHECK_EQUAL(committed["result"]["tx_result"]["code"], 1);
  BOOST_CHECK_EQUAL(committed["result"]["height"], "7");
  BOOST_CHECK_EQUAL(get_json("/abci_query?path=%22/account%22&data=0x" +
                             std::string(64, 'a'))["result"]["response"]["code"],
                    0);
  BOOST_CHECK_EQUAL(get_json("/net_info")["error"]["code"], -32000);  // no peers actor here
}

BOOST_AUTO_TEST_CASE(json_rpc_errors_and_batches) {
  BOOST_CHECK_EQUAL(rpc("{")["error"]["code"], -32700);
  BOOST_CHECK_EQUAL(rpc("[]")["error"]["code"], -32600);
  BOOST_CHECK_EQUAL(rpc("7")["error"]["code"], -32600);
  BOOST_CHECK_EQUAL(rpc(R"({"id":1,"method":"status"})")["error"]["code"], -32600);
  BOOST_CHECK_EQUAL(rpc(R"({"jsonrpc":"2.0","id":1,"method":"x"})")["error"]["code"], -32601);
  for (const char* params :
       {R"({"tx":"%"})", R"({"tx":"YQ"})", R"({"tx":"YR=="})", R"({"tx":"=a=="})", "{}", "[7]"})
    BOOST_CHECK_EQUAL(rpc(std::string(R"({"jsonrpc":"2.0","id":1,"method":"broadcast_tx_sync",)") +
                          R"("params":)" + params + "}")["error"]["code"],
                      -32602);
  const auto batch = rpc(R"([{"jsonrpc":"2.0","id":1,"method":"status"},7,)"
                         R"({"jsonrpc":"2.0","id":2,"method":"block","params":["11"]}])");
  BOOST_REQUIRE_EQUAL(batch.size(), 3U);
  BOOST_CHECK_EQUAL(batch[0]["id"], 1);
  BOOST_CHECK_EQUAL(batch[1]["error"]["code"], -32600);
  BOOST_CHECK_EQUAL(batch[2]["error"]["code"], -32000);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
