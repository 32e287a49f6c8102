// witan-conformance: one JSON request per line on stdin, one JSON reply per line on stdout.
// Protocol and how to run the vectors: README.md.
#include <iostream>
#include <string>

#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

OpTable make_table() {
  OpTable table;
  register_crypto_ops(table);
  register_noise_ops(table);
  register_merkle_ops(table);
  register_key_ops(table);
  register_consensus_ops(table);
  register_light_ops(table);
  return table;
}

nlohmann::json run(const OpTable& table, const nlohmann::json& request) {
  const auto name = request.find("op");
  if (name == request.end() || !name->is_string()) throw RequestError("field op is absent");
  const auto op = table.find(name->get_ref<const std::string&>());
  if (op == table.end()) return {{"unsupported", true}};
  return op->second(request);
}

// Never throws: whatever is wrong with a line becomes its reply.
std::string answer(const OpTable& table, const std::string& line) {
  nlohmann::json reply;
  nlohmann::json id;
  try {
    const auto request = nlohmann::json::parse(line);
    if (!request.is_object()) throw RequestError("a request is a JSON object");
    if (const auto found = request.find("id"); found != request.end()) id = *found;
    reply = run(table, request);
  } catch (const std::exception& problem) {
    reply = {{"error", problem.what()}};
  }
  reply["id"] = id;
  // Error texts may quote bytes of the request: replace what is not UTF-8 instead of throwing.
  return reply.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace
}  // namespace witan::conformance

int main() {
  const auto table = witan::conformance::make_table();
  for (std::string line; std::getline(std::cin, line);)
    if (!line.empty()) std::cout << witan::conformance::answer(table, line) << std::endl;
  return 0;
}
