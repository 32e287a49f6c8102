#include "tools/load/generator.hpp"

#include <cmath>
#include <deque>
#include <optional>

#include "crypto/random.hpp"
#include "messages/base/hex.hpp"
#include "tools/http/http_loop.hpp"
#include "tools/load/answers.hpp"
#include "tools/load/window.hpp"
#include "tools/load/workload.hpp"

namespace witan::loadgen {
namespace {

using web::http_get;
using web::HttpLoop;
using web::HttpReply;

constexpr Duration status_every = Duration::from_ms(200);
constexpr Duration retry_after = Duration::from_ms(100);
constexpr Duration request_timeout = Duration::from_s(5);
constexpr std::size_t first_window = 4;
const std::string batch_target = "/api/v1/transactions/batch?wait=commit";

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  random_fill({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
  return seed;
}

void add_to(LoadCounts& counts, const BatchAnswer& answer) {
  counts.committed += answer.committed;
  for (const auto& [code, count] : answer.errors) counts.errors[code] += count;
}

struct Lane {
  std::size_t http = 0;
  std::optional<TransferLane> transfers;
  std::string ready;  // transfers signed ahead of their turn
};

class Generator {
 public:
  Generator(LoadPlan plan, const LoadHooks& hooks)
      : plan_(std::move(plan)),
        hooks_(hooks),
        random_(random_seed()),
        window_(std::min(first_window, plan_.connections), plan_.connections) {}

  Result<LoadReport> run() {
    WITAN_TRY_VOID(connect());
    poll_status();
    if (plan_.kind == Kind::transfer) {
      for (std::size_t i = 0; i < lanes_.size(); ++i) read_nonces(i, 0);
    } else {
      begin();
    }
    loop_.run();
    if (failure_) return fail(*failure_);
    finish_report();
    return std::move(report_);
  }

 private:
  Status connect() {
    for (const std::string& url : plan_.nodes) {
      WITAN_TRY(const HttpReply answer, http_get(url, "/api/v1/status", request_timeout));
      auto status = parse_status(answer.body);
      if (!status) return fail(ErrorCode::malformed, url, "is no Witan node: " + answer.body);
      if (chain_id_ && *chain_id_ != status->chain_id)
        return fail(ErrorCode::usage, "--nodes", url + " belongs to another chain than the first");
      chain_id_ = status->chain_id;
      height_ = std::max(height_, status->latest_height);
    }
    WITAN_TRY(control_, loop_.add_lane(plan_.nodes[0]));
    if (plan_.kind == Kind::empty) return {};
    for (std::size_t i = 0; i < plan_.connections; ++i) {
      Lane lane;
      WITAN_TRY(lane.http, loop_.add_lane(plan_.nodes[i % plan_.nodes.size()]));
      if (plan_.kind == Kind::transfer) lane.transfers.emplace(*chain_id_, plan_.fee);
      lanes_.push_back(std::move(lane));
    }
    for (std::size_t i = 0; i < plan_.accounts.size(); ++i)
      lanes_[i % lanes_.size()].transfers->add(std::move(plan_.accounts[i]));
    if (plan_.kind == Kind::opaque)
      for (std::size_t i = 0; i < lanes_.size(); ++i) free_.push_back(i);
    return {};
  }

  // ---- time ----

  void begin() {
    start_ = HttpLoop::now();
    measured_begin_ = start_ + plan_.warmup;
    end_ = measured_begin_ + plan_.measured;
    loop_.at(measured_begin_, [this] {
      if (ended_) return;
      measuring_ = true;
      hooks_.on_measured_begin();
    });
    loop_.at(end_, [this] { end_now(); });
    tick(1);
    started_ = true;
    if (plan_.rate > 0 && plan_.kind != Kind::empty) wake_when_due();
    pump();
  }

  void tick(unsigned number) {
    const Instant due = start_ + Duration::from_s(number);
    loop_.at(due, [this, number, due] {
      if (ended_) return;
      second_.number = number;
      // Not `measuring_`: timers that are due at the same moment fire in any order.
      second_.warmup = due <= measured_begin_;
      second_.height = height_;
      second_.in_flight = in_flight_;
      if (plan_.rate <= 0 && second_.warmup)
        window_.on_rate(static_cast<double>(second_.counts.committed));
      hooks_.on_second(second_);
      second_ = {};
      pump();
      tick(number + 1);
    });
  }

  void end_now() {
    if (ended_) return;
    end_ = std::min(end_, HttpLoop::now());
    ended_ = true;
    if (std::exchange(measuring_, false)) hooks_.on_measured_end();
    loop_.at(end_ + plan_.answer_timeout, [this] { loop_.stop(); });
    stop_when_answered();
  }

  void stop_when_answered() {
    if (ended_ && in_flight_ == 0) loop_.stop();
  }

  // ---- schedule ----

  [[nodiscard]] Instant due(std::uint64_t batch) const {
    const double seconds =
        static_cast<double>(batch) * static_cast<double>(plan_.batch) / plan_.rate;
    return start_ + Duration{static_cast<std::int64_t>(seconds * 1e9)};
  }

  void wake_when_due() {
    // Not more often than every half millisecond: then several batches leave at once.
    const Instant earliest = HttpLoop::now() + Duration::from_us(500);
    loop_.at(std::max(due(next_batch_), earliest), [this] {
      if (ended_) return;
      pump();
      wake_when_due();
    });
  }

  void pump() {
    if (!started_ || ended_) return;
    const Instant now = HttpLoop::now();
    while (!free_.empty()) {
      Instant scheduled = now;
      if (plan_.rate > 0) {
        scheduled = due(next_batch_);
        if (scheduled > now || scheduled >= end_) return;
      } else if (in_flight_ >= window_.size()) {
        return;
      }
      const std::size_t lane = free_.front();
      free_.pop_front();
      ++next_batch_;
      send_batch(lane, scheduled);
    }
  }

  void send_batch(std::size_t index, Instant scheduled) {
    Lane& lane = lanes_[index];
    std::string body = std::exchange(lane.ready, {});
    if (plan_.kind == Kind::opaque)
      body = opaque_batch(random_, plan_.batch, plan_.payload_bytes,
                          Height(height_ + opaque_window_heights / 2));
    const bool counted = scheduled >= measured_begin_;
    if (counted) report_.counts.sent += plan_.batch;
    second_.counts.sent += plan_.batch;
    ++in_flight_;
    loop_.send(lane.http, batch_target, std::move(body), plan_.answer_timeout,
               [this, index, scheduled, counted](const Result<HttpReply>& answer) {
                 on_answer(index, scheduled, counted, answer);
               });
    if (lane.transfers) lane.ready = lane.transfers->batch(plan_.batch);
  }

  void on_answer(std::size_t index, Instant scheduled, bool counted,
                 const Result<HttpReply>& answer) {
    --in_flight_;
    BatchAnswer outcome;
    if (answer) {
      outcome = parse_batch_answer(answer->status, answer->body, plan_.batch);
    } else {
      outcome.errors[std::string(name_of(answer.error().code))] = plan_.batch;
      outcome.retry_later = true;
    }
    const std::int64_t elapsed = (HttpLoop::now() - scheduled).ns / 1000;
    const auto latency_us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, elapsed));
    if (counted) {
      add_to(report_.counts, outcome);
      report_.latency.record(latency_us, outcome.committed);
    }
    if (measuring_) report_.committed_in_time += outcome.committed;
    add_to(second_.counts, outcome);
    second_.latency.record(latency_us, outcome.committed);
    if (ended_) return stop_when_answered();
    release(index, outcome);
    pump();
  }

