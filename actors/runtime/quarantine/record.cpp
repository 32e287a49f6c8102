#include "actors/runtime/quarantine/record.hpp"

#include <capnp/any.h>
#include <capnp/message.h>
#include <kj/exception.h>

#include <algorithm>

#include "crypto/hash.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/type_table.hpp"

namespace witan::quarantine {
namespace {

constexpr std::string_view magic = "witanpsn";
constexpr std::uint32_t version = 1;
constexpr std::size_t crc_bytes = 4;
constexpr std::size_t digits_min = 4;

ByteView bytes_of(const kj::Array<capnp::word>& words) {
  return {reinterpret_cast<const std::uint8_t*>(words.begin()), words.size() * sizeof(capnp::word)};
}

// Number of the session that the message came through: another one after each reconnection.
void forget_peer(std::uint64_t type, capnp::AnyStruct::Builder root) {
  const MessageType* known = find_message_type(type);
  if (known == nullptr || known->peer.bytes == 0) return;
  auto data = root.getDataSection();
  if (known->peer.offset + known->peer.bytes > data.size()) return;
  std::fill_n(data.begin() + known->peer.offset, known->peer.bytes, std::uint8_t{0});
}

Status check_numbers(const Record& record) {
  if (record.state > State::quarantined || record.kind > rt::HopKind::network ||
      record.mailbox > rt::MailboxClass::bulk)
    return fail(ErrorCode::out_of_range, "state", "state, kind or class is not known");
  const bool words_fit =
      record.words.empty() ? record.size > words_bytes_max : record.words.size() == record.size;
  if (!words_fit) return fail(ErrorCode::out_of_range, "size", "does not fit the words");
  return {};
}

Status check_id(const Record& record) {
  if (record.words.empty()) return {};
  WITAN_TRY(const WordsPtr words, Words::from_flat(record.words));
  if (identity_of(record.receiver, record.type, canonical_of(record.type, *words)) != record.id)
    return fail(ErrorCode::corrupt, "id", "is of another message");
  return {};
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool newer(const Record& a, const Record& b) {
  if (a.state != b.state) return a.state > b.state;
  return a.last != b.last ? a.last > b.last : a.id < b.id;
}

}  // namespace

std::string_view name_of(State state) {
  return state == State::suspect ? "suspect" : "quarantined";
}

Bytes canonical_of(std::uint64_t type, const Words& words) {
  Bytes out;
  const auto refused = kj::runCatchingExceptions([&] {
    capnp::SegmentArrayMessageReader reader(
        words.segments(),
        {.traversalLimitInWords = words.flat_bytes() / 2 + 64, .nestingLimit = 64});
    capnp::MallocMessageBuilder copy(
        static_cast<kj::uint>(std::min<std::size_t>(words.flat_bytes() / 8 + 8, 1U << 20U)));
    copy.setRoot(reader.getRoot<capnp::AnyPointer>().getAs<capnp::AnyStruct>());
    auto root = copy.getRoot<capnp::AnyPointer>().getAs<capnp::AnyStruct>();
    forget_peer(type, root);
    const auto canonical = root.asReader().canonicalize();
    append(out, bytes_of(canonical));
  });
  KJ_IF_MAYBE (error, refused) {
    (void)error;
    out.clear();
    words.append_flat(out);
  }
  return out;
}

Hash32 identity_of(std::string_view receiver, std::uint64_t type, ByteView canonical) {
  static const HashTag tag("quarantine");
  const std::string kind = rt::kind_of_actor(receiver);
  const Bytes head = ByteWriter().prefixed(as_bytes(kind)).u64(type).take();
  return tagged_hash(tag, {head, canonical});
}

Bytes encode(const Record& record) {
  ByteWriter out(record.words.size() + 1024);
  out.raw(as_bytes(magic)).u32(version);
  out.u8(static_cast<std::uint8_t>(record.state)).u8(static_cast<std::uint8_t>(record.kind));
  out.u8(static_cast<std::uint8_t>(record.mailbox)).u32(record.throws);
  out.i64(record.first.ns).i64(record.last.ns).u64(record.type);
  out.u64(record.trace.trace_hi).u64(record.trace.trace_lo).u64(record.trace.span);
  out.raw(record.id.view()).prefixed(as_bytes(record.receiver)).prefixed(as_bytes(record.sender));
  out.u8(static_cast<std::uint8_t>(record.reasons.size()));
  for (const std::string& reason : record.reasons) out.prefixed(as_bytes(reason));
  out.u64(record.size).prefixed(record.words);
  const std::uint32_t crc = crc32c(out.view());
  return out.u32(crc).take();
}

Result<Record> decode(ByteView bytes) {
  if (bytes.size() > file_bytes_max)
    return fail(ErrorCode::too_large, "file", "larger than a message in quarantine may be");
  if (bytes.size() < magic.size() + crc_bytes || as_text(bytes.first(magic.size())) != magic)
    return fail(ErrorCode::corrupt, "magic", "not a message in quarantine");
  const ByteView body = bytes.first(bytes.size() - crc_bytes);
  if (ByteReader(bytes.last(crc_bytes)).u32() != crc32c(body))
    return fail(ErrorCode::corrupt, "checksum", "the file is damaged");
  ByteReader in(body.subspan(magic.size()));
  if (in.u32() != version) return fail(ErrorCode::wrong_version, "version", "is not known");
  Record out;
  out.state = static_cast<State>(in.u8());
  out.kind = static_cast<rt::HopKind>(in.u8());
  out.mailbox = static_cast<rt::MailboxClass>(in.u8());
  out.throws = in.u32();
  out.first.ns = in.i64();
  out.last.ns = in.i64();
  out.type = in.u64();
  out.trace.trace_hi = in.u64();
  out.trace.trace_lo = in.u64();
  out.trace.span = in.u64();
  out.id = in.fixed<Hash32>();
  bool shown = true;  // nothing in it a terminal would obey
  const auto text = [&in, &shown](std::size_t bytes_max) {
    std::string read(as_text(in.prefixed(bytes_max)));
    shown = shown && is_printable(read);
    return read;
  };
  out.receiver = text(path_bytes_max);
  out.sender = text(path_bytes_max);
  const std::size_t reasons = in.u8();
  if (reasons > reasons_max) return fail(ErrorCode::out_of_range, "reasons", "too many");
  for (std::size_t i = 0; i < reasons; ++i) out.reasons.push_back(text(reason_bytes_max));
  out.size = in.u64();
  const ByteView words = in.prefixed(words_bytes_max);
  out.words.assign(words.begin(), words.end());
  if (!in.done() || !shown) return fail(ErrorCode::corrupt, "file", "is not as it was written");
  WITAN_TRY_VOID(check_numbers(out));
  WITAN_TRY_VOID(check_id(out));
  return out;
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string out(text.substr(0, bytes_max));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return out;
}

FilePath quarantine_folder(const FilePath& home) { return home / "quarantine"; }

FilePath file_of(const FilePath& folder, const Hash32& id) {
  return folder / (to_hex(id) + std::string(file_ending));
}

Result<Record> read_record(FileSystem& files, const FilePath& folder, const Hash32& id) {
  WITAN_TRY(const Bytes bytes, read_whole(files, file_of(folder, id), file_bytes_max));
  WITAN_TRY(Record record, decode(bytes));
  if (record.id != id) return fail(ErrorCode::corrupt, "id", "is not that of the file's name");
  return record;
}

Listing read_folder(FileSystem& files, const FilePath& folder, std::size_t files_max) {
  Listing out;
  const auto names = files.list(folder);
  if (!names) {
    if (names.error().code == ErrorCode::not_found) return out;
    out.damages.push_back({folder.filename().string(), names.error()});
    return out;
  }
  std::size_t left = files_max;
  for (const std::string& name : *names) {
    if (!name.ends_with(file_ending)) continue;
    if (left-- == 0) {
      out.damages.push_back({name, {ErrorCode::too_large, "quarantine", "too many files"}});
      break;
    }
    const auto id =
        fixed_from_hex<Hash32>(name.substr(0, name.size() - file_ending.size()), "name");
    auto record = id ? read_record(files, folder, *id) : Result<Record>(fail(id.error()));
    if (record)
      out.records.push_back(std::move(*record));
    else
      out.damages.push_back({printable(name, path_bytes_max), record.error()});
  }
  std::sort(out.records.begin(), out.records.end(), newer);
  return out;
}

Result<Hash32> find_id(const std::vector<Hash32>& ids, std::string_view text) {
  std::string wanted(text);
  std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  if (wanted.size() < digits_min ||
      wanted.find_first_not_of("0123456789abcdef") != std::string::npos)
    return fail(ErrorCode::usage, "ID", "four hex digits or more are needed");
  std::vector<Hash32> found;
  for (const Hash32& id : ids)
    if (to_hex(id).starts_with(wanted)) found.push_back(id);
  if (found.empty()) return fail(ErrorCode::not_found, printable(text, 64), "no such message");
  if (found.size() > 1)
    return fail(ErrorCode::usage, printable(text, 64), "begins the ids of more than one message");
  return found.front();
}

}  // namespace witan::quarantine
