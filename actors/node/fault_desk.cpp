#include "actors/node/fault_desk.hpp"

#include "messages/base/hex.hpp"

namespace witan::node {
namespace {
// Shorter than a connection of the socket may last.
constexpr Duration replay_deadline = Duration::from_s(3);
}  // namespace

FaultDesk::FaultDesk(Services services, ChainType chain, const DeskName& name, const Clock& clock,
                     FileSystem& files, peers::Interposer* inner)
    : services_(services), clock_(clock), files_(files), inner_(inner) {
  if (chain == ChainType::live) return;
  faults::RulesOptions options;
  options.clock = &clock_;
  options.obeyed = {faults::Target::actor, faults::Target::link, faults::Target::disk,
                    faults::Target::clock};
  options.accepts = [name](const faults::Rule& rule) {
    return peers::check_link_end(rule, name.name, name.id);
  };
  options.seed = static_cast<std::uint64_t>(clock_.unix_now().ns);
  options.on_change = [this](std::size_t size) { on_change(size); };
  options.on_hit = [this](const faults::Decision& decision, const std::string& rule,
                          std::string_view where) { on_hit(decision, rule, where); };
  rules_.emplace(std::move(options));
  actors_.emplace(*rules_, name.name);
  fault_clock_.emplace(clock_, *rules_, name.name);
  fault_files_.emplace(files_, *rules_, name.name);
  links_.emplace(peers::LinkFaultsOptions{
      .rules = *rules_, .name = name.name, .id = name.id, .inner = inner_});
}

QuarantineCommands FaultDesk::commands_of(quarantine::Quarantine& quarantine) {
  QuarantineCommands out;
  out.drop = [&quarantine](const std::string& id) -> Result<std::string> {
    WITAN_TRY(const Hash32 dropped, quarantine.drop(id));
    return to_hex(dropped);
  };
  if (!rules_) return out;
  out.replay = [this, &quarantine](const std::string& id) -> Result<ReplayAnswer> {
    const auto send = [this](std::string_view path, Envelope envelope, rt::MailboxClass mailbox) {
      rt::Runtime* runtime = runtime_;
      if (runtime == nullptr) return rt::Delivery::no_receiver;
      return runtime->erased_ref(path).send(std::move(envelope), mailbox);
    };
    WITAN_TRY(auto replayed, quarantine.replay(id, send, replay_deadline));
    return ReplayAnswer{to_hex(replayed.id), std::move(replayed.reason)};
  };
  return out;
}

void FaultDesk::open(rt::Runtime& runtime, quarantine::Quarantine& quarantine,
                     const FilePath& socket) {
  runtime_ = &runtime;
  auto made = AdminSocket::start(
      {.path = socket}, [this, commands = commands_of(quarantine)](const std::string& request) {
        return run_admin_command(request, rules_ ? &*rules_ : nullptr, commands);
      });
  if (made) {
    socket_ = std::move(*made);
    return log_event(services_.log, Event::admin_opened, {{"path", socket.string()}});
  }
  log_event(services_.log, Event::admin_failed,
            {{"path", socket.string()}, {"text", made.error().to_string()}});
}

void FaultDesk::close() {
  socket_.reset();
  if (rules_ && !rules_->list().empty()) rules_->clear();
  runtime_ = nullptr;
}

// No rule: the door of the actors asks nobody, as if there were no desk.
void FaultDesk::on_change(std::size_t size) {
  services_.metrics.fault_rules.set_count(size);
  if (rt::Runtime* runtime = runtime_) runtime->set_faults(size == 0 ? nullptr : &*actors_);
  log_event(services_.log, Event::faults_changed, {{"rules", size}});
}

void FaultDesk::on_hit(const faults::Decision& decision, const std::string& rule,
                       std::string_view where) {
  services_.metrics.fault_hits.with({name_of(decision.action)}).add();
  if (const std::uint64_t n = hits_++; n >= 16 && n % 1024 != 0) return;
  log_event(services_.log, Event::fault_injected,
            {{"rule", rule}, {"id", decision.rule}, {"place", where}});
}

}  // namespace witan::node
