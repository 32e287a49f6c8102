// The commands of `witan signer` that concern a running signer process; the others: cmd_signer.cpp.
#pragma once
#include "tools/witan/program.hpp"

namespace witan::cli {

void add_signer_run_commands(CLI::App& signer, Program& program);  // run, status, drain

}  // namespace witan::cli
