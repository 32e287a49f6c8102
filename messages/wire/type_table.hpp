// Every message type of messages/schema by its Cap'n Proto type id: its name, and where the fields
// stand that traces ask for. The list is made from the schema files by CMake, so none is missing.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "messages/wire/envelope.hpp"

namespace witan {

// A number in the data section of the root struct, or of the struct its pointer `child` leads to.
struct FieldPlace {
  std::int8_t child = -1;  // -1: of the root itself
  std::uint8_t bytes = 0;  // 4 or 8; 0: the message has no such field
  std::uint32_t offset = 0;
};
enum class TransactionForm : std::uint8_t { none, one, id, blob, ids };

struct MessageType {
  std::uint64_t id = 0;
  std::string_view name;  // "Vote"
  FieldPlace height;
  FieldPlace round;
  FieldPlace validator;  // also a proposal's proposer
  FieldPlace peer;       // slot number of the session a message came from; of the root itself
  // Transactions it carries in the Data pointer `transactions_at` of its root: one encoding, one
  // id, a blob of u32 length-prefixed encodings, or 32-byte ids.
  TransactionForm transactions = TransactionForm::none;
  std::uint8_t transactions_at = 0;
};

// Sorted by id. Made on first use; any thread.
[[nodiscard]] std::span<const MessageType> message_types();
// Null if it is not one of messages/schema. A few nanoseconds.
[[nodiscard]] const MessageType* find_message_type(std::uint64_t id);

// Reads without Cap'n Proto's checks of the type but within the bounds of the first segment, which
// holds every message this program builds. Empty when it does not stand there.
[[nodiscard]] std::optional<std::uint64_t> read_field(const Words& words, const FieldPlace& place);
[[nodiscard]] std::optional<ByteView> read_data(const Words& words, std::size_t pointer);

}  // namespace witan
