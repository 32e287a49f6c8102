#include "storage/fault_file_system.hpp"

namespace witan {
namespace {

Error error_of(IoFault fault, const std::string& path) {
  if (fault == IoFault::no_space || fault == IoFault::short_write)
    return {ErrorCode::no_space, path, "injected fault"};
  if (fault == IoFault::power_loss) return {ErrorCode::io, path, "power is lost"};
  return {ErrorCode::io, path, "injected fault"};
}

}  // namespace

std::string_view name_of(IoFault fault) {
  constexpr std::string_view names[] = {"error",     "no_space", "short_write", "failed_sync",
                                        "lost_sync", "flip",     "power_loss"};
  return names[static_cast<std::size_t>(fault)];
}

std::vector<IoFault> faults_of(IoKind kind) {
  switch (kind) {
    case IoKind::read:
      return {IoFault::error, IoFault::flip, IoFault::power_loss};
    case IoKind::write:
      return {IoFault::error, IoFault::no_space, IoFault::short_write, IoFault::power_loss};
    case IoKind::create:
    case IoKind::preallocate:
    case IoKind::db_write:
      return {IoFault::error, IoFault::no_space, IoFault::power_loss};
    case IoKind::sync:
      return {IoFault::error, IoFault::failed_sync, IoFault::lost_sync, IoFault::power_loss};
    case IoKind::moment:
      return {IoFault::power_loss};
    default:
      return {IoFault::error, IoFault::power_loss};
  }
}

void IoFaultPlan::set(std::uint64_t number, IoFault fault, std::uint64_t at) {
  number_ = number;
  fault_ = fault;
  at_ = at;
  hit_ = false;
}

void IoFaultPlan::clear() {
  number_ = 0;
  powered_ = true;
}

IoFaultPlan::Decision IoFaultPlan::next(IoKind kind, const std::string& path, std::uint64_t bytes) {
  if (!powered_) return {IoFault::power_loss, 0};
  ++calls_;
  if (recording_) recorded_.push_back({kind, path, bytes});
  if (calls_ != number_) return {};
  hit_ = true;
  if (fault_ == IoFault::power_loss) powered_ = false;
  return {fault_, at_};
}

Status IoFaultPlan::next_plain(IoKind kind, const std::string& path) {
  const Decision decision = next(kind, path);
  if (!decision.fault) return {};
  return fail(error_of(*decision.fault, path));
}

IoVerdict FaultFileSystem::judge(IoKind kind, const std::string& path, std::uint64_t bytes) const {
  const auto decision = plan_.next(kind, path, bytes);
  IoVerdict out;
  if (!decision.fault) return out;
  switch (*decision.fault) {
    case IoFault::flip:
      out.wrong = 1;
      out.place = decision.at;
      break;
    case IoFault::lost_sync:
      disk_.fail_operation(disk_.operations() + 1, FaultKind::lost_sync);
      break;
    case IoFault::failed_sync:
      disk_.fail_operation(disk_.operations() + 1, FaultKind::failed_sync);
      break;
    case IoFault::short_write:
    case IoFault::power_loss:
      out.part = decision.at;
      [[fallthrough]];
    default:
      out.status = fail(error_of(*decision.fault, path));
  }
  return out;
}

}  // namespace witan
