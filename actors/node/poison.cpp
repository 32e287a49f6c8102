#include "actors/node/poison.hpp"

#include "messages/base/hex.hpp"
#include "messages/wire/type_table.hpp"

namespace witan::node {
namespace {

using quarantine::Notice;

std::string name_of_type(std::uint64_t type) {
  const MessageType* known = find_message_type(type);
  return known != nullptr ? std::string(known->name) : "type " + std::to_string(type);
}

void log_message(Logger& log, Event event, const Notice& notice) {
  log_event(log, event,
            {{"actor", notice.receiver},
             {"message", name_of_type(notice.type)},
             {"id", notice.id},
             {"text", notice.text}});
}

void on_notice(Services services, const Notice& notice) {
  services.metrics.quarantine_suspects.set_count(notice.suspects);
  services.metrics.quarantine_messages.set_count(notice.kept);
  switch (notice.kind) {
    case Notice::suspected:
      return log_message(services.log, Event::message_suspected, notice);
    case Notice::quarantined:
      return log_message(services.log, Event::message_quarantined, notice);
    case Notice::released:
      return log_message(services.log, Event::message_released, notice);
    case Notice::damaged:
    case Notice::failed:
      services.metrics.quarantine_failures.add();
      return log_event(services.log, Event::quarantine_failed, {{"text", notice.text}});
  }
}

}  // namespace

std::unique_ptr<quarantine::Quarantine> open_quarantine(FileSystem& files, const FilePath& home,
                                                        Services services) {
  quarantine::QuarantineOptions options{.files = files,
                                        .folder = quarantine::quarantine_folder(home)};
  options.notice = [services](const Notice& notice) { on_notice(services, notice); };
  auto out = std::make_unique<quarantine::Quarantine>(std::move(options));
  const auto now = out->sizes();
  services.metrics.quarantine_suspects.set_count(now.suspects);
  services.metrics.quarantine_messages.set_count(now.quarantined);
  if (now.suspects + now.quarantined > 0)
    log_event(services.log, Event::quarantine_loaded,
              {{"messages", now.quarantined}, {"suspects", now.suspects}});
  return out;
}

}  // namespace witan::node
