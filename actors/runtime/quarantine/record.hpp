// A message in quarantine, as a file: what it was, whom it made fail, how often and why.
//
//   home/quarantine/<id>.msg     one message; <id> is 64 hex digits
//
//   "witanpsn"  u32 version 1
//   u8 state  u8 hop kind  u8 mailbox class  u32 throws
//   i64 first, i64 last            Unix time in ns of the first and the last throw
//   u64 type                       Cap'n Proto type id
//   u64 trace hi, lo, span         of the last throw
//   id                             32 bytes
//   receiver, sender               u32 length-prefixed text
//   u8 count, then reasons         u32 length-prefixed text, oldest first
//   u64 size, words                flat bytes of the message; u32 length-prefixed, empty if too
//   large u32 CRC-32C of all before it
//
// A disk is hostile: everything is bounded, the checksum is checked, one content has one encoding,
// and an id that does not belong to the words is refused.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/door.hpp"
#include "storage/file_system.hpp"

namespace witan::quarantine {

inline constexpr std::size_t words_bytes_max = 1U << 20U;  // larger messages are kept without words
inline constexpr std::size_t path_bytes_max = 256;
inline constexpr std::size_t reason_bytes_max = 400;
inline constexpr std::size_t reasons_max = 4;
inline constexpr std::size_t file_bytes_max = words_bytes_max + 4096;
inline constexpr std::string_view file_ending = ".msg";

enum class State : std::uint8_t {
  suspect,      // threw once: let through, watched
  quarantined,  // refused
};
[[nodiscard]] std::string_view name_of(State state);

struct Record {
  Hash32 id;
  State state = State::suspect;
  rt::HopKind kind = rt::HopKind::message;
  rt::MailboxClass mailbox = rt::MailboxClass::bulk;
  std::uint32_t throws = 0;
  UnixTime first;
  UnixTime last;
  std::uint64_t type = 0;
  TraceContext trace;                // trace_hi, trace_lo and span; of the last throw
  std::string receiver;              // path
  std::string sender;                // path, or a peer's node id; "" from outside any actor
  std::vector<std::string> reasons;  // at most reasons_max, the last ones; printable ASCII
  std::uint64_t size = 0;            // flat bytes of the message
  Bytes words;                       // its flat form; empty when larger than words_bytes_max
};

// The message without what changes when it is sent again: how its words are laid out, and the
// number of the session it came through (`peer`). Words that are no valid message stand for
// themselves.
[[nodiscard]] Bytes canonical_of(std::uint64_t type, const Words& words);
// SHA-256 over the kind of the receiver (rt::kind_of_actor), the type and the canonical words.
[[nodiscard]] Hash32 identity_of(std::string_view receiver, std::uint64_t type, ByteView canonical);

// REQUIRES: the bounds above hold.
[[nodiscard]] Bytes encode(const Record& record);
// Errors: too_large, corrupt (magic, checksum, end, id), wrong_version, out_of_range.
[[nodiscard]] Result<Record> decode(ByteView bytes);

// What may be shown and stored of a text from somewhere: printable ASCII, at most `bytes_max`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max);

// ---- a folder of them

struct Damage {
  std::string file;
  Error error;
};
struct Listing {
  std::vector<Record> records;  // by state (quarantined first), then by last throw, newest first
  std::vector<Damage> damages;  // files that are left out; they stay where they are
};

[[nodiscard]] FilePath quarantine_folder(const FilePath& home);
[[nodiscard]] FilePath file_of(const FilePath& folder, const Hash32& id);
// Never fails as a whole: a folder that is not there holds nothing. Reads at most `files_max`
// files.
[[nodiscard]] Listing read_folder(FileSystem& files, const FilePath& folder,
                                  std::size_t files_max = 1024);
// Reads one. Errors: not_found, io, those of decode.
[[nodiscard]] Result<Record> read_record(FileSystem& files, const FilePath& folder,
                                         const Hash32& id);
// The one id that begins with this hex text of at least four digits. Errors: usage, not_found.
[[nodiscard]] Result<Hash32> find_id(const std::vector<Hash32>& ids, std::string_view text);

}  // namespace witan::quarantine
