#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

const nlohmann::json& field(const nlohmann::json& request, const char* name) {
  const auto found = request.find(name);
  if (found == request.end()) throw RequestError(std::string("field ") + name + " is absent");
  return *found;
}

}  // namespace

Bytes hex_value(const nlohmann::json& value, const char* name) {
  if (!value.is_string()) throw RequestError(std::string("field ") + name + " is not hex text");
  auto out = from_hex(value.get_ref<const std::string&>());
  if (!out) throw RequestError(std::string("field ") + name + ": " + out.error().text);
  return *out;
}

Bytes hex_field(const nlohmann::json& request, const char* name) {
  return hex_value(field(request, name), name);
}

std::vector<Bytes> hex_list_field(const nlohmann::json& request, const char* name) {
  const auto& list = field(request, name);
  if (!list.is_array()) throw RequestError(std::string("field ") + name + " is not a list");
  std::vector<Bytes> out;
  out.reserve(list.size());
  for (const auto& value : list) out.push_back(hex_value(value, name));
  return out;
}

std::uint64_t number_field(const nlohmann::json& request, const char* name) {
  const auto& value = field(request, name);
  if (!value.is_number_unsigned())
    throw RequestError(std::string("field ") + name + " is not an unsigned number");
  return value.get<std::uint64_t>();
}

nlohmann::json error_reply(const Error& error) { return {{"error", error.to_string()}}; }

}  // namespace witan::conformance
