#include "tools/sim/node.hpp"

#include <algorithm>

#include "actors/node/runtime_events.hpp"
#include "crypto/sign_checkpoint.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "storage/atomic_file.hpp"

namespace witan::sim {
namespace {

const FilePath home = "/witan";
constexpr UnixTime first_day{1'700'000'000'000'000'000};
constexpr Duration hung = Duration::from_s(10);  // what `hang` without a time means for a disk

// Paths of actors may hold the number of a connection, which every life has anew.
std::string_view message_name(std::uint64_t type) {
  const WireType* wire = find_wire_type(type);
  return wire == nullptr ? std::string_view() : wire->name;
}

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
    : common_(common),
      number_(number),
      name_(node_name(number)),
      disk_(*this),
      random_(Random(common.seed).fork(name_)) {
  LogOptions log;
  log.levels = "warn";
  log.async = false;
  log.capture = [this](std::string_view line) {
    if (dead_) return;
    const auto rest = line.find("\"event\"");  // the stamp and the level say nothing new
    common_.log.line(common_.schedule.now(), name_, "log",
                     rest == std::string_view::npos ? line : line.substr(rest));
  };
  auto logger = Logger::open(std::move(log), *this);
  WITAN_CHECK(logger.has_value());
  logger_ = std::move(*logger);
  if (number >= common.scenario.chain.validators) return;
  const PublicKey key = key_of(1, number).public_key();
  validator_ = common.validators->index_of(key);
  SignCheckpoint checkpoint = new_sign_checkpoint(common.chain_id, key);
  checkpoint.owner.instance = InstanceId::from(ByteView(Bytes(16, 0x55)));
  const HomeLayout layout(home);
  WITAN_CHECK(disk_.files().create_directories(layout.wal()).has_value());
  WITAN_CHECK(
      write_file_atomically(disk_.files(), layout.sign_state(), encode(checkpoint)).has_value());
  for (const Liar& liar : common.scenario.liars) {
    if (liar.node != number) continue;
    auto insider = byzantine::Insider::make(common.genesis, key_of(1, number));
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
  options.clock = this;
  options.seed = random_.fork(life).next();
  options.trace = this;
  options.faults = this;
  options.events = this;
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
  runtime_->start(wiring_->tree(*runtime_, std::make_shared<EventHub>(64, 64 * 1024)));
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

void SimNode::after_step() {
  if (!up() || stage_ || excused()) return;
  if (wiring_->stores.height() < looked_at_) return;
  const Height next = common_.monitor.look(name_, wiring_->stores, looked_at_);
  for (; looked_at_ < next; looked_at_ = looked_at_ + 1) {
    const auto id = common_.monitor.block_at(looked_at_);
    common_.log.line(common_.schedule.now(), name_, "decided",
                     std::to_string(looked_at_.get()) + " " +
                         (id ? to_hex(id->view().first(4)) : std::string()));
  }
}

// ---- clocks

Instant SimNode::now() const { return runtime_ ? runtime_->virtual_now() : common_.schedule.now(); }

UnixTime SimNode::unix_now() const {
  const Instant t = now();
  UnixTime out = first_day + (t - start_of_time);
  if (clock_rules_) out = out + common_.rules.clock_offset(name_, t);
  return out;
}

// ---- faults

void SimNode::rules_changed() {
  send_rules_ = common_.rules.any(faults::Moment::send);
  handle_rules_ = common_.rules.any(faults::Moment::handle);
  disk_rules_ = common_.rules.any(faults::Moment::disk);
  clock_rules_ = common_.rules.any(faults::Moment::clock);
}

std::optional<faults::Decision> SimNode::on_disk(std::string_view path, std::string_view call) {
  if (dead_) {
    faults::Decision refused;
    refused.action = faults::Action::io_error;
    return refused;
  }
  if (!disk_rules_) return std::nullopt;
  faults::Site site;
  site.moment = faults::Moment::disk;
  site.node = name_;
  site.where = path;
  site.call = call;
  auto out = common_.rules.decide(site, common_.schedule.now());
  if (!out) return out;
  disturbed_ = true;
  if (out->action == faults::Action::lost_fsync) disk_lied_ = true;
  if (out->action == faults::Action::hang && out->by == Duration{}) out->by = hung;
  common_.log.line(common_.schedule.now(), name_, "fault",
                   std::string(faults::name_of(out->action)) + " " + std::string(call) + " " +
                       std::string(path));
  return out;
}

// A handler takes no virtual time; what it sends afterwards leaves as late as the disk was.
void SimNode::took(Duration time) {
  Instant& until = late_[handling_];
  until = std::max(until, now()) + time;
}

std::optional<faults::Decision> SimNode::decide(faults::Moment moment, const Envelope& envelope,
                                                std::string_view from, std::string_view to) {
  faults::Site site;
  site.moment = moment;
  site.node = name_;
  site.where = to;
  site.sender = from;
  site.message = message_name(envelope.type);
  site.type = envelope.type;
  auto out = common_.rules.decide(site, common_.schedule.now());
  if (!out) return out;
  disturbed_ = true;
  common_.log.line(common_.schedule.now(), name_, "fault",
                   std::string(faults::name_of(out->action)) + " " + std::string(site.message) +
                       " to " + std::string(to));
  return out;
}

rt::FaultVerdict SimNode::on_deliver(const Envelope& envelope, std::string_view from,
                                     std::string_view to) {
  if (dead_) return {rt::FaultVerdict::drop, {}};
  observe(envelope);
  rt::FaultVerdict out;
  if (send_rules_) {
    if (const auto decision = decide(faults::Moment::send, envelope, from, to)) {
      using faults::Action;
      if (decision->action == Action::drop) return {rt::FaultVerdict::drop, {}};
      if (decision->action == Action::duplicate) return {rt::FaultVerdict::duplicate, {}};
      if (decision->action == Action::delay || decision->action == Action::reorder)
        out = {rt::FaultVerdict::delay, decision->by};
    }
  }
  if (!late_.empty()) {
    const auto late = late_.find(from);
    if (late != late_.end() && late->second > now())
      out = {rt::FaultVerdict::delay, out.by + (late->second - now())};
  }
  return out;
}

void SimNode::on_handle(const Envelope& envelope, std::string_view path) {
  if (disk_rules_ || handle_rules_) handling_ = path;
  if (!handle_rules_ || dead_) return;
  const auto decision = decide(faults::Moment::handle, envelope, {}, path);
  if (!decision) return;
  using faults::Action;
  if (decision->action == Action::slow || decision->action == Action::hang)
    return took(decision->by == Duration{} ? hung : decision->by);
  throw std::runtime_error(decision->text.empty() ? "killed by a fault rule" : decision->text);
}

// What leaves the runner of effects was signed by this node.
void SimNode::observe(const Envelope& envelope) {
  if (stage_ || !validator_) return;
  if (envelope.is<schema::Vote>()) {
    const auto vote = read_vote(Received<schema::Vote>(envelope).get());
    if (vote && vote->vote.validator == *validator_) common_.monitor.signed_vote(*vote);
  } else if (envelope.is<schema::Proposal>()) {
    const auto proposal = read_proposal(Received<schema::Proposal>(envelope).get());
    if (proposal && proposal->proposal.proposer == *validator_)
      common_.monitor.signed_proposal(*proposal);
  }
}

// ---- what is recorded

void SimNode::hop(const rt::Hop& hop) noexcept {
  if (dead_) return;
  RunLog& log = common_.log;
  log.count_hop();
  log.mix(number_ ^ (static_cast<std::uint64_t>(hop.outcome) << 8U) ^
          (static_cast<std::uint64_t>(hop.kind) << 16U) ^ (std::uint64_t{hop.depth} << 24U));
  log.mix(hop.envelope.type ^ static_cast<std::uint64_t>(hop.started.ns));
  log.mix(hop.to);
}

void SimNode::event(const rt::RuntimeEvent& event) noexcept {
  using rt::EventKind;
  if (dead_) return;
  if (event.kind == EventKind::actor_started || event.kind == EventKind::actor_stopped) return;
  common_.log.line(common_.schedule.now(), name_, "actor",
                   std::string(rt::name_of(event.kind)) + " " + std::string(event.path) + " " +
                       std::string(event.text));
}

}  // namespace witan::sim
