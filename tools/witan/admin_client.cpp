#include "tools/witan/admin_client.hpp"

#include "actors/api/admin_socket.hpp"
#include "storage/data_dir.hpp"

namespace witan::cli {
namespace {

ErrorCode code_from(const std::string& name) {
#define WITAN_X(code, text) \
  if (name == #code) return ErrorCode::code;
  WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
  return ErrorCode::internal;
}

}  // namespace

Result<nlohmann::json> ask_node(const Program& program, const nlohmann::json& request) {
  const FilePath socket = HomeLayout(program.home).admin_socket();
  WITAN_TRY(const std::string text, ask_admin(socket, request.dump()));
  nlohmann::json answer = nlohmann::json::parse(text, nullptr, false);
  if (!answer.is_object())
    return fail(ErrorCode::malformed, socket.string(), "the answer is not JSON");
  const auto error = answer.find("error");
  if (error == answer.end()) return answer;
  return fail(code_from(error->value("code", "")), error->value("field", ""),
              error->value("text", ""));
}

}  // namespace witan::cli
