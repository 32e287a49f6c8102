// Request targets, submission bodies and JSON-RPC calls: any bytes are understood or refused.
#include <cstdlib>

#include "actors/api/request_body.hpp"
#include "actors/api/router.hpp"
#include "actors/api/rpc.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* method : {"GET", "POST"}) {
    const auto routed = route_request(method, text);
    if (!routed && routed.error().text.empty()) std::abort();
    if (routed && info_of(routed->route).name.starts_with("rpc_"))
      (void)rpc::parse_get(info_of(routed->route).pattern.substr(1), routed->rpc);
  }
  const auto cursor = EventCursor::parse(text);
  if (cursor && *EventCursor::parse(cursor->to_string()) != *cursor) std::abort();
  (void)transaction_from_body("application/json", text);
  (void)count_batch("application/octet-stream", ByteView(data, size));
  const rpc::Batch batch = rpc::parse_post(text);
  if (batch.calls.empty()) std::abort();
  return 0;
}
