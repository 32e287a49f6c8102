#include "messages/wire/message_text.hpp"

#include <capnp/dynamic.h>
#include <kj/exception.h>

#include <algorithm>
#include <map>

#include "messages/base/hex.hpp"
#include "messages/schema/all_types.hpp"

namespace witan {
namespace {

using Schemas = std::map<std::uint64_t, capnp::StructSchema>;

const Schemas& schemas() {
  static const Schemas made = [] {
    Schemas out;
#define WITAN_X(name) \
  out.emplace(capnp::typeId<schema::name>(), capnp::Schema::from<schema::name>());
    WITAN_MESSAGE_TYPES(WITAN_X)
#undef WITAN_X
    return out;
  }();
  return made;
}

class Printer {
 public:
  explicit Printer(const MessageTextLimits& limits) : limits_(limits) {}

  void fields(const capnp::DynamicStruct::Reader& value, std::size_t depth) {
    for (const auto field : value.getSchema().getNonUnionFields()) one(value, field, depth);
    KJ_IF_MAYBE (chosen, value.which()) {
      one(value, *chosen, depth);
    }
  }
  void note(const std::string& text) { out_ += "[" + text + "]\n"; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void one(const capnp::DynamicStruct::Reader& value, capnp::StructSchema::Field field,
           std::size_t depth) {
    if (!value.has(field, capnp::HasMode::NON_NULL)) return;  // a null pointer
    any(field.getProto().getName().cStr(), value.get(field), depth);
  }

  void any(const std::string& name, const capnp::DynamicValue::Reader& value, std::size_t depth) {
    using capnp::DynamicValue;
    switch (value.getType()) {
      case DynamicValue::STRUCT:
        line(depth, name + ":");
        return fields(value.as<capnp::DynamicStruct>(), depth + 1);
      case DynamicValue::LIST:
        return list(name, value.as<capnp::DynamicList>(), depth);
      case DynamicValue::TEXT:
        return line(depth, name + ": \"" + shown(value.as<capnp::Text>()) + "\"");
      case DynamicValue::DATA:
        return line(depth, name + ": " + hex(as_view(value.as<capnp::Data>())));
      case DynamicValue::INT:
        return line(depth, name + ": " + std::to_string(value.as<std::int64_t>()));
      case DynamicValue::UINT:
        return line(depth, name + ": " + std::to_string(value.as<std::uint64_t>()));
      case DynamicValue::BOOL:
        return line(depth, name + (value.as<bool>() ? ": true" : ": false"));
      case DynamicValue::ENUM:
        return line(depth, name + ": " + enumerant(value.as<capnp::DynamicEnum>()));
      default:
        return line(depth, name + ": ?");
    }
  }

  void list(const std::string& name, const capnp::DynamicList::Reader& value, std::size_t depth) {
    line(depth,
         name + ": " + std::to_string(value.size()) + (value.size() == 1 ? " item" : " items"));
    const std::size_t count = std::min<std::size_t>(value.size(), limits_.list_items);
    for (std::size_t i = 0; i < count; ++i)
      any("[" + std::to_string(i) + "]", value[static_cast<kj::uint>(i)], depth + 1);
    if (count < value.size()) line(depth + 1, "...");
  }

  static std::string enumerant(const capnp::DynamicEnum& value) {
    KJ_IF_MAYBE (known, value.getEnumerant()) {
      return known->getProto().getName().cStr();
    }
    return std::to_string(value.getRaw());
  }

  [[nodiscard]] std::string shown(capnp::Text::Reader text) const {
    std::string out(text.begin(), std::min<std::size_t>(text.size(), limits_.text_bytes));
    for (char& c : out)
      if (c < ' ' || c > '~') c = '?';
    return text.size() > out.size() ? out + "..." : out;
  }
  [[nodiscard]] std::string hex(ByteView bytes) const {
    const std::string out = to_hex(bytes.first(std::min(bytes.size(), limits_.data_bytes)));
    return bytes.size() <= limits_.data_bytes
               ? out
               : out + "... (" + std::to_string(bytes.size()) + " bytes)";
  }

  void line(std::size_t depth, const std::string& text) {
    if (lines_ < limits_.lines) out_ += std::string(2 * depth, ' ') + text + "\n";
    if (lines_ == limits_.lines) note("more lines");
    ++lines_;
  }

  const MessageTextLimits& limits_;
  std::string out_;
  std::size_t lines_ = 0;
};

}  // namespace

std::string message_text(std::uint64_t type, const Words& words, const MessageTextLimits& limits) {
  const auto found = schemas().find(type);
  if (found == schemas().end()) return {};
  Printer printer(limits);
  const auto refused = kj::runCatchingExceptions([&] {
    capnp::SegmentArrayMessageReader reader(
        words.segments(),
        {.traversalLimitInWords = words.flat_bytes() / 4 + 64, .nestingLimit = 16});
    printer.fields(reader.getRoot<capnp::DynamicStruct>(found->second), 0);
  });
  KJ_IF_MAYBE (error, refused) {
    printer.note("cannot be read further: " +
                 std::string(error->getDescription().cStr()).substr(0, 120));
  }
  return printer.take();
}

}  // namespace witan
