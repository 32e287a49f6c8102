#include "messages/wire/type_table.hpp"

#include <capnp/schema.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "messages/schema/all_types.hpp"

namespace witan {
namespace {

// ---- where fields stand, asked once of the schema

std::optional<FieldPlace> own_field(capnp::StructSchema schema, const char* name) {
  KJ_IF_MAYBE (field, schema.findFieldByName(name)) {
    const auto proto = field->getProto();
    if (!proto.isSlot()) return std::nullopt;
    std::uint8_t bytes = 0;
    switch (field->getType().which()) {
      case capnp::schema::Type::UINT64:
        bytes = 8;
        break;
      case capnp::schema::Type::UINT32:
      case capnp::schema::Type::INT32:
        bytes = 4;
        break;
      default:
        return std::nullopt;
    }
    return FieldPlace{-1, bytes, proto.getSlot().getOffset() * bytes};
  }
  return std::nullopt;
}

// Of the struct itself, else of the first struct it points to that has one.
FieldPlace place_of(capnp::StructSchema schema, const char* name) {
  if (const auto own = own_field(schema, name)) return *own;
  for (const auto field : schema.getFields()) {
    if (!field.getProto().isSlot() || !field.getType().isStruct()) continue;
    const std::uint32_t pointer = field.getProto().getSlot().getOffset();
    if (auto nested = own_field(field.getType().asStruct(), name); nested && pointer < 100) {
      nested->child = static_cast<std::int8_t>(pointer);
      return *nested;
    }
  }
  return {};
}

void find_transactions(capnp::StructSchema schema, MessageType& type) {
  struct Known {
    const char* field;
    TransactionForm form;
  };
  constexpr std::array<Known, 4> known{{{"txId", TransactionForm::id},
                                        {"ids", TransactionForm::ids},
                                        {"transactions", TransactionForm::blob},
                                        {"bytes", TransactionForm::one}}};
  for (const Known& k : known) {
    if (k.form == TransactionForm::one && type.name != "SubmitTx")
      continue;  // others' bytes differ
    KJ_IF_MAYBE (field, schema.findFieldByName(k.field)) {
      if (!field->getProto().isSlot() || !field->getType().isData()) continue;
      type.transactions = k.form;
      type.transactions_at = static_cast<std::uint8_t>(field->getProto().getSlot().getOffset());
      return;
    }
  }
}

MessageType describe(std::string_view name, capnp::StructSchema schema) {
  MessageType out;
  out.id = schema.getProto().getId();
  out.name = name;
  out.height = place_of(schema, "height");
  out.round = place_of(schema, "round");
  out.validator = place_of(schema, "validator");
  if (out.validator.bytes != 4) out.validator = place_of(schema, "proposer");
  if (out.validator.bytes != 4) out.validator = {};
  if (const auto peer = own_field(schema, "peer"); peer && peer->bytes == 4) out.peer = *peer;
  find_transactions(schema, out);
  return out;
}

class Table {
 public:
  Table() {
#define WITAN_X(name) types_.push_back(describe(#name, capnp::Schema::from<schema::name>()));
    WITAN_MESSAGE_TYPES(WITAN_X)
#undef WITAN_X
    std::sort(types_.begin(), types_.end(),
              [](const MessageType& a, const MessageType& b) { return a.id < b.id; });
    for (const MessageType& type : types_) {
      std::size_t at = start(type.id);
      while (slots_[at] != nullptr) at = (at + 1) % slots_.size();
      slots_[at] = &type;
    }
  }
  [[nodiscard]] const MessageType* find(std::uint64_t id) const {
    for (std::size_t at = start(id); slots_[at] != nullptr; at = (at + 1) % slots_.size())
      if (slots_[at]->id == id) return slots_[at];
    return nullptr;
  }
  [[nodiscard]] std::span<const MessageType> all() const { return types_; }

 private:
  static std::size_t start(std::uint64_t id) { return (id >> 20) % 1024; }  // ids are random
  std::vector<MessageType> types_;
  std::array<const MessageType*, 1024> slots_{};
};
const Table& table() {
  static const Table made;
  return made;
}

// ---- reading words: the encoding of Cap'n Proto pointers

struct StructPlace {
  std::size_t data = 0;  // word of the data section in the first segment
  std::size_t data_words = 0;
  std::size_t pointers = 0;
};
using Segment = kj::ArrayPtr<const capnp::word>;

std::uint64_t word_at(Segment segment, std::size_t at) {
  std::uint64_t out = 0;
  std::memcpy(&out, segment.begin() + at, sizeof out);
  return out;
}

// Where the pointer in word `at` leads; empty for other kinds of pointers and beyond the end.
std::optional<std::size_t> target_of(Segment segment, std::size_t at, std::uint64_t kind) {
  if (at >= segment.size()) return std::nullopt;
  const std::uint64_t pointer = word_at(segment, at);
  if (pointer == 0 || (pointer & 3) != kind) return std::nullopt;
  const auto offset = static_cast<std::int32_t>(static_cast<std::uint32_t>(pointer)) >> 2;
  const std::int64_t to = static_cast<std::int64_t>(at) + 1 + offset;
  if (to < 0 || static_cast<std::size_t>(to) > segment.size()) return std::nullopt;
  return static_cast<std::size_t>(to);
}

std::optional<StructPlace> struct_at(Segment segment, std::size_t at) {
  const auto to = target_of(segment, at, 0);
  if (!to) return std::nullopt;
  const std::uint64_t pointer = word_at(segment, at);
  const StructPlace out{*to, static_cast<std::size_t>(pointer >> 32 & 0xffff),
                        static_cast<std::size_t>(pointer >> 48)};
  if (out.data_words + out.pointers > segment.size() - *to) return std::nullopt;
  return out;
}

}  // namespace

std::span<const MessageType> message_types() { return table().all(); }
const MessageType* find_message_type(std::uint64_t id) { return table().find(id); }

std::optional<std::uint64_t> read_field(const Words& words, const FieldPlace& place) {
  if (place.bytes == 0 || words.segments().size() == 0) return std::nullopt;
  const Segment segment = words.segments()[0];
  auto found = struct_at(segment, 0);
  if (found && place.child >= 0) {
    const auto child = static_cast<std::size_t>(place.child);
    if (child >= found->pointers) return std::nullopt;
    found = struct_at(segment, found->data + found->data_words + child);
  }
  if (!found) return std::nullopt;
  if (place.offset + place.bytes > found->data_words * 8) return 0;  // cut: all default
  const auto* at = reinterpret_cast<const std::uint8_t*>(segment.begin() + found->data);
  std::uint64_t out = 0;
  std::memcpy(&out, at + place.offset, place.bytes);
  return out;
}

std::optional<ByteView> read_data(const Words& words, std::size_t pointer) {
  if (words.segments().size() == 0) return std::nullopt;
  const Segment segment = words.segments()[0];
  const auto root = struct_at(segment, 0);
  if (!root || pointer >= root->pointers) return std::nullopt;
  const std::size_t at = root->data + root->data_words + pointer;
  const auto to = target_of(segment, at, 1);
  if (!to) return std::nullopt;
  const std::uint64_t raw = word_at(segment, at);
  const std::uint64_t count = raw >> 35;
  if ((raw >> 32 & 7) != 2 || count > (segment.size() - *to) * 8) return std::nullopt;
  return ByteView(reinterpret_cast<const std::uint8_t*>(segment.begin() + *to), count);
}

}  // namespace witan
