// Where a light client gets blocks from: one node's API, or a chain in a test. Never trusted.
#pragma once
#include <string>
#include <vector>

#include "crypto/light/verification.hpp"

namespace witan::light {

class Provider {
 public:
  virtual ~Provider() = default;
  // For messages: a URL.
  [[nodiscard]] virtual const std::string& name() const = 0;
  // The block of a height; 0: the last one. Errors: not_found (no such height yet), pruned, and
  // whatever keeps it from answering.
  [[nodiscard]] virtual Result<LightBlock> at(Height height) = 0;
  // Gives it an attack, as encode_attack() writes it; how many accusations it makes of that.
  // Errors: why it makes none (the block is its own chain's, or accuses nobody), and whatever keeps
  // it from answering.
  [[nodiscard]] virtual Result<std::size_t> report(ByteView attack) = 0;
};

// at(), and the answer is for the height that was asked for. Errors carry the provider's name.
[[nodiscard]] Result<LightBlock> fetch(Provider& from, Height height);

// Verified blocks in rising order; each follows from the one before it. Begins with a trusted one.
using Trace = std::vector<LightBlock>;
inline constexpr std::size_t trace_max = 256;  // blocks; then it is compared with the witnesses

// Extends the trace towards `target` with blocks of `source`, until it ends with the target or has
// trace_max blocks. Errors: those of fetch and HeaderVerifier::verify, naming the source.
[[nodiscard]] Status extend_skipping(HeaderVerifier& verifier, Provider& source, Trace& trace,
                                     const LightBlock& target, const Clock& clock);
[[nodiscard]] Status extend_sequentially(HeaderVerifier& verifier, Provider& source, Trace& trace,
                                         const LightBlock& target, const Clock& clock);

}  // namespace witan::light
