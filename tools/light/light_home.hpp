// The folder of a light client: what it trusts, and the evidence that it found.
//
//   HOME/data/LOCK               one process at a time (storage/data_dir.hpp)
//   HOME/light_store             TrustedStore::encode, replaced as a whole
//   HOME/evidence/attack-H.json  one file for each attack, by the height where it shows
// One thread.
#pragma once
#include "crypto/light/client.hpp"
#include "storage/data_dir.hpp"

namespace witan::light {

class LightHome {
 public:
  // Creates the folder. Errors: locked, io.
  [[nodiscard]] static Result<LightHome> open(const FilePath& folder);

  // Nothing before the first save. Errors: corrupt, wrong_version, io.
  [[nodiscard]] Result<std::optional<TrustedStore>> load() const;
  // Durable when it returns. Errors: io, no_space.
  [[nodiscard]] Status save(const TrustedStore& store) const;
  // The path of the file. Errors: io, no_space.
  [[nodiscard]] Result<FilePath> save_attack(const Attack& attack, UnixTime now) const;

 private:
  explicit LightHome(std::unique_ptr<DataDir> lock) : lock_(std::move(lock)) {}
  [[nodiscard]] FilePath store_file() const { return lock_->layout().home / "light_store"; }
  std::unique_ptr<DataDir> lock_;
};

// The evidence file's text: both sides with id, kind, accused and the bytes of encode_attack.
[[nodiscard]] std::string attack_json(const Attack& attack, UnixTime now);

}  // namespace witan::light