  // Makes a lane usable again: at once, after a pause, or after asking for the accounts' nonces.
  void release(std::size_t index, const BatchAnswer& outcome) {
    const bool resync = lanes_[index].transfers && !outcome.errors.empty();
    if (!resync && !outcome.retry_later) {
      free_.push_back(index);
      return;
    }
    loop_.at(HttpLoop::now() + retry_after, [this, index, resync] {
      if (resync) return read_nonces(index, 0);
      free_.push_back(index);
      pump();
    });
  }

  // ---- questions to the nodes ----

  void poll_status() {
    loop_.send(control_, "/api/v1/status", {}, request_timeout,
               [this](const Result<HttpReply>& answer) {
                 const auto status =
                     answer ? parse_status(answer->body) : Result<StatusAnswer>(StatusAnswer{});
                 if (status) note_height(status->latest_height);
                 if (started_ && hooks_.should_end()) end_now();
                 if (!ended_)
                   loop_.at(HttpLoop::now() + status_every, [this] {
                     if (!ended_) poll_status();
                   });
               });
  }

  void note_height(std::uint64_t height) {
    height_ = std::max(height_, height);
    if (!measuring_ || height == 0) return;
    const HeightSeen seen{HttpLoop::now(), height_};
    if (!first_seen_) first_seen_ = seen;
    last_seen_ = seen;
  }

  void read_nonces(std::size_t index, std::size_t account) {
    Lane& lane = lanes_[index];
    if (account == lane.transfers->size()) {
      lane.ready = lane.transfers->batch(plan_.batch);
      free_.push_back(index);
      if (!started_ && free_.size() == lanes_.size()) begin();
      return pump();
    }
    const std::string target = "/api/v1/accounts/" + to_hex(lane.transfers->id(account));
    loop_.send(lane.http, target, {}, request_timeout,
               [this, index, account](const Result<HttpReply>& answer) {
                 on_nonce(index, account, answer);
               });
  }

