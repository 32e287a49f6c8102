#include "tools/load/generator.hpp"

#include <map>
#include <optional>

#include "crypto/sign_bytes.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/tx_codec.hpp"
#include "tests/unit/api/server_fixture.hpp"

namespace witan::loadgen {
namespace {

const ChainId chain = Hash32::from(Bytes(32, 7));

// Enough of a node: takes every transaction, checks the order of nonces, "decides" at once.
struct FakeNode : test::ServerFixture {
  std::uint64_t height = 0, transactions = 0, batches = 0;
  std::map<std::string, std::uint64_t> nonces;  // next one by account, hex
  std::uint64_t refuse_batch = 0;               // this batch, counted from 1
  std::uint64_t hold_batch = 0;                 // answered only after three status requests
  std::optional<Responder> held;
  std::string held_answer;
  int held_for = 0;

  std::string url() {
    return "http://127.0.0.1:" + std::to_string(start(options(), [this](auto&&... request) {
             handle(std::forward<decltype(request)>(request)...);
           }));
  }

  void handle(const HttpRequest& request, const Responder& responder) {
    HttpResponse r;
    if (request.target == "/api/v1/status") {
      r.body = R"({"chainId":")" + to_hex(chain) + R"(","latestHeight":")" +
               std::to_string(++height) + "\"}";
      release_held();
    } else if (request.target.starts_with("/api/v1/accounts/")) {
      r.body = R"({"nonce":")" + std::to_string(nonces[request.target.substr(17)]) + "\"}";
    } else if (request.target == "/api/v1/transactions/batch?wait=commit") {
      if (++batches == refuse_batch) {
        r.status = 503;
        r.body = R"({"error":{"code":"busy","field":"","text":""}})";
      } else {
        r.body = take(request.body);
      }
      if (batches == hold_batch) {
        held = responder;
        held_answer = r.body;
        return;
      }
    } else {
      r.status = 404;
    }
    responder.respond(std::move(r));
  }

  void release_held() {
    if (!held || ++held_for < 3) return;
    HttpResponse r;
    r.body = held_answer;
    held->respond(std::move(r));
    held.reset();
  }

  std::string take(const std::string& body) {
    ByteReader in(as_bytes(body));
    std::uint64_t accepted = 0, rejected = 0;
    std::string failures;
    for (; in.left() > 0;) {
      const auto tx = decode_transaction(in.prefixed(tx_bytes_max));
      BOOST_REQUIRE(tx.has_value());
      const auto* transfer = std::get_if<Transfer>(&*tx);
      if (transfer != nullptr && nonces[to_hex(transfer->from)]++ != transfer->nonce) {
        --nonces[to_hex(transfer->from)];
        failures += (failures.empty() ? "" : ",");
        failures += R"({"position":0,"code":"bad_nonce","text":""})";
        ++rejected;
      } else {
        ++accepted;
      }
    }
    transactions += accepted;
    return R"({"accepted":)" + std::to_string(accepted) + R"(,"rejected":)" +
           std::to_string(rejected) + R"(,"committed":)" + std::to_string(accepted) +
           R"(,"height":"1","failures":[)" + failures + "]}";
  }
};

LoadPlan plan_for(const std::string& url) {
  LoadPlan plan;
  plan.nodes = {url};
  plan.rate = 2000;
  plan.batch = 20;
  plan.connections = 4;
  plan.measured = Duration::from_ms(1000);
  return plan;
}

