// The node's quarantine of messages that make their receivers fail, in home/quarantine.
#pragma once
#include <memory>

#include "actors/runtime/quarantine/quarantine.hpp"
#include "actors/telemetry/services.hpp"

namespace witan::node {

// Logs and counts what happens in it. `files` and the services outlive it.
[[nodiscard]] std::unique_ptr<quarantine::Quarantine> open_quarantine(FileSystem& files,
                                                                      const FilePath& home,
                                                                      Services services);

}  // namespace witan::node