  void on_nonce(std::size_t index, std::size_t account, const Result<HttpReply>& answer) {
    const auto nonce =
        answer ? parse_account_nonce(answer->body) : Result<std::uint64_t>(fail(answer.error()));
    if (nonce) {
      lanes_[index].transfers->set_nonce(account, *nonce);
      return read_nonces(index, account + 1);
    }
    if (!started_) {
      failure_ = nonce.error();
      return loop_.stop();
    }
    if (!ended_)
      loop_.at(HttpLoop::now() + retry_after,
               [this, index, account] { read_nonces(index, account); });
  }

  void finish_report() {
    report_.seconds = std::max(0.0, (end_ - measured_begin_).seconds());
    report_.height = height_;
    report_.window = plan_.rate > 0 ? 0 : window_.size();
    if (first_seen_ && last_seen_->at > first_seen_->at)
      report_.heights_per_second = static_cast<double>(last_seen_->height - first_seen_->height) /
                                   (last_seen_->at - first_seen_->at).seconds();
    if (plan_.rate <= 0 || plan_.kind == Kind::empty) return;
    std::uint64_t unsent = 0;
    for (std::uint64_t batch = next_batch_; due(batch) < end_; ++batch)
      if (due(batch) >= measured_begin_) ++unsent;
    report_.not_sent = unsent * plan_.batch;
    if (in_flight_ > 0) {
      std::uint64_t known = report_.counts.committed;
      for (const auto& [code, count] : report_.counts.errors) known += count;
      report_.counts.errors["no_answer"] += report_.counts.sent - known;
    }
  }

  struct HeightSeen {
    Instant at;
    std::uint64_t height = 0;
  };

  LoadPlan plan_;
  const LoadHooks& hooks_;
  Random random_;
  Window window_;
  HttpLoop loop_;
  std::optional<ChainId> chain_id_;
  std::uint64_t height_ = 0;
  std::size_t control_ = 0;
  std::vector<Lane> lanes_;
  std::deque<std::size_t> free_;  // in turn, so that all nodes get the same share
  std::size_t in_flight_ = 0;
  std::uint64_t next_batch_ = 0;
  bool started_ = false, measuring_ = false, ended_ = false;
  Instant start_, measured_begin_, end_;
  std::optional<HeightSeen> first_seen_, last_seen_;
  LoadSecond second_;
  LoadReport report_;
  std::optional<Error> failure_;
};

Status check_plan(LoadPlan& plan) {
  if (plan.nodes.empty()) return fail(ErrorCode::usage, "--nodes", "give at least one URL");
  if (!std::isfinite(plan.rate) || plan.rate < 0)
    return fail(ErrorCode::usage, "--rate", "must be positive, or `max`");
  if (plan.measured.ns <= 0) return fail(ErrorCode::usage, "--for", "must be positive");
  if (plan.kind == Kind::empty) return {};
  if (plan.batch == 0 || plan.connections == 0)
    return fail(ErrorCode::usage, "--batch", "batch and connections must be positive");
  std::size_t entry = transfer_entry_bytes;
  if (plan.kind == Kind::opaque) {
    if (plan.payload_bytes < 16 || plan.payload_bytes > tx_bytes_max - 64)
      return fail(ErrorCode::usage, "--payload", "is outside 16..65472: below, payloads repeat");
    entry = opaque_entry_bytes(plan.payload_bytes);
  } else {
    if (plan.accounts.empty())
      return fail(ErrorCode::usage, "--accounts", "transfers need funded accounts");
    plan.connections = std::min(plan.connections, plan.accounts.size());
  }
  plan.batch = std::min(plan.batch, std::max<std::size_t>(1, plan.body_bytes_max / entry));
  return {};
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::empty:
      return "empty";
    case Kind::opaque:
      return "opaque";
    case Kind::transfer:
      return "transfer";
  }
  return "unknown";
}

Result<Kind> kind_from(std::string_view name) {
  for (const Kind kind : {Kind::empty, Kind::opaque, Kind::transfer})
    if (name == name_of(kind)) return kind;
  return fail(ErrorCode::usage, "--kind", "is not transfer, opaque or empty");
}

Result<double> rate_from(const std::string& text) {
  if (text == "max") return 0.0;
  char* end = nullptr;
  const double rate = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(rate) || rate <= 0)
    return fail(ErrorCode::usage, "--rate", "is neither a positive number nor `max`");
  return rate;
}

Result<LoadReport> run_load(LoadPlan plan, const LoadHooks& hooks) {
  WITAN_TRY_VOID(check_plan(plan));
  return Generator(std::move(plan), hooks).run();
}

}  // namespace witan::loadgen
