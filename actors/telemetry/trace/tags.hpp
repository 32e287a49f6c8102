// What a trace says about the content of a message: height, round, validator, transactions.
#pragma once
#include <vector>

#include "actors/telemetry/trace/core/hop.hpp"
#include "messages/wire/type_table.hpp"

namespace witan::trace {

// Fills in height, round and validator. Some ten nanoseconds.
void tag_message(const MessageType& type, const Words& words, HopRecord& hop);

// First eight bytes of the ids of the transactions in it; hashes what comes as encodings. At most
// `transactions_max` of them.
inline constexpr std::size_t transactions_max = 4096;
[[nodiscard]] std::vector<std::uint64_t> transactions_in(const MessageType& type,
                                                         const Words& words);
// The number a transaction's id has in traces.
[[nodiscard]] std::uint64_t short_id(const Hash32& id);

}  // namespace witan::trace
