#include "tools/sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/ledger/core/account.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "crypto/hash.hpp"
#include "messages/wire/tx_codec.hpp"
#include "tools/sim/entropy.hpp"
#include "tools/sim/verify_memo.hpp"

namespace witan::sim {
namespace {

constexpr std::uint32_t clients_count = 8;
constexpr Duration restart_after = Duration::from_s(1);  // as systemd would
constexpr Duration grace = Duration::from_s(10);  // after healing: what a fault left may still end
                                                  // a node

Genesis genesis_of(const Scenario& scenario, std::uint64_t seed) {
  Genesis out;
  out.chain_name = "sim-" + std::to_string(seed);
  out.time = UnixTime{1'699'999'999'000'000'000};
  out.params.block_time = scenario.chain.block_time;
  for (std::uint32_t n = 0; n < scenario.chain.validators; ++n) {
    GenesisValidator v;
    v.name = node_name(n);
    v.key = key_of(1, n).public_key();
    v.stake = 100;
    v.tier = 3;
    out.validators.push_back(v);
  }
  for (std::uint32_t c = 0; c < clients_count; ++c)
    out.accounts.push_back({key_of(3, c).public_key(), 1'000'000'000});
  return out;
}

}  // namespace

World::World(const Scenario& scenario, std::uint64_t seed, RunLog& log)
    : scenario_(scenario),
      seed_(seed),
      log_(log),
      schedule_(start_of_time),
      time_(schedule_),
      rules_(rules_options(seed, false)),
      wire_rules_(rules_options(seed, true)),
      clients_(Random(seed).fork("clients")),
      metrics_(std::make_unique<Metrics>("sim")) {
  seed_entropy(seed);
  forget_verified();
  const Instant healed = start_of_time + scenario_.run.safety;
  network_ =
      std::make_unique<Network>(schedule_, *this, scenario_.link, scenario_.nodes(), seed, healed);
  network_->set_enter([this](std::uint32_t n, const auto& call) { nodes_[n]->enter(call); });
  Genesis genesis = genesis_of(scenario_, seed);
  const ChainId chain_id = genesis_hash(genesis);
  auto set = ledger::validator_set_of(genesis);
  WITAN_CHECK(set.has_value());
  auto validators = std::make_shared<const ValidatorSet>(std::move(*set));
  auto verifier = Verifier::make(chain_id, validators);
  WITAN_CHECK(verifier.has_value());
  monitor_ = std::make_unique<Monitor>(genesis, chain_id, validators,
                                       std::make_shared<const Verifier>(std::move(*verifier)));
  std::vector<NodeId> ids;
  for (std::uint32_t n = 0; n < scenario_.nodes(); ++n) ids.push_back(key_of(2, n).node_id());
  common_ = std::make_unique<Common>(Common{.scenario = scenario_,
                                            .seed = seed,
                                            .genesis = std::move(genesis),
                                            .chain_id = chain_id,
                                            .validators = std::move(validators),
                                            .schedule = schedule_,
                                            .network = *network_,
                                            .rules = rules_,
                                            .wire_rules = wire_rules_,
                                            .ids = std::move(ids),
                                            .healed = healed,
                                            .monitor = *monitor_,
                                            .log = log_,
                                            .metrics = *metrics_});
  add_rules();
  for (std::uint32_t c = 0; c < clients_count; ++c) client_keys_.push_back(key_of(3, c));
  plans_.resize(scenario_.nodes());
  for (std::uint32_t n = 0; n < scenario_.nodes(); ++n)
    nodes_.push_back(std::make_unique<SimNode>(*common_, n));
  plan();
}

World::~World() = default;

void World::say(std::string_view what, const std::string& text) {
  log_.line(schedule_.now(), "-", what, text);
}

faults::RulesOptions World::rules_options(std::uint64_t seed, bool wire) {
  faults::RulesOptions out;
  out.seed = seed;
  out.obeyed = {faults::Target::actor, faults::Target::link, faults::Target::disk,
                faults::Target::clock};
  out.clock = &time_;
  out.on_hit = [this, wire](const faults::Decision& decision, const std::string& rule,
                            std::string_view where) {
    if (!wire && common_->asking != nullptr) return common_->asking->hit(decision, rule, where);
    say("fault", rule);
  };
  return out;
}

void World::add_rules() {
  std::vector<faults::Rule> all, of_messages;
  for (const faults::Rule& rule : scenario_.rules)
    (faults::names_a_message(rule) ? of_messages : all).push_back(rule);
  WITAN_CHECK(rules_.add(std::move(all)).has_value());
  WITAN_CHECK(wire_rules_.add(std::move(of_messages)).has_value());
}

void World::clear_rules() {
  for (faults::Rules* rules : {&rules_, &wire_rules_}) {
    for (faults::RuleStatus& status : rules->list()) statuses_.push_back(std::move(status));
    rules->clear();
  }
}

void World::plan() {
  std::vector<bool> late(nodes_.size());
  for (const NodeEvent& event : scenario_.events) {
    if (event.at == Duration{}) late[event.node] = true;
    schedule_.after(event.at, [this, event] { plan_event(event); });
  }
  for (const auto& node : nodes_)
    if (!late[node->number()]) schedule_.after({}, [n = node.get()] { n->start(); });
  if (scenario_.chain.transfers_per_s != 0)
    schedule_.after(Duration::from_s(1), [this] { client(); });
}

void World::plan_event(const NodeEvent& event) {
  if (healed_) return;
  SimNode& node = *nodes_[event.node];
  if (event.at != Duration{}) down(node, event.action, event.down);
  bring_up_later(node, event.down);
}

void World::down(SimNode& node, NodeAction action, Duration) {
  switch (action) {
    case NodeAction::power_off:
      return node.power_off();
    case NodeAction::kill:
      return node.kill();
    case NodeAction::stop:
      return node.stop();
  }
}

void World::bring_up_later(SimNode& node, Duration after) {
  const std::uint64_t mine = ++plans_[node.number()];
  schedule_.after(after, [this, &node, mine] {
    if (plans_[node.number()] != mine) return;
    ++restarts_;
    node.start();
  });
}

// A client reads its account where it is connected and sends its next transfer; when that is lost,
// it is sent again with the same nonce. What client c does with nonce k depends on the seed only.
void World::client() {
  schedule_.after(Duration{1'000'000'000 / scenario_.chain.transfers_per_s}, [this] { client(); });
  SimNode& node = *nodes_[clients_.below(nodes_.size())];
  const auto number = static_cast<std::uint32_t>(clients_.below(clients_count));
  if (!node.up() || !node.stores()) return;
  node.ask_status();
  const SecretKey& from = client_keys_[number];
  Transfer transfer;
  transfer.from = from.public_key();
  const auto nonce = nonce_of(node, transfer.from);
  if (!nonce || (planned_transfers() != 0 && *nonce >= planned_transfers())) return;
  Random drawn = Random(seed_).fork(fmt::format("transfer/{}/{}", number, *nonce));
  transfer.to = client_keys_[drawn.below(clients_count)].public_key();
  transfer.amount = 1 + drawn.below(1000);
  transfer.fee = common_->genesis.params.fee_min;
  transfer.nonce = *nonce;
  transfer.signature = from.sign(transfer_hash(common_->chain_id, transfer).view());
  node.submit(encode(Transaction(transfer)));
}

// Of each client; 0: no end.
std::uint64_t World::planned_transfers() const {
  return (scenario_.chain.transfers + clients_count - 1) / clients_count;
}

std::optional<std::uint64_t> World::nonce_of(const SimNode& node, const PublicKey& who) {
  const auto stored = node.stores()->state->get(Module::accounts, Hash32::from(who.view()));
  if (!stored || !*stored) return std::nullopt;
  const auto account = ledger::decode_account(**stored);
  return account ? std::optional(account->nonce) : std::nullopt;
}

bool World::all_executed() const {
  if (planned_transfers() == 0) return true;
  for (const auto& node : nodes_) {
    if (node->is_liar() || node->excused()) continue;
    if (!node->up() || node->stores() == nullptr) return false;
    for (const SecretKey& client : client_keys_)
      if (nonce_of(*node, client.public_key()) != planned_transfers()) return false;
  }
  return true;
}

// Of the first correct node that is there: the monitor has compared the roots of all. Proposers'
// accounts, which earn the fees, depend on who proposed and are left out.
Hash32 World::accounts() const {
  Bytes all;
  for (const auto& node : nodes_) {
    if (node->is_liar() || node->excused() || node->stores() == nullptr) continue;
    for (const SecretKey& client : client_keys_) {
      const auto id = Hash32::from(client.public_key().view());
      const auto stored = node->stores()->state->get(Module::accounts, id);
      if (stored && *stored) append(all, **stored);
    }
    break;
  }
  return sha256(all);
}

std::optional<faults::Decision> World::on_link(std::uint32_t from, std::uint32_t to) {
  if (!rules_.any(faults::Moment::link)) return std::nullopt;
  faults::Site site;
  site.moment = faults::Moment::link;
  site.where = nodes_[from]->name();
  site.to = nodes_[to]->name();
  common_->asking = nullptr;
  return rules_.decide(site);
}

void World::heal() {
  healed_ = true;
  healed_at_ = schedule_.now();
  say("heal", fmt::format("height {}", monitor_->highest().get()));
  clear_rules();
  for (const auto& node : nodes_)
    if (!node->up()) bring_up_later(*node, {});
}

void World::notice_exits() {
  for (const auto& node : nodes_) {
    const auto exit = node->take_exit();
    if (!exit) continue;
    log_.line(schedule_.now(), node->name(), "exit",
              fmt::format("{} {}", exit->code, exit->reason));
    const bool expected = node->is_liar() || node->excused() ||
                          (node->disturbed() && (!healed_ || schedule_.now() - healed_at_ < grace));
    if (!expected)
      monitor_->violated("exits", fmt::format("{} ended with code {}: {}", node->name(), exit->code,
                                              exit->reason));
    bring_up_later(*node, restart_after);
  }
}

// One moment in which something happens. False: nothing does before the end.
bool World::step(Instant end) {
  std::optional<Instant> next = schedule_.next();
  for (const auto& node : nodes_)
    if (const auto due = node->next_due(); due && (!next || *due < *next)) next = due;
  if (!next || *next > end) {
    schedule_.advance(end);
    return false;
  }
  schedule_.advance(*next);
  for (const auto& node : nodes_)
    if (const auto due = node->next_due(); due && *due <= schedule_.now()) node->run_timers();
  while (schedule_.run_due()) {
  }
  notice_exits();
  return true;
}

void World::run_until(Instant end) {
  while (!monitor_->violation() && !log_.done() && step(end)) {
  }
}

bool World::all_reached(Height height) const {
  return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return node->is_liar() || node->excused() || (node->up() && node->height() >= height);
  });
}

Outcome World::run_to_end() {
  run_until(schedule_.now() + scenario_.run.safety);
  if (!monitor_->violation()) {
    heal();
    const Height wanted = monitor_->highest() + scenario_.run.heights;
    const Instant end = schedule_.now() + scenario_.run.liveness_limit;
    while (!monitor_->violation() && !log_.done() && !(all_reached(wanted) && all_executed())) {
      if (step(end)) continue;
      std::string heights;
      for (const auto& node : nodes_)
        heights += fmt::format(" {}={}{}", node->name(), node->height().get(),
                               node->up() ? "" : " (down)");
      monitor_->violated("liveness",
                         fmt::format("not every correct node reached height {}{}:{}", wanted.get(),
                                     all_executed() ? "" : " and executed all transfers", heights));
    }
  }
  Outcome out;
  out.violation = monitor_->violation().value_or(std::string());
  out.height = monitor_->highest().get();
  out.virtual_time = schedule_.now() - start_of_time;
  out.restarts = restarts_;
  clear_rules();
  out.rules = std::move(statuses_);
  out.accounts = accounts();
  for (const auto& node : nodes_) {
    out.actors.insert(node->kinds().begin(), node->kinds().end());
    const auto& all = node->recoveries();
    out.recoveries.insert(out.recoveries.end(), all.begin(), all.end());
  }
  say(out.ok() ? "passed" : "VIOLATION",
      out.ok() ? fmt::format("height {}", out.height) : out.violation);
  say("hops", fmt::format("{} {:016x}", log_.hops(), log_.hash()));
  out.log_hash = log_.hash();
  out.hops = log_.hops();
  return out;
}

Outcome run(const Scenario& scenario, const RunRequest& request) {
  RunLog log(request.log_file, request.keep_log, request.watch);
  World world(scenario, request.seed, log);
  Outcome out = world.run_to_end();
  out.log = log.text();
  return out;
}

}  // namespace witan::sim
