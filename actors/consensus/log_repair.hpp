// What a damaged log still says about this validator's own signatures, and the sign-state with
// which it may go on after the log was cut (S18, C31).
//
// The rule: everything of the last signed height that can still be read stays known, the watermark
// rises over the last round signed in, and when own records may be missing at the very end, only
// the operator can name a height from which on it is safe to sign.
#pragma once
#include <optional>
#include <vector>

#include "crypto/sign_checkpoint.hpp"
#include "storage/wal_repair.hpp"

namespace witan::consensus {

// Of the log's sign records, in order; gap() between them where something cannot be read.
class OwnRecords {
 public:
  // Whatever the sign-state file covers is not missing.
  explicit OwnRecords(const SignSnapshot& file)
      : last_seq_(file.last_seq), watermark_(file.watermark) {}
  void take(const SignRecord& record);
  void gap() { end_known_ = false; }

  // All signatures of the last height signed in that can be read, in order.
  [[nodiscard]] const std::vector<SignRecord>& last_height() const { return last_height_; }
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  [[nodiscard]] const Watermark& watermark() const { return watermark_; }
  [[nodiscard]] std::uint64_t missing() const { return missing_; }
  // Nothing unreadable lies behind the last of them: there was no later signature.
  [[nodiscard]] bool end_known() const { return end_known_; }

 private:
  std::vector<SignRecord> last_height_;
  std::uint64_t last_seq_ = 0;
  Watermark watermark_;
  std::uint64_t missing_ = 0;
  bool end_known_ = true;
};

// Reads all that is left. Errors: io.
[[nodiscard]] Result<OwnRecords> own_records(FileSystem& fs, const FilePath& folder,
                                             const WalDamage& damage, const SignSnapshot& file,
                                             WalSalvage& counts);

// `file` with all of that, and nothing up to the last round signed in may be signed any more.
// Errors: corrupt (the records contradict each other).
[[nodiscard]] Result<SignCheckpoint> raised_over(SignCheckpoint file, const OwnRecords& own);

// Appends own signatures of the last height again that the cut took out of the log, so that the
// core finds its votes and its lock there. Returns the log's last segment, nullopt if it is empty.
// Errors: io, no_space.
[[nodiscard]] Result<std::optional<std::uint64_t>> append_again(FileSystem& fs,
                                                                const FilePath& folder,
                                                                const ChainId& chain_id,
                                                                std::uint64_t salt,
                                                                const OwnRecords& own);

}  // namespace witan::consensus
