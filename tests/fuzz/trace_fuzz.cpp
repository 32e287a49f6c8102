// Trace files over arbitrary bytes: never crashes, never takes more memory than allowed, and
// whatever was read can be asked, drawn and exported. First byte: bit 0: seal blocks, so that the
// fuzzer reaches payloads without guessing checksums.
#include <cstring>

#include "actors/telemetry/trace/core/critical_path.hpp"
#include "actors/telemetry/trace/core/export.hpp"
#include "actors/telemetry/trace/trace_reader.hpp"
#include "messages/base/check.hpp"
#include "storage/memory_file_system.hpp"

namespace {
using namespace witan;
using namespace witan::trace;

Bytes sealed(ByteView in) {
  Bytes out(in.begin(), in.end());
  for (std::size_t at = find_block(out, 0); at < out.size(); at = find_block(out, at + 8)) {
    const auto header = decode_header(ByteView(out).subspan(at));
    if (!header || at + block_header_bytes + header->stored_bytes > out.size()) continue;
    const HeaderBytes head = encode_header(
        *header, ByteView(out).subspan(at + block_header_bytes, header->stored_bytes));
    std::memcpy(out.data() + at, head.data(), head.size());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView body(data + 1, size - 1);
  const Bytes content = (data[0] & 1U) != 0 ? sealed(body) : Bytes(body.begin(), body.end());
  MemoryFileSystem fs;
  WITAN_CHECK(fs.create_directories("/t").has_value());
  auto created = fs.open("/t/a.wtr", OpenMode::create);
  WITAN_CHECK(created.has_value() && (*created)->write_at(0, content).has_value());
  ReadOptions options;
  options.hops_max = 100'000;
  auto set = load_traces(fs, {"/t/a.wtr"}, options);
  if (!set) return 0;
  (void)summarize(**created, "/t/a.wtr");
  const Flow flow = flow_of(*set, select(*set, {}), "fuzz");
  WITAN_CHECK(tree_order(flow).size() == flow.steps.size());
  (void)to_mermaid(*set, flow, 100);
  (void)to_plantuml(*set, flow, 100);
  (void)to_chrome(*set, flow);
  (void)to_otlp(*set, flow);
  (void)to_csv(*set, flow);
  (void)critical_path(*set, 1, "");
  (void)transaction_flow(*set, 1);
  return 0;
}
