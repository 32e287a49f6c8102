// Cap'n Proto structs as JSON: the one printer of the API.
//
// 64-bit integers are strings, Data is lower-case hex, pointers that are not set are left out.
// capnp/compat/json.h is included in json.cpp only. Thread-safe.
#pragma once
#include <capnp/dynamic.h>

#include <string>
#include <string_view>

#include "actors/api/core/event_log.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"
#include "messages/schema/api.capnp.h"

namespace witan {

[[nodiscard]] std::string to_json(capnp::DynamicStruct::Reader value);

// to_json_text(schema::BlockView::Reader) etc.
template <class Reader>
[[nodiscard]] std::string to_json_text(Reader value) {
  return to_json(capnp::DynamicStruct::Reader(value));
}

// An event as its stream shows it: the name of its union member and that member as JSON with
// `time` in front: {"type":"newBlock","time":"...","data":{...}}.
struct EventText {
  std::string name;
  std::string json;
  std::uint64_t height = 0;  // of that member; 0: it has none
};
[[nodiscard]] EventText event_text(schema::PublishedEvent::Reader event, UnixTime time);

// Text that came from somewhere else with every byte that is not valid UTF-8 replaced, so that it
// may be put into a Text field.
[[nodiscard]] std::string clean_text(std::string_view text);

}  // namespace witan
