// What is left of a damaged log, and cutting it where the operator says so (`witan wal repair`).
//
// No writer opens a log that is damaged before its tail, and nothing is cut by itself (rule C31 of
// the consensus specification). Who cuts answers for what the lost records may have held: a
// validator's sign-state is raised first (actors/consensus/log_repair.hpp).
// Threads: while no writer has the log open.
#pragma once
#include "storage/wal.hpp"

namespace witan {

// Called with every intact record of all segments in order, also beyond damage, and with nullptr
// wherever something that cannot be read lies between two of them or behind the last one.
using SalvageVisitor = std::function<Status(const WalRecord*)>;

struct WalSalvage {
  std::uint64_t kept = 0;  // intact records before the damage: a cut keeps them
  std::uint64_t lost = 0;  // intact records beyond it: a cut loses them
};
// Changes nothing. Errors: io, and those of the visitor.
[[nodiscard]] Result<WalSalvage> salvage_wal(FileSystem& fs, const FilePath& folder,
                                             const WalDamage& damage, const SalvageVisitor& visit);

// Copies every segment file into the new folder `to`, durably. Errors: io, no_space.
[[nodiscard]] Status copy_wal(FileSystem& fs, const FilePath& folder, const FilePath& to);

// Removes everything from the damage on, so that verify_wal() finds none; the records before it
// stay. Power may be lost in here: the log is then damaged as before, and can be cut again.
// Returns the report of the log as it is now. Errors: io, no_space, wrong_chain, wrong_version.
[[nodiscard]] Result<WalReport> cut_wal(FileSystem& fs, const FilePath& folder);

}  // namespace witan
