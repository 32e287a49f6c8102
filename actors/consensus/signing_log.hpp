// A write-ahead log and the signer whose records it holds, bound to each other by the sign-state
// file (docs/adr/0007, 0015): what a node that signs itself keeps, and, without inputs of the core,
// a signer process. Opening recovers the signer or refuses; every rotation writes the file again.
// One thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "crypto/signer.hpp"
#include "storage/file_system.hpp"
#include "storage/wal.hpp"

namespace witan::consensus {

struct SigningLogOptions {
  FileSystem& fs;
  FilePath wal_folder;
  FilePath sign_state_file;
  std::uint64_t segment_bytes = 16U << 20U;
  std::uint64_t wal_salt = 0;
  ChainId chain_id{};
  std::optional<SecretKey> key{};  // none: only the log
  Height store_height{};           // last block in the store; 0: none
  Height own_commit_height{};      // last block whose commit this key signed; 0: none
  // Called when all records were seen, before the signer is opened: may refuse.
  std::function<Status()> log_read{};
  // The sign-state as kept in the chain's own database (S11); unset: not kept.
  std::function<Result<std::optional<SignMemory>>()> remembered{};
  std::function<Status(const SignMemory&)> remember{};
};

class SigningLog {
 public:
  // `visit` sees every record of the log. Errors: those of WalWriter::open and, for the signer, of
  // recover_sign_state (a damaged file is sign_refused: exit code 72).
  [[nodiscard]] static Result<std::unique_ptr<SigningLog>> open(SigningLogOptions options,
                                                                const WalVisitor& visit = {});
  SigningLog(const SigningLog&) = delete;
  SigningLog& operator=(const SigningLog&) = delete;

  [[nodiscard]] WalWriter& wal() { return *wal_; }
  [[nodiscard]] Signer* signer() { return signer_ ? &*signer_ : nullptr; }
  // Writes the sign-state file now: what it must hold changed without a record (a lease).
  [[nodiscard]] Status save();

 private:
  explicit SigningLog(SigningLogOptions options) : options_(std::move(options)) {}
  Status open_log(const WalVisitor& visit, std::vector<Bytes>& sign_records);
  Status open_signer(const std::vector<Bytes>& sign_records);
  Result<SignRecoveryInput> evidence(const PublicKey& key) const;
  Status remember(const std::optional<SignMemory>& known);
  Status write_checkpoint(std::uint64_t segment);

  SigningLogOptions options_;
  std::unique_ptr<WalWriter> wal_;
  std::optional<Signer> signer_;
};

}  // namespace witan::consensus
