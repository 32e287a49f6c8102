// The disk of one simulated node: files (write-ahead log, sign-state) and databases. Outlives the
// node's lives. What the node was told is synced survives a power cut, unless the fault rules say
// that the disk lied (lost_fsync); of the rest, a part drawn by chance.
//
// Databases are ordered maps in memory behind storage's KvStore: LevelDB itself has its own tests,
// and its bloom filters and compactions would be most of a run's time. What a power cut leaves of
// one is what LevelDB's log promises: a prefix of its batches, with every synced one in it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/node/stores.hpp"
#include "messages/base/random.hpp"
#include "storage/memory_file_system.hpp"
#include "tools/sim/fault_source.hpp"

namespace witan::sim {

class Database;

class SimDisk {
 public:
  explicit SimDisk(DiskFaults& faults);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  [[nodiscard]] FileSystem& files() { return *files_; }
  [[nodiscard]] node::Databases databases();
  // REQUIRES: everything opened before is destroyed or no longer used.
  void power_off(Random& random);

 private:
  DiskFaults& faults_;
  MemoryFileSystem memory_;
  std::unique_ptr<FileSystem> files_;  // memory_ with faults
  std::map<std::string, std::shared_ptr<Database>> databases_;
};

}  // namespace witan::sim
