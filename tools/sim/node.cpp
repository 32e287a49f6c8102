#include "tools/sim/node.hpp"

#include <algorithm>

#include "actors/api/interface.hpp"
#include "actors/node/runtime_events.hpp"
#include "crypto/sign_checkpoint.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "storage/atomic_file.hpp"
#include "tools/sim/recording.hpp"

namespace witan::sim {
namespace {

const FilePath home = "/witan";
constexpr UnixTime first_day{1'700'000'000'000'000'000};
// More than a node handles in a day at full load, within one moment of virtual time: it never ends.
constexpr std::uint64_t endless = 1'000'000;

}  // namespace

SecretKey key_of(std::uint8_t kind, std::uint32_t number) {
  Bytes bytes(32, 0x11);
  bytes[0] = kind;
  bytes[30] = static_cast<std::uint8_t>(number >> 8U);
  bytes[31] = static_cast<std::uint8_t>(number + 1);
  auto key = SecretKey::from_bytes(bytes);
  WITAN_CHECK(key.has_value());
  return std::move(*key);
}

SimNode::SimNode(Common& common, std::uint32_t number)
    : TraceSink(common.log.watch() != nullptr),
      common_(common),
      number_(number),
      name_(node_name(number)),
      true_clock_(*this),
      clock_(true_clock_, common.rules, name_),
      door_(common.rules, name_, faults::Waiting::held),
      disk_(*this),
      random_(Random(common.seed).fork(name_)) {
  LogOptions log;
  log.levels = "warn";
  log.async = false;
  log.capture = [this](std::string_view line) { logged(line); };
  auto logger = Logger::open(std::move(log), clock_);
  WITAN_CHECK(logger.has_value());
  logger_ = std::move(*logger);
  exact_times.store(false);  // a handler takes no virtual time
  add_keys();
  if (common.wire_rules.any(faults::Moment::link))
    wire_ = std::make_unique<WireFaults>(WireFaultsOptions{.rules = common.wire_rules,
                                                           .network = common.network,
                                                           .node = number,
                                                           .ids = common.ids,
                                                           .liar = stage_.get()});
}

void SimNode::logged(std::string_view line) {
  if (dead_) return;
  const auto rest = line.find("\"event\"");  // the stamp and the level say nothing new
  if (rest != std::string_view::npos) line = line.substr(rest);
  common_.log.line(common_.schedule.now(), name_, "log", line);
  // The signer is the second to check each rule: what it refuses, consensus should not have wanted.
  if (stage_ || excused() || !line.starts_with("\"event\":\"sign_refused\"")) return;
  common_.monitor.violated("refusals", name_ + "'s own signer refuses: " + std::string(line));
}

// What `witan init` makes, and who misbehaves.
void SimNode::add_keys() {
  if (number_ >= common_.scenario.chain.validators) return;
  const PublicKey key = key_of(1, number_).public_key();
  validator_ = common_.validators->index_of(key);
  SignCheckpoint checkpoint = new_sign_checkpoint(common_.chain_id, key);
  checkpoint.owner.instance = InstanceId::from(ByteView(Bytes(16, 0x55)));
  const HomeLayout layout(home);
  WITAN_CHECK(disk_.files().create_directories(layout.wal()).has_value());
  WITAN_CHECK(
      write_file_atomically(disk_.files(), layout.sign_state(), encode(checkpoint)).has_value());
  for (const Liar& liar : common_.scenario.liars) {
    if (liar.node != number_) continue;
    auto insider = byzantine::Insider::make(common_.genesis, key_of(1, number_));
    WITAN_CHECK(insider.has_value());
    stage_ = std::make_unique<byzantine::Stage>(std::move(*insider),
                                                *byzantine::find_behaviour(liar.behaviour));
  }
}

SimNode::~SimNode() { bury(); }

// ---- lives

node::NodeInputs SimNode::inputs() const {
  const ChainOptions& chain = common_.scenario.chain;
  node::NodeInputs out{.home = home,
                       .config = {},
                       .genesis = common_.genesis,
                       .node_key = key_of(2, number_),
                       .consensus_key = std::nullopt,
                       .software = "witan/sim",
                       .version = {},
                       .commit = {},
                       .config_file = {}};
  if (validator_) out.consensus_key = key_of(1, number_);
  NodeConfig& config = out.config;
  config.moniker = name_;
  const auto mine = Network::endpoint_of(number_);
  config.p2p.laddr = {mine.host, mine.port};
  for (std::uint32_t n = 0; n < common_.scenario.nodes(); ++n) {
    const auto other = Network::endpoint_of(n);
    if (n != number_)
      config.p2p.persistent_peers.push_back(
          {key_of(2, n).node_id(), SocketAddress{other.host, other.port}});
  }
  config.runtime.verifier_workers = 1;
  config.storage.wal_segment_bytes = std::uint64_t{chain.wal_segment_kib} * 1024;
  config.storage.sync_every_blocks = chain.sync_every_blocks;
  out.interposer = stage_.get();
  if (wire_) out.interposer = wire_.get();
  return out;
}

void SimNode::start() {
  if (runtime_) return;
  ended_ = false;
  exit_.reset();
  late_.clear();
  ++lives_;
  const std::string life = "life/" + std::to_string(lives_);
  common_.log.line(common_.schedule.now(), name_, "start", life);
  node::Host host{.files = disk_.files(),
                  .transport = common_.network.make_transport(number_),
                  .open_stores = {},
                  .entropy = {}};
  host.open_stores = [this](const node::NodeInputs& in, const ChainId& chain_id) {
    return node::Stores::open_in(disk_.databases(), in.home, in.config.storage, chain_id,
                                 in.genesis.initial_height);
  };
  auto entropy = std::make_shared<Random>(random_.fork(life + "/entropy"));
  host.entropy = [entropy](std::size_t count) {
    Bytes out(count);
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(entropy->below(256));
    return out;
  };
  auto wiring = node::Wiring::prepare(inputs(), {*logger_, common_.metrics}, std::move(host));
  if (!wiring) {
    exit_ = rt::ExitStatus{static_cast<int>(exit_code_for(wiring.error().code)),
                           wiring.error().to_string()};
    return;
  }
  wiring_ = std::move(*wiring);
  rt::RuntimeOptions options;
  options.clock = &clock_;
  options.seed = random_.fork(life).next();
  options.trace = this;
  options.faults = this;
  options.events = this;
  options.poison = wiring_->quarantine.get();
  options.deterministic = true;
  options.end_process = [this](const rt::ExitStatus& status) {
    if (!ended_) exit_ = status;
    ended_ = true;
  };
  runtime_ = std::make_unique<rt::Runtime>(std::move(options));
  runtime_->advance_to(common_.schedule.now());
  wiring_->connect(*runtime_);
  looked_at_ = std::min(looked_at_, wiring_->stores.height()) + 1;
  if (looked_at_ < common_.genesis.initial_height) looked_at_ = common_.genesis.initial_height;
  rt::SupervisorSpec tree = wiring_->tree(*runtime_, std::make_shared<EventHub>(64, 64 * 1024));
  if (common_.log.watch() != nullptr) look_for_described(tree, "/" + tree.name);
  runtime_->start(std::move(tree));
  runtime_->drain();
  after_step();
}

// A runtime only ends in an orderly way: what its actors still do has to reach nobody and nothing.
void SimNode::bury() {
  ended_ = true;
  dead_ = true;
  runtime_.reset();
  wiring_.reset();
  dead_ = false;
}

void SimNode::power_off() {
  common_.log.line(common_.schedule.now(), name_, "power_off", {});
  common_.network.power_off(number_);
  bury();
  disk_.power_off(random_);
  if (disk_lied_ && validator_) {
    common_.monitor.excuse(*validator_);
    common_.log.line(common_.schedule.now(), name_, "excused", "its disk lied before");
  }
}

void SimNode::kill() {
  common_.log.line(common_.schedule.now(), name_, "kill", {});
  common_.network.process_died(number_);
  bury();
}

void SimNode::stop() {
  common_.log.line(common_.schedule.now(), name_, "stop", {});
  if (up()) (void)runtime_->stop(Duration::from_s(10));
  bury();
  common_.network.process_died(number_);
}

std::optional<rt::ExitStatus> SimNode::take_exit() {
  if (runtime_ && !ended_ && runtime_->ended()) {
    exit_ = runtime_->ended();
    ended_ = true;
  }
  if (!exit_) return std::nullopt;
  common_.network.process_died(number_);
  bury();
  return std::exchange(exit_, std::nullopt);
}

bool SimNode::excused() const { return validator_ && common_.monitor.is_excused(*validator_); }

Height SimNode::height() const { return wiring_ ? wiring_->stores.height() : Height(0); }

// ---- steps

void SimNode::enter(const std::function<void()>& call) {
  if (!up()) return;
  run_timers();
  if (!up()) return;
  call();
  runtime_->drain();
  after_step();
}

void SimNode::run_timers() {
  if (!up()) return;
  runtime_->advance_to(common_.schedule.now());
  after_step();
}

std::optional<Instant> SimNode::next_due() const {
  return up() ? runtime_->next_due() : std::nullopt;
}

void SimNode::submit(ByteView transaction) {
  if (!up()) return;
  enter([&] {
    Draft<schema::SubmitTx> draft(transaction.size() / 8 + 32);
    draft->setBytes(as_data(transaction));
    (void)runtime_->ref<MempoolRole>(MempoolRole::path).send(std::move(draft));
  });
}

void SimNode::ask_status() {
  enter([&] { (void)runtime_->ref<QueryRole>(QueryRole::path).send(Draft<schema::GetStatus>()); });
}

void SimNode::after_step() {
  if (!up() || stage_ || excused()) return;
  if (wiring_->stores.height() < looked_at_) return;
  for (Recovery& r : recoveries_)
    if (!r.block && wiring_->stores.height() > r.height)
      r.block = common_.schedule.now() - r.killed;
  const Height next = common_.monitor.look(name_, wiring_->stores, looked_at_);
  for (; looked_at_ < next; looked_at_ = looked_at_ + 1) {
    const auto id = common_.monitor.block_at(looked_at_);
    common_.log.line(common_.schedule.now(), name_, "decided",
                     std::to_string(looked_at_.get()) + " " +
                         (id ? to_hex(id->view().first(4)) : std::string()));
  }
}

// ---- clocks

Instant SimNode::TrueClock::now() const {
  return node_.runtime_ ? node_.runtime_->virtual_now() : node_.common_.schedule.now();
}

UnixTime SimNode::TrueClock::unix_now() const { return first_day + (now() - start_of_time); }

// ---- faults

void SimNode::hit(const faults::Decision& decision, const std::string& rule,
                  std::string_view where) {
  disturbed_ = true;
  if (decision.action == faults::Action::lost_fsync) disk_lied_ = true;
  if (decision.action == faults::Action::kill)
    recoveries_.push_back({kind_of_actor(where), common_.schedule.now(), height(), {}, {}});
  common_.log.line(common_.schedule.now(), name_, "fault", rule + ": " + std::string(where));
}

std::optional<faults::Decision> SimNode::on_disk(std::string_view path, std::string_view call) {
  if (dead_) {
    faults::Decision refused;
    refused.action = faults::Action::io_error;
    return refused;
  }
  if (!common_.rules.any(faults::Moment::disk)) return std::nullopt;
  faults::Site site;
  site.moment = faults::Moment::disk;
  site.node = name_;
  site.where = path;
  site.call = call;
  common_.asking = this;
  auto out = common_.rules.decide(site);
  if (out && out->action == faults::Action::hang && out->by == Duration{})
    out->by = std::max(common_.healed - common_.schedule.now(), Duration{});
  return out;
}

// A handler takes no virtual time; what it sends afterwards leaves as late as the disk was.
void SimNode::took(Duration time) {
  Instant& until = late_[handling_];
  until = std::max(until, common_.schedule.now()) + time;
}

rt::FaultVerdict SimNode::on_deliver(const Envelope& envelope, std::string_view from,
                                     std::string_view to) {
  if (dead_) return {rt::FaultVerdict::drop, {}};
  observe(envelope);
  common_.asking = this;
  rt::FaultVerdict out = door_.on_deliver(envelope, from, to);
  if (late_.empty()) return out;
  const auto late = late_.find(from);
  const Instant now = common_.schedule.now();
  if (out.action == rt::FaultVerdict::drop || late == late_.end() || late->second <= now)
    return out;
  return {rt::FaultVerdict::delay, out.by + (late->second - now)};
}

void SimNode::on_handle(const Envelope& envelope, std::string_view path) {
  if (common_.rules.any(faults::Moment::disk)) handling_ = path;
  if (dead_) return;
  if (RunWatch* watch = common_.log.watch(); watch != nullptr)
    watch->before(number_, path, [&] { return state_of(path); });
  common_.asking = this;
  door_.on_handle(envelope, path);
}

// What leaves the runner of effects was signed by this node.
void SimNode::observe(const Envelope& envelope) {
  if (stage_ || !validator_) return;
  std::string said;
  if (envelope.is<schema::Vote>()) {
    const auto vote = read_vote(Received<schema::Vote>(envelope).get());
    if (vote && vote->vote.validator == *validator_) said = common_.monitor.signed_vote(*vote);
  } else if (envelope.is<schema::Proposal>()) {
    const auto proposal = read_proposal(Received<schema::Proposal>(envelope).get());
    if (proposal && proposal->proposal.proposer == *validator_)
      said = common_.monitor.signed_proposal(*proposal);
  }
  if (!said.empty()) common_.log.line(common_.schedule.now(), name_, "signed", said);
}

// Actors that answer each other for ever, while no time passes.
void SimNode::watch_for_loops(Instant now) noexcept {
  if (std::exchange(moment_, now) != now) of_moment_ = 0;
  if (++of_moment_ != endless) return;
  common_.monitor.violated("liveness",
                           name_ + ": its actors handle messages without end, and no time passes");
  dead_ = true;  // what they send now reaches nobody
}

void SimNode::came_back(std::string_view path) {
  const std::string kind = kind_of_actor(path);
  kinds_.insert(kind);
  for (Recovery& r : recoveries_)
    if (!r.back && r.actor == kind) r.back = common_.schedule.now() - r.killed;
}

// ---- what is recorded

void SimNode::hop(const rt::Hop& hop) noexcept {
  if (dead_) return;
  watch_for_loops(hop.started);
  RunLog& log = common_.log;
  if (hop.kind != rt::HopKind::network) log.count_hop();  // the same envelope once more
  log.mix(number_ ^ (static_cast<std::uint64_t>(hop.outcome) << 8U) ^
          (static_cast<std::uint64_t>(hop.kind) << 16U) ^ (std::uint64_t{hop.depth} << 24U));
  log.mix(hop.envelope.type ^ static_cast<std::uint64_t>(hop.started.ns));
  log.mix(hop.to);
  if (log.watch() != nullptr) show(hop);
}

void SimNode::look_for_described(rt::SupervisorSpec& group, const std::string& path) {
  for (rt::Child& child : group.children) {
    const std::string place = path + "/" + child.name();
    if (auto* below = std::get_if<rt::SupervisorSpec>(&child.spec)) {
      look_for_described(*below, place);
      continue;
    }
    rt::ActorFactory& factory = std::get<rt::ChildSpec>(child.spec).factory;
    factory = [this, place, make = std::move(factory)](rt::ActorContext& context) {
      std::unique_ptr<rt::Actor> actor = make(context);
      if (const auto* found = dynamic_cast<const rt::Described*>(actor.get()))
        described_[place] = found->place();
      return actor;
    };
  }
}

std::string SimNode::state_of(std::string_view path) const {
  std::string out = name_ + " at height " + std::to_string(height().get()) + "\n";
  const auto found = described_.find(path);
  if (found != described_.end() && *found->second != nullptr) out += (*found->second)->describe();
  return out;
}

void SimNode::show(const rt::Hop& hop) const {
  const HopSeen seen{.at = hop.started,
                     .node = number_,
                     .from = hop.from,
                     .to = hop.to,
                     .type = hop.envelope.type,
                     .content = digest_of(*hop.envelope.words),
                     .bytes = static_cast<std::uint32_t>(hop.envelope.words->flat_bytes()),
                     .depth = hop.depth,
                     .kind = static_cast<std::uint8_t>(hop.kind),
                     .outcome = static_cast<std::uint8_t>(hop.outcome),
                     .mailbox = static_cast<std::uint8_t>(hop.mailbox)};
  common_.log.watch()->hop(seen, [&] { return state_of(hop.to); });
}

void SimNode::event(const rt::RuntimeEvent& event) noexcept {
  using rt::EventKind;
  if (dead_) return;
  if (event.kind == EventKind::actor_started) came_back(event.path);
  if (event.kind == EventKind::actor_started || event.kind == EventKind::actor_stopped) return;
  common_.log.line(common_.schedule.now(), name_, "actor",
                   std::string(rt::name_of(event.kind)) + " " + std::string(event.path) + " " +
                       std::string(event.text));
}

}  // namespace witan::sim
