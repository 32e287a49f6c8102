#include "actors/api/json.hpp"

#include <capnp/compat/json.h>

#include "actors/telemetry/log.hpp"
#include "messages/base/hex.hpp"

namespace witan {
namespace {

// The library's handler base has no virtual destructor and is never deleted through.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class HexData final : public capnp::JsonCodec::Handler<capnp::Data> {
 public:
  void encode(const capnp::JsonCodec&, capnp::Data::Reader input,
              capnp::JsonValue::Builder output) const override {
    const std::string hex = to_hex(ByteView(input.begin(), input.size()));
    output.setString(kj::StringPtr(hex.c_str(), hex.size()));
  }
  capnp::Orphan<capnp::Data> decode(const capnp::JsonCodec&, capnp::JsonValue::Reader input,
                                    capnp::Orphanage orphanage) const override {
    const auto bytes = from_hex(std::string_view(input.getString().cStr()));
    KJ_REQUIRE(bytes.has_value(), "expected hex");
    return orphanage.newOrphanCopy(capnp::Data::Reader(bytes->data(), bytes->size()));
  }
};
#pragma GCC diagnostic pop

// The codec is set up once and only read afterwards.
struct Codec {
  Codec() { codec.addTypeHandler(hex); }
  HexData hex;
  capnp::JsonCodec codec;
};

const capnp::JsonCodec& codec() {
  static const Codec shared;
  return shared.codec;
}

}  // namespace

std::string to_json(capnp::DynamicStruct::Reader value) {
  const kj::String text = codec().encode(value, value.getSchema());
  return {text.begin(), text.size()};
}

EventText event_text(schema::PublishedEvent::Reader event, UnixTime time) {
  const capnp::DynamicStruct::Reader dynamic(event);
  EventText out;
  KJ_IF_MAYBE (field, dynamic.which()) {
    out.name = field->getProto().getName().cStr();
    out.json = "{\"type\":";
    append_json_string(out.json, out.name);
    out.json += ",\"time\":";
    append_json_string(out.json, format_utc(time));
    const auto data = dynamic.get(*field).as<capnp::DynamicStruct>();
    out.json += ",\"data\":" + to_json(data) + "}";
    KJ_IF_MAYBE (height, data.getSchema().findFieldByName("height"))
      out.height = data.get(*height).as<std::uint64_t>();
  }
  return out;
}

std::string clean_text(std::string_view text) {
  std::string out;
  append_utf8(out, text);
  return out;
}

}  // namespace witan
