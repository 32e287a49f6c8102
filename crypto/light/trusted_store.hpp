// The headers a light client trusts: verified, compared with witnesses, at most `capacity`. When it
// is full the lowest goes; the chain of hashes leads back to it.
//
// Saved as one file that is replaced as a whole (storage/atomic_file.hpp; the caller writes it).
// The file is the operator's: its checksum finds damage, not malice. One thread.
#pragma once
#include <map>

#include "crypto/light/light_block.hpp"

namespace witan::light {

inline constexpr std::size_t trusted_headers_max = 256;

class TrustedStore {
 public:
  explicit TrustedStore(ChainId chain_id, std::size_t capacity = trusted_headers_max)
      : chain_id_(chain_id), capacity_(capacity) {}

  void add(LightBlock block);

  // The pointers are valid until the next add(). Null: there is none.
  [[nodiscard]] const LightBlock* find(Height height) const;
  [[nodiscard]] const LightBlock* lowest() const;
  [[nodiscard]] const LightBlock* highest() const;
  [[nodiscard]] const LightBlock* closest_below(Height height) const;
  [[nodiscard]] const LightBlock* closest_above(Height height) const;
  [[nodiscard]] std::size_t size() const { return blocks_.size(); }
  [[nodiscard]] const ChainId& chain_id() const { return chain_id_; }

  // Magic, version, chain id, blocks in order, SHA-256 of all that.
  [[nodiscard]] Bytes encode() const;
  // Errors: corrupt (checksum, or blocks that do not belong to the chain), wrong_version.
  [[nodiscard]] static Result<TrustedStore> decode(ByteView bytes,
                                                   std::size_t capacity = trusted_headers_max);

 private:
  ChainId chain_id_;
  std::size_t capacity_;
  std::map<Height, LightBlock> blocks_;
};

// The largest file that is read back.
inline constexpr std::size_t trusted_store_bytes_max =
    trusted_headers_max * (light_block_bytes_max + 4) + 128;

}  // namespace witan::light
