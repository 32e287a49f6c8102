#include "actors/consensus/signing_log.hpp"

#include "actors/consensus/log_records.hpp"
#include "messages/base/hex.hpp"
#include "storage/atomic_file.hpp"

namespace witan::consensus {
namespace {

// A damaged sign-state is a matter of signatures (exit code 72), not of a disk to be read again.
tl::unexpected<Error> not_to_be_trusted(Error error) {
  if (error.code == ErrorCode::corrupt || error.code == ErrorCode::wrong_version)
    error.code = ErrorCode::sign_refused;
  return fail(std::move(error));
}

}  // namespace

Result<std::unique_ptr<SigningLog>> SigningLog::open(SigningLogOptions options,
                                                     const WalVisitor& visit) {
  std::unique_ptr<SigningLog> out(new SigningLog(std::move(options)));
  std::vector<Bytes> sign_records;
  WITAN_TRY_VOID(out->open_log(visit, sign_records));
  if (const auto look = std::exchange(out->options_.log_read, {})) WITAN_TRY_VOID(look());
  if (out->options_.key) WITAN_TRY_VOID(out->open_signer(sign_records));
  return out;
}

Status SigningLog::open_log(const WalVisitor& visit, std::vector<Bytes>& sign_records) {
  WITAN_TRY_VOID(options_.fs.create_directories(options_.wal_folder));
  const WalVisitor see = [&](const WalRecord& record) -> Status {
    if (static_cast<RecordKind>(record.kind) == RecordKind::sign)
      sign_records.emplace_back(record.payload.begin(), record.payload.end());
    return visit ? visit(record) : Status{};
  };
  WalOptions wal;
  wal.folder = options_.wal_folder;
  wal.chain_id = to_hex(options_.chain_id);
  wal.salt = options_.wal_salt;
  wal.segment_bytes = options_.segment_bytes;
  wal.on_rotate = [this](WalWriter&, std::uint64_t segment) { return write_checkpoint(segment); };
  WITAN_TRY(wal_, WalWriter::open(options_.fs, std::move(wal), see));
  return {};
}

Result<SignRecoveryInput> SigningLog::evidence(const PublicKey& key) const {
  SignRecoveryInput input;
  input.key = key;
  input.chain_id = options_.chain_id;
  if (options_.fs.exists(options_.sign_state_file)) {
    WITAN_TRY(Bytes file,
              read_whole(options_.fs, options_.sign_state_file, sign_checkpoint_bytes_max));
    input.checkpoint_file = std::move(file);
  }
  // The files, not the records read: a crash may leave the newest segment empty.
  if (const std::uint64_t last = wal_->segment(); last > 0)
    input.segments = WalSegments{last - wal_->segment_count() + 1, last};
  input.store_height = options_.store_height;
  input.own_commit_height = options_.own_commit_height;
  if (options_.remembered) {
    WITAN_TRY(input.remembered, options_.remembered());
  }
  WITAN_TRY(const FolderIdentity here,
            options_.fs.identity(options_.sign_state_file.parent_path()));
  input.place = sign_place(here.host, here.number, here.born_ns);
  return input;
}

Status SigningLog::open_signer(const std::vector<Bytes>& sign_records) {
  // The process before may have ended because just this failed: then the file that is read here
  // would give way to an older one when power is lost.
  WITAN_TRY_VOID(options_.fs.sync_directory(options_.sign_state_file.parent_path()));
  WITAN_TRY(SignRecoveryInput input, evidence(options_.key->public_key()));
  input.records = sign_records;
  auto found = recover_sign_state(input);
  if (!found) return not_to_be_trusted(found.error());
  const bool checkpoint_needed = found->checkpoint_needed;
  WITAN_TRY(Signer signer, Signer::make(options_.key->clone(), std::move(*found)));
  signer_.emplace(std::move(signer));
  WITAN_TRY_VOID(remember(input.remembered));
  signer_->finish_recovery();
  if (!checkpoint_needed) return {};
  // The sign-state may name a segment only once that is on disk; a new one names itself
  // (on_rotate).
  if (wal_->segment() == 0) return wal_->rotate(options_.store_height + 1);
  return write_checkpoint(wal_->segment());
}

// Before the first signature, and with every new file: from then on another directory's sign-state
// and an older file are refused here. After the file is written: what is remembered was there.
Status SigningLog::remember(const std::optional<SignMemory>& known) {
  if (!options_.remember || known == signer_->memory()) return {};
  return options_.remember(signer_->memory());
}

Status SigningLog::write_checkpoint(std::uint64_t segment) {
  if (!signer_) return {};
  WITAN_TRY_VOID(
      write_file_atomically(options_.fs, options_.sign_state_file, signer_->checkpoint(segment)));
  return remember(std::nullopt);
}

Status SigningLog::save() {
  if (wal_->segment() == 0) return wal_->rotate(options_.store_height + 1);
  return write_checkpoint(wal_->segment());
}

}  // namespace witan::consensus