std::uint64_t answered(const LoadCounts& counts) {
  std::uint64_t out = counts.committed;
  for (const auto& [code, count] : counts.errors) out += count;
  return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(generator_test, FakeNode)

BOOST_AUTO_TEST_CASE(an_open_loop_sends_exactly_what_is_due) {
  unsigned begun = 0, ended = 0, seconds = 0;
  LoadHooks hooks;
  hooks.on_measured_begin = [&] { ++begun; };
  hooks.on_measured_end = [&] { ++ended; };
  hooks.on_second = [&](const LoadSecond& second) {
    ++seconds;
    BOOST_CHECK_EQUAL(second.warmup, second.number <= 1);
  };
  LoadPlan plan = plan_for(url());
  plan.warmup = Duration::from_ms(1000);
  plan.measured = Duration::from_ms(1100);
  const auto report = run_load(std::move(plan), hooks);
  WITAN_REQUIRE_OK(report);
  BOOST_CHECK_EQUAL(report->counts.sent + report->not_sent, 2200);
  BOOST_CHECK_EQUAL(answered(report->counts), report->counts.sent);
  BOOST_CHECK(report->counts.errors.empty());
  BOOST_CHECK_GE(transactions, report->counts.committed + 1900);  // and those of the warm-up
  BOOST_CHECK_EQUAL(report->latency.count(), report->counts.committed);
  BOOST_CHECK_GT(report->heights_per_second, 0);
  BOOST_CHECK_EQUAL(begun, 1);
  BOOST_CHECK_EQUAL(ended, 1);
  BOOST_CHECK_GE(seconds, 1);
}

BOOST_AUTO_TEST_CASE(a_stall_is_charged_to_everything_that_was_due_meanwhile) {
  hold_batch = 10;
  LoadPlan plan = plan_for(url());
  plan.connections = 1;
  plan.measured = Duration::from_s(2);
  const auto report = run_load(std::move(plan), {});
  WITAN_REQUIRE_OK(report);
  // Held for at least 400 ms: a fifth of the run. One late batch alone would not move p80.
  BOOST_CHECK_GE(report->latency.max(), 400'000);
  BOOST_CHECK_GE(report->latency.percentile(900), 150'000);
  BOOST_CHECK_EQUAL(report->counts.sent + report->not_sent, 4000);
}

BOOST_AUTO_TEST_CASE(transfers_keep_their_nonces_in_order_and_recover_after_an_error) {
  refuse_batch = 5;
  LoadPlan plan = plan_for(url());
  plan.kind = Kind::transfer;
  plan.rate = 500;
  plan.batch = 10;
  for (int i = 0; i < 8; ++i) plan.accounts.push_back(SecretKey::generate());
  nonces[to_hex(plan.accounts[3].public_key())] = 17;  // it has been used before
  const auto report = run_load(std::move(plan), {});
  WITAN_REQUIRE_OK(report);
  BOOST_CHECK_EQUAL(report->counts.errors.at("busy"), 10);
  BOOST_CHECK_EQUAL(report->counts.errors.size(), 1);
  BOOST_CHECK_EQUAL(report->counts.committed, transactions);
  BOOST_CHECK_GE(report->counts.committed, 300);
}

BOOST_AUTO_TEST_CASE(a_closed_loop_runs_until_its_time_is_over) {
  LoadPlan plan = plan_for(url());
  plan.rate = 0;
  plan.batch = 50;
  const auto report = run_load(std::move(plan), {});
  WITAN_REQUIRE_OK(report);
  BOOST_CHECK_GT(report->counts.committed, 1000);
  BOOST_CHECK_EQUAL(answered(report->counts), report->counts.sent);
  BOOST_CHECK_EQUAL(report->window, 4);
  BOOST_CHECK_EQUAL(report->not_sent, 0);
}

BOOST_AUTO_TEST_CASE(plans_that_cannot_run_are_refused_with_the_option_to_change) {
  const std::string node = url();
  const auto field_of = [&](auto&& change) {
    LoadPlan plan = plan_for(node);
    change(plan);
    const auto report = run_load(std::move(plan), {});
    BOOST_REQUIRE(!report.has_value());
    return report.error().field;
  };
  BOOST_CHECK_EQUAL(field_of([](LoadPlan& p) { p.nodes.clear(); }), "--nodes");
  BOOST_CHECK_EQUAL(field_of([](LoadPlan& p) { p.rate = -1; }), "--rate");
  BOOST_CHECK_EQUAL(field_of([](LoadPlan& p) { p.payload_bytes = 70'000; }), "--payload");
  BOOST_CHECK_EQUAL(field_of([](LoadPlan& p) { p.kind = Kind::transfer; }), "--accounts");
  BOOST_CHECK_EQUAL(field_of([](LoadPlan& p) { p.nodes = {"nonsense"}; }), "nonsense");
  LoadPlan nobody = plan_for("http://127.0.0.1:1");
  BOOST_CHECK(run_load(std::move(nobody), {}).error().code == ErrorCode::network);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::loadgen
