// What commands that read a consensus log share, and parts of `witan wal` with a file of their own.
#pragma once
#include <memory>
#include <string>

#include "storage/data_dir.hpp"
#include "tools/witan/program.hpp"

namespace witan::cli {

// The folder to read, and the lock of its home while it is read.
struct WalSource {
  FilePath folder;
  std::unique_ptr<DataDir> lock;
};
// `given`: a log folder; empty: the one of the home, whose node must not run. Errors: not_found,
// locked.
[[nodiscard]] Result<WalSource> open_wal_source(const Program& program, const std::string& given);

void add_wal_repair(CLI::App& wal, Program& program);  // wal repair

}  // namespace witan::cli
