// Where the simulated links and disks ask what goes wrong now.
#pragma once
#include <optional>
#include <string_view>

#include "actors/runtime/faults/matcher.hpp"

namespace witan::sim {

class LinkFaults {
 public:
  virtual ~LinkFaults() = default;
  [[nodiscard]] virtual std::optional<faults::Decision> on_link(std::uint32_t from,
                                                                std::uint32_t to) = 0;
};

class DiskFaults {
 public:
  virtual ~DiskFaults() = default;
  // `call` is one of faults::file_calls().
  [[nodiscard]] virtual std::optional<faults::Decision> on_disk(std::string_view path,
                                                                std::string_view call) = 0;
  // The operation took this long: whoever asked for it is late by as much.
  virtual void took(Duration time) = 0;
};

}  // namespace witan::sim
