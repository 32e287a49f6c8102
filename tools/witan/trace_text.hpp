// Traces as text and JSON for the terminal.
#pragma once
#include <string>

#include "actors/telemetry/trace/core/critical_path.hpp"
#include "actors/telemetry/trace/core/flow.hpp"
#include "actors/telemetry/trace/trace_reader.hpp"

namespace witan::cli {

// A table of hops, by time.
[[nodiscard]] std::string hops_text(const trace::TraceSet& set, const trace::Flow& flow,
                                    std::size_t limit);
[[nodiscard]] std::string hops_json(const trace::TraceSet& set, const trace::Flow& flow,
                                    std::size_t limit);
// Indented: each hop below the one that caused it.
[[nodiscard]] std::string tree_text(const trace::TraceSet& set, const trace::Flow& flow,
                                    std::size_t limit);
[[nodiscard]] std::string path_text(const trace::TraceSet& set, const trace::CriticalPath& path);
[[nodiscard]] std::string path_json(const trace::TraceSet& set, const trace::CriticalPath& path);
[[nodiscard]] std::string files_text(const std::vector<trace::FileSummary>& files);
[[nodiscard]] std::string files_json(const std::vector<trace::FileSummary>& files);
// Clocks, losses and damage, each in a line; for standard error.
[[nodiscard]] std::string remarks(const trace::TraceSet& set);

}  // namespace witan::cli
