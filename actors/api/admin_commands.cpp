#include "actors/api/admin_commands.hpp"

#include <nlohmann/json.hpp>

#include "actors/runtime/faults/plan.hpp"

namespace witan {
namespace {

using Json = nlohmann::json;

Json error_json(const Error& error) {
  return {
      {"error",
       {{"code", std::string(name_of(error.code))}, {"field", error.field}, {"text", error.text}}}};
}

Json rule_json(const faults::RuleStatus& status) {
  return {{"id", status.id},
          {"rule", to_text(status.rule)},
          {"matched", status.matched},
          {"hits", status.hits},
          {"spent", status.spent}};
}

Result<Json> add(const Json& request, faults::Rules& rules) {
  const auto text = request.find("rules");
  if (text == request.end() || !text->is_string())
    return fail(ErrorCode::missing, "rules", "the text of one rule or more is needed");
  WITAN_TRY(const auto ids, rules.add_text(text->get<std::string>()));
  return Json{{"added", ids}};
}

Result<Json> clear(const Json& request, faults::Rules& rules) {
  const auto id = request.find("id");
  if (id == request.end()) return Json{{"cleared", rules.clear()}};
  if (!id->is_number_unsigned() || id->get<std::uint64_t>() > UINT32_MAX)
    return fail(ErrorCode::out_of_range, "id", "the number of a rule is needed");
  WITAN_TRY_VOID(rules.remove(id->get<faults::RuleId>()));
  return Json{{"cleared", 1}};
}

Result<std::string> id_in(const Json& request) {
  const auto id = request.find("id");
  if (id == request.end() || !id->is_string())
    return fail(ErrorCode::missing, "id", "the id of a message in quarantine is needed");
  return id->get<std::string>();
}

Result<Json> drop(const Json& request, const QuarantineCommands& commands) {
  WITAN_TRY(const std::string id, id_in(request));
  if (!commands.drop) return fail(ErrorCode::not_found, id, "there is no quarantine");
  WITAN_TRY(std::string dropped, commands.drop(id));
  return Json{{"dropped", std::move(dropped)}};
}

Result<Json> replay(const Json& request, const QuarantineCommands& commands) {
  WITAN_TRY(const std::string id, id_in(request));
  if (!commands.replay)
    return fail(ErrorCode::not_allowed, "chain_type",
                "this chain is live: a message that made an actor fail is not delivered to it "
                "again on purpose; replay it on a copy of the chain of another type");
  WITAN_TRY(const ReplayAnswer answer, commands.replay(id));
  if (answer.reason.empty()) return Json{{"id", answer.id}, {"outcome", "handled"}};
  return Json{{"id", answer.id}, {"outcome", "threw"}, {"reason", answer.reason}};
}

Result<Json> run(const Json& request, faults::Rules* rules, const QuarantineCommands& quarantine) {
  if (!request.is_object() || !request.contains("command") || !request["command"].is_string())
    return fail(ErrorCode::malformed, "command", "a request is an object with a command");
  const auto command = request["command"].get<std::string>();
  if (command == "quarantine_drop") return drop(request, quarantine);
  if (command == "quarantine_replay") return replay(request, quarantine);
  if (command != "fault_add" && command != "fault_list" && command != "fault_clear")
    return fail(ErrorCode::usage, command,
                "known commands: fault_add, fault_list, fault_clear, quarantine_drop, "
                "quarantine_replay");
  if (rules == nullptr)
    return fail(ErrorCode::not_allowed, "chain_type",
                "this chain is live: faults are never injected into a live chain");
  if (command == "fault_add") return add(request, *rules);
  if (command == "fault_clear") return clear(request, *rules);
  Json out{{"rules", Json::array()}};
  for (const auto& status : rules->list()) out["rules"].push_back(rule_json(status));
  return out;
}

}  // namespace

std::string run_admin_command(const std::string& request, faults::Rules* rules,
                              const QuarantineCommands& quarantine) {
  const Json json = Json::parse(request, nullptr, false);
  const auto out = run(json, rules, quarantine);
  return (out ? *out : error_json(out.error()))
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace witan
