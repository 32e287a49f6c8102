// Parts of `witan wal` that have a file of their own.
#pragma once
#include "tools/witan/program.hpp"

namespace witan::cli {

void add_wal_repair(CLI::App& wal, Program& program);  // wal repair

}  // namespace witan::cli
