// Coming back: the ledger's tip says which height is next, the write-ahead log says what happened
// in it (and in heights the ledger had not stored yet). The log is fed to the core as inputs,
// muted; own votes are restored first, so that nothing can contradict them (P8, S12).
#pragma once
#include <optional>
#include <vector>

#include "actors/consensus/log_records.hpp"

namespace witan::consensus {

struct LoggedRecord {
  RecordKind kind = RecordKind::vote;
  Height height;
  Bytes payload;
};

struct Recovery {
  std::vector<LoggedRecord> records;
  std::size_t next = 0;
  bool loaded = false;                  // false: waiting for the ledger and the log
  std::optional<BlockRecord> checking;  // a logged block the ledger is executing again
  std::size_t replayed = 0;
};

}  // namespace witan::consensus
