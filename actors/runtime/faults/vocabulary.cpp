#include "actors/runtime/faults/vocabulary.hpp"

#include <capnp/dynamic.h>
#include <capnp/schema.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "config/suggest.hpp"
#include "messages/schema/all_types.hpp"

namespace witan::faults {
namespace {

struct Known {
  std::uint64_t id;
  std::string_view name;
  capnp::StructSchema schema;
};

// Sorted by id; made on first use.
const std::vector<Known>& known_messages() {
  static const std::vector<Known> all = [] {
    std::vector<Known> out{
#define WITAN_X(Type) \
  Known{capnp::typeId<schema::Type>(), #Type, capnp::Schema::from<schema::Type>()},
        WITAN_MESSAGE_TYPES(WITAN_X)
#undef WITAN_X
    };
    std::sort(out.begin(), out.end(), [](const Known& a, const Known& b) { return a.id < b.id; });
    return out;
  }();
  return all;
}

const Known* find(std::uint64_t id) {
  const auto& all = known_messages();
  const auto at = std::lower_bound(all.begin(), all.end(), id,
                                   [](const Known& k, std::uint64_t want) { return k.id < want; });
  return at != all.end() && at->id == id ? &*at : nullptr;
}

const Known* find(std::string_view name) {
  for (const Known& known : known_messages())
    if (known.name == name) return &known;
  return nullptr;
}

std::string_view first_part(std::string_view& path) {
  const auto dot = std::min(path.find('.'), path.size());
  const std::string_view part = path.substr(0, dot);
  path.remove_prefix(std::min(dot + 1, path.size()));
  return part;
}

std::optional<capnp::StructSchema::Field> field_of(capnp::StructSchema schema,
                                                   std::string_view part) {
  for (const auto field : schema.getFields()) {
    const auto name = field.getProto().getName();
    if (std::string_view(name.begin(), name.size()) == part) return field;
  }
  return std::nullopt;
}

// The field at the end of the path; empty if the message has none.
std::optional<capnp::StructSchema::Field> field_at(capnp::StructSchema schema,
                                                   std::string_view path) {
  while (true) {
    const auto field = field_of(schema, first_part(path));
    if (!field || path.empty()) return field;
    if (!field->getType().isStruct()) return std::nullopt;
    schema = field->getType().asStruct();
  }
}

std::string enumerants_of(capnp::EnumSchema type) {
  std::string out;
  for (const auto e : type.getEnumerants())
    out += (out.empty() ? "" : ", ") + std::string(e.getProto().getName().cStr());
  return out;
}

bool is_number(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Status check_value(capnp::Type type, const FieldTest& test) {
  const auto refuse = [&](const std::string& wanted) {
    return fail(ErrorCode::bad_rule, test.field,
                "`" + test.field + "` is " + wanted + ", not `" + test.value + "`");
  };
  switch (type.which()) {
    case capnp::schema::Type::BOOL:
      if (test.value != "true" && test.value != "false") return refuse("true or false");
      return {};
    case capnp::schema::Type::ENUM: {
      for (const auto e : type.asEnum().getEnumerants())
        if (test.value == e.getProto().getName().cStr()) return {};
      return refuse("one of " + enumerants_of(type.asEnum()));
    }
    case capnp::schema::Type::TEXT:
      return {};
    case capnp::schema::Type::INT8:
    case capnp::schema::Type::INT16:
    case capnp::schema::Type::INT32:
    case capnp::schema::Type::INT64:
    case capnp::schema::Type::UINT8:
    case capnp::schema::Type::UINT16:
    case capnp::schema::Type::UINT32:
    case capnp::schema::Type::UINT64:
      if (!is_number(test.value)) return refuse("a whole number");
      return {};
    default:
      return refuse("neither number, text, enumerant nor true or false: rules cannot compare it");
  }
}

class SchemaVocabulary final : public Vocabulary {
 public:
  Status check_message(std::string_view message) const override {
    if (find(message) != nullptr) return {};
    if (message.size() == 18 && message.substr(0, 2) == "0x" &&
        message.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos)
      return {};
    std::vector<std::string_view> names;
    for (const Known& known : known_messages()) names.push_back(known.name);
    return fail(ErrorCode::bad_rule, "message",
                "no message is called `" + std::string(message) + "`" +
                    did_you_mean(message, names) + " (names: messages/schema/*.capnp)");
  }

  Status check_field(std::string_view message, const FieldTest& test) const override {
    if (message.substr(0, 2) == "0x") return {};
    if (const Known* known = find(message)) {
      const auto field = field_at(known->schema, test.field);
      if (field) return check_value(field->getType(), test);
      return fail(ErrorCode::bad_rule, test.field,
                  "`" + std::string(message) + "` has no field `" + test.field + "`");
    }
    Status last =
        fail(ErrorCode::bad_rule, test.field, "no message has a field `" + test.field + "`");
    for (const Known& known : known_messages()) {
      const auto field = field_at(known.schema, test.field);
      if (!field) continue;
      last = check_value(field->getType(), test);
      if (last) return last;
    }
    return last;
  }
};

bool equals(const capnp::DynamicValue::Reader& value, std::string_view text) {
  using V = capnp::DynamicValue;
  switch (value.getType()) {
    case V::BOOL:
      return text == (value.as<bool>() ? "true" : "false");
    case V::INT:
      return text == std::to_string(value.as<std::int64_t>());
    case V::UINT:
      return text == std::to_string(value.as<std::uint64_t>());
    case V::TEXT: {
      const auto have = value.as<capnp::Text>();
      return text == std::string_view(have.begin(), have.size());
    }
    case V::ENUM: {
      KJ_IF_MAYBE (e, value.as<capnp::DynamicEnum>().getEnumerant()) {
        return text == e->getProto().getName().cStr();
      }
      return false;
    }
    default:
      return false;
  }
}

}  // namespace

const Vocabulary& schema_vocabulary() {
  static const SchemaVocabulary out;
  return out;
}

std::string_view message_name(std::uint64_t type) {
  const Known* known = find(type);
  return known != nullptr ? known->name : std::string_view();
}

bool passes(const Envelope& envelope, const FieldTest& test) {
  const Known* known = find(envelope.type);
  if (known == nullptr || !envelope.words || !field_at(known->schema, test.field)) return false;
  capnp::SegmentArrayMessageReader reader(envelope.words->segments());
  auto at = reader.getRoot<capnp::DynamicStruct>(known->schema);
  std::string_view path = test.field;
  while (true) {
    const auto field = field_of(at.getSchema(), first_part(path));
    // A member of a union that is not set has no value.
    if (!field || !at.has(*field, capnp::HasMode::NON_NULL)) {
      if (!field || !path.empty() || field->getType().isStruct()) return false;
    }
    const auto value = at.get(*field);
    if (path.empty()) return equals(value, test.value);
    at = value.as<capnp::DynamicStruct>();
  }
}

}  // namespace witan::faults
