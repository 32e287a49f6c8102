// What the generator needs from the API's JSON answers (docs/reference/api.md).
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "crypto/sign_bytes.hpp"
#include "messages/base/result.hpp"

namespace witan::loadgen {

struct StatusAnswer {
  ChainId chain_id;
  std::uint64_t latest_height = 0;
};
struct BatchAnswer {
  std::uint64_t committed = 0;
  std::map<std::string, std::uint64_t> errors;  // transactions by code
  bool retry_later = false;                     // the node is overloaded
};

// Errors: malformed.
[[nodiscard]] Result<StatusAnswer> parse_status(const std::string& json);
[[nodiscard]] Result<std::uint64_t> parse_account_nonce(const std::string& json);
// The answer to a batch of `sent` transactions. Every one of them is either committed or counted
// once under an error: the code of its failure; `not_listed` for failures beyond those the answer
// lists; `not_committed` for admitted ones that left the pool without a block; the error of the
// whole request.
[[nodiscard]] BatchAnswer parse_batch_answer(unsigned status, const std::string& json,
                                             std::uint64_t sent);

}  // namespace witan::loadgen
