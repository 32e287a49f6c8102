// Prints the reference pages of the telemetry tables; the same text is compared in tests.
#pragma once
#include <string>

namespace witan {
[[nodiscard]] std::string metrics_markdown();
[[nodiscard]] std::string events_markdown();
}  // namespace witan
