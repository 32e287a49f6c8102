// The one table of key prefixes ("column families") of all databases. Nothing writes a key that is
// not listed here. Numbers in keys are big-endian, so byte order is numeric order.
//
//   database  prefix  owner        key after the prefix            value
//   blocks    'B'     block store  height u64                      block id (32) + block bytes
//   blocks    'C'     block store  height u64                      commit certificate bytes
//   blocks    'R'     block store  height u64                      receipts bytes
//   blocks    'I'     block store  block id (32)                   height u64
//   state     'N'     state tree   node key                        encoded tree node
//   state     'V'     state store  module u8 + key hash (32)       key (32) + value bytes
//   state     'M'     state store  name                            meta record
//   state     'S'     state store  version u64                     node keys stale since version
//   state     'U'     state store  height u64                      what this height changed: meta
//                                                                  record, values before it
//   index     'T'     tx index     transaction id (32)             height u64 + index u32
//   index     'H'     tx index     (nothing)                       height u64 to which 'T' and 'E'
//                                                                  are durable
//   index     'O'     sign owner   consensus public key (32)       instance of its sign_state (16)
//   index     'E'     tx index     block height u64 + index u16    evidence in that block
//   index     'P'     evidence     offence height u64 + hash (32)  pending evidence
//   index     'A'     evidence     (nothing)                       evidence against this node's key
//
// The state database's layout below the prefix is fixed in state_tree.hpp and state_store.hpp.
// Owners of new columns add their row here first.
#pragma once
#include <array>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/types/height.hpp"

namespace witan::keys {

enum class Database : std::uint8_t { blocks, state, index };

struct Column {
  Database database;
  std::uint8_t prefix;
  std::string_view name;
  std::string_view owner;
  std::string_view key_layout;
  std::string_view value_type;
};

inline constexpr std::uint8_t block = 'B';
inline constexpr std::uint8_t commit_certificate = 'C';
inline constexpr std::uint8_t receipts = 'R';
inline constexpr std::uint8_t height_by_id = 'I';
inline constexpr std::uint8_t tree_node = 'N';
inline constexpr std::uint8_t tree_value = 'V';
inline constexpr std::uint8_t state_meta = 'M';
inline constexpr std::uint8_t stale_node = 'S';
inline constexpr std::uint8_t state_undo = 'U';
inline constexpr std::uint8_t transaction = 'T';
inline constexpr std::uint8_t indexed_height = 'H';
inline constexpr std::uint8_t sign_state = 'O';
inline constexpr std::uint8_t committed_evidence = 'E';
inline constexpr std::uint8_t pending_evidence = 'P';
inline constexpr std::uint8_t own_alarm = 'A';
inline constexpr std::uint8_t own_acknowledged = 'K';

inline constexpr std::array<Column, 16> columns{{
    {Database::blocks, block, "block", "block_store", "height", "block id, block"},
    {Database::blocks, commit_certificate, "commit", "block_store", "height", "CommitCertificate"},
    {Database::blocks, receipts, "receipts", "block_store", "height", "Receipts"},
    {Database::blocks, height_by_id, "height_by_id", "block_store", "block id", "height"},
    {Database::state, tree_node, "tree_node", "state_tree", "node key", "tree node"},
    {Database::state, tree_value, "tree_value", "state_store", "module, key hash", "key, value"},
    {Database::state, state_meta, "state_meta", "state_store", "name", "meta record"},
    {Database::state, stale_node, "stale_node", "state_store", "version", "node keys"},
    {Database::state, state_undo, "state_undo", "state_store", "height", "meta, values before"},
    {Database::index, transaction, "transaction", "tx_index", "transaction id", "height, index"},
    {Database::index, indexed_height, "indexed_height", "tx_index", "nothing", "height"},
    {Database::index, sign_state, "sign_state", "sign_owner", "public key", "instance id, number"},
    {Database::index, committed_evidence, "committed_evidence", "tx_index", "height, index",
     "Evidence"},
    {Database::index, pending_evidence, "pending_evidence", "evidence", "height, hash", "Evidence"},
    {Database::index, own_alarm, "own_alarm", "evidence", "nothing", "Evidence"},
    {Database::index, own_acknowledged, "own_acknowledged", "evidence",
     "height, round, kind, validator", "Evidence"},
}};

inline void append_u64_be(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}
// REQUIRES: view.size() >= 8.
[[nodiscard]] inline std::uint64_t read_u64_be(ByteView view) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8U | view[i];
  return value;
}

[[nodiscard]] inline Bytes with_prefix(std::uint8_t prefix, ByteView rest) {
  Bytes key;
  key.reserve(1 + rest.size());
  key.push_back(prefix);
  append(key, rest);
  return key;
}
// prefix + big-endian number: block, commit_certificate, receipts by height.
[[nodiscard]] inline Bytes numbered(std::uint8_t prefix, std::uint64_t number) {
  Bytes key;
  key.reserve(9);
  key.push_back(prefix);
  append_u64_be(key, number);
  return key;
}
[[nodiscard]] inline Bytes at_height(std::uint8_t prefix, Height height) {
  return numbered(prefix, height.get());
}
[[nodiscard]] inline Bytes for_id(std::uint8_t prefix, const Hash32& id) {
  return with_prefix(prefix, id.view());
}
[[nodiscard]] inline Bytes of_pending_evidence(Height offence, const Hash32& hash) {
  Bytes key = at_height(pending_evidence, offence);
  append(key, hash.view());
  return key;
}

}  // namespace witan::keys
