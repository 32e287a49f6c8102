#include "actors/runtime/faults/fault_files.hpp"

#include <algorithm>

namespace witan::faults {

IoVerdict verdict_of(const Decision& decision, const std::string& path, const std::string& who) {
  IoVerdict out;
  switch (decision.action) {
    case Action::short_write:
      out.part = decision.bytes;
      [[fallthrough]];
    case Action::no_space:
      out.status = fail(ErrorCode::no_space, path, who + "No space left on device");
      break;
    case Action::io_error:
      out.status = fail(ErrorCode::io, path, who + "Input/output error");
      break;
    case Action::corrupt:
      out.wrong = std::max<std::uint64_t>(1, decision.bytes);
      out.place = decision.draw;
      break;
    case Action::lost_fsync:
      out.lied = true;
      break;
    default:
      break;
  }
  return out;
}

IoVerdict FaultFiles::judge(IoKind kind, const std::string& path, std::uint64_t) const {
  if (!rules_.any(Moment::disk)) return {};
  Site site;
  site.moment = Moment::disk;
  site.node = node_;
  site.where = path;
  site.call = name_of(kind);
  const auto decision = rules_.decide(site);
  if (!decision) return {};
  if (decision->action == Action::slow || decision->action == Action::hang)
    rules_.wait(decision->rule, decision->by);
  return verdict_of(
      *decision, path,
      "rule " + std::to_string(decision->rule) + " on " + std::string(name_of(kind)) + ": ");
}

}  // namespace witan::faults
