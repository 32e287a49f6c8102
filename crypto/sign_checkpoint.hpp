// The sign-state file: who owns it, what was signed, and where in the log later records start.
// Recovery decides whether a validator may start signing at all (consensus.md S9-S11).
//
// Contract with storage, which does the reading and writing:
//  - `witan init` writes new_sign_checkpoint() before the first start. The node never makes the
//  file
//    by itself: a missing file is a refusal, because a wiped disk looks exactly like a new node.
//  - Before the first signature, and at every rotation of the log, the node writes
//    Signer::checkpoint(segment) atomically (temporary file, fsync, rename, fsync of the
//    directory), where `segment` is the first segment that may hold records not covered by the
//    checkpoint. Segments from that number on must be kept.
//  - `signer init --i-know` writes a new checkpoint with raise_min() and sets the old log aside.
//  - The file is bound to the data folder it is first used in, and numbered: a copied home and an
//    older file are refused (docs/adr/0015). `signer adopt` binds it anew.
//  - At start, recover_sign_state() gets the file's bytes and the sign records of all segments
//    present, in log order.
// Pure apart from new_sign_checkpoint, which draws the instance id.
#pragma once
#include <optional>
#include <span>

#include "crypto/sign_state.hpp"

namespace witan {

// Drawn when a sign-state is created: tells a copied data directory from the original.
using InstanceId = FixedBytes<struct InstanceIdTag, 16>;

// The data folder on its machine; a copy of the folder lives elsewhere (storage/file_system.hpp,
// FolderIdentity). The machine's id is private to the machine: only its hash is kept.
struct SignPlace {
  Hash32 host;
  std::uint64_t folder = 0;
  std::uint64_t born_ns = 0;
  bool operator==(const SignPlace&) const = default;
};
[[nodiscard]] SignPlace sign_place(std::string_view host, std::uint64_t folder,
                                   std::uint64_t born_ns);

struct SignOwner {
  ChainId chain_id;
  PublicKey key;
  InstanceId instance;
  bool operator==(const SignOwner&) const = default;
};

// Which node a signer process serves (docs/adr/0017): of several that may connect, only
// the one with the newest epoch. Epoch 0: nobody was served yet; a node that signs itself has no
// lease.
struct SignLease {
  std::uint64_t epoch = 0;
  NodeId holder;
  bool operator==(const SignLease&) const = default;
};

struct SignCheckpoint {
  SignOwner owner;
  std::optional<std::uint64_t> wal_segment;  // nullopt: never used, no log segment exists yet
  std::optional<SignPlace> place;            // nullopt: bound to where it is first used
  std::uint64_t generation = 0;              // grows with every writing of the file
  SignLease lease{};
  SignSnapshot snapshot;
  bool operator==(const SignCheckpoint&) const = default;
};

[[nodiscard]] SignCheckpoint new_sign_checkpoint(const ChainId& chain_id, const PublicKey& key);
// `signer set-min --height H [--round R]`: nothing before (height, first_round) is signed any more.
// Only raises (S10). `wal repair` uses it to skip the round whose records may be lost (S18).
// Errors: sign_refused, out_of_range (height 0, round outside 0..round_max).
[[nodiscard]] Status raise_min(SignCheckpoint& checkpoint, Height height,
                               Round first_round = Round(0));

// `signer adopt`: the file now belongs to `place`. Whoever calls it answers for the former place.
void adopt(SignCheckpoint& checkpoint, const SignPlace& place);

inline constexpr std::size_t sign_checkpoint_bytes_max = 2048;
[[nodiscard]] Bytes encode(const SignCheckpoint& checkpoint);
// Also reads the format before leases (version 2). Errors: corrupt (size, magic, CRC,
// contradictions), wrong_version.
[[nodiscard]] Result<SignCheckpoint> decode_sign_checkpoint(ByteView bytes);

struct WalSegments {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
};

// What the chain's own database keeps of the file: which one it was, and how new.
struct SignMemory {
  InstanceId instance;
  std::uint64_t generation = 0;
  bool operator==(const SignMemory&) const = default;
};

// What the disk holds at start.
struct SignRecoveryInput {
  PublicKey key;  // of the consensus key that is to sign
  ChainId chain_id;
  std::optional<Bytes> checkpoint_file;  // nullopt: the file does not exist
  std::optional<WalSegments> segments;   // as found, before any is created
  std::span<const Bytes> records;        // sign records of these segments, in log order
  Height store_height;                   // last block in the store; 0: none
  Height own_commit_height;              // last block whose commit this key signed; 0: none
  std::optional<SignMemory> remembered;  // as kept in the chain's own database
  std::optional<SignPlace> place;        // where the file is now; nullopt: not known, not checked
};

struct SignRecovery {
  SignOwner owner;
  SignState state;
  std::optional<SignPlace> place;
  std::uint64_t generation = 0;
  SignLease lease{};
  bool checkpoint_needed = false;  // write a checkpoint with the first segment before signing
};

// Errors, each text telling the operator what to do (exit code 72):
//   sign_state_missing  no file, or log segments the file requires are gone
//   sign_state_foreign  another key, chain or data directory, or a copy of this one
//   sign_state_older    an earlier file than the one last used here, or the chain holds a commit
//                       signed later than this state knows of
//   corrupt             damaged file or record, lost record
[[nodiscard]] Result<SignRecovery> recover_sign_state(const SignRecoveryInput& input);

}  // namespace witan
