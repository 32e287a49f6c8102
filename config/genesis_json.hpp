// JSON of the genesis file, read strictly. Only for genesis_*.cpp: it shows nlohmann::json.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "messages/base/result.hpp"

namespace witan::genesis_detail {

using Json = nlohmann::ordered_json;

// Text to JSON. Errors: genesis with "line:column"; repeated keys and depth over 8 are errors.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

// One object of the file: hands out its members by name, then `finish` refuses what was not asked
// for. `path` is the object's place, for error fields. The Json must outlive it.
class ObjectReader {
 public:
  // Errors: genesis when `json` is no object.
  static Result<ObjectReader> make(const Json& json, std::string path);

  // Member or nullptr; both mark the name as known.
  [[nodiscard]] const Json* optional(std::string_view name);
  [[nodiscard]] Result<const Json*> required(std::string_view name);

  [[nodiscard]] Status require(std::string_view name);

  // Whole number or decimal string within [min, max]; `out` is left alone when the member is
  // absent.
  template <class Int>
  [[nodiscard]] Status number(std::string_view name, Int& out, std::uint64_t min,
                              std::uint64_t max) {
    const Json* json = optional(name);
    if (json == nullptr) return {};
    WITAN_TRY(const std::uint64_t value, whole(*json, place(name), min, max));
    out = static_cast<Int>(value);
    return {};
  }
  [[nodiscard]] Result<std::string> text(std::string_view name);

  // Refuses members nobody asked for, with the nearest known name.
  [[nodiscard]] Status finish() const;

  [[nodiscard]] std::string place(std::string_view name) const;

 private:
  ObjectReader(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}
  static Result<std::uint64_t> whole(const Json& json, std::string place, std::uint64_t min,
                                     std::uint64_t max);

  const Json* json_;
  std::string path_;
  std::vector<std::string_view> known_;
};

}  // namespace witan::genesis_detail
