// The messages of messages/schema by name, and their fields by path: what rules are checked against
// when they are read, and how a message's field is compared. Any thread.
#pragma once
#include "actors/runtime/faults/rule.hpp"
#include "messages/wire/envelope.hpp"

namespace witan::faults {

// The one vocabulary of this program. Errors: bad_rule; the text names what there is instead.
[[nodiscard]] const Vocabulary& schema_vocabulary();
// Empty if it is not one of messages/schema.
[[nodiscard]] std::string_view message_name(std::uint64_t type);
// Whether the field on this path has this value. False where there is no such field.
[[nodiscard]] bool passes(const Envelope& envelope, const FieldTest& test);

}  // namespace witan::faults
