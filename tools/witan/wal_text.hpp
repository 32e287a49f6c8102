// Records of the consensus log as text and JSON, for `witan wal`.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "storage/wal.hpp"

namespace witan::cli {

struct WalRecordText {
  std::string kind;  // "vote", ..., or "kind 99" for one this build does not know
  // Name and value in the order of the record's fields; {"error", why} if it does not decode.
  std::vector<std::pair<std::string, std::string>> fields;
};
[[nodiscard]] WalRecordText describe(const WalRecord& record);

// One line each, without newline.
[[nodiscard]] std::string record_line(const WalRecord& record);
[[nodiscard]] std::string record_json(const WalRecord& record);

[[nodiscard]] std::string report_text(const WalReport& report);
[[nodiscard]] std::string report_json(const WalReport& report);

}  // namespace witan::cli
