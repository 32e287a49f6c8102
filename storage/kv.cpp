#include "storage/kv.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan {
namespace {
bool less(ByteView a, ByteView b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}
}  // namespace

KeyRange KeyRange::prefix(ByteView prefix) {
  KeyRange range{Bytes(prefix.begin(), prefix.end()), Bytes(prefix.begin(), prefix.end())};
  // The first key above all keys with this prefix: increment the last byte that can be.
  while (!range.end.empty() && range.end.back() == 0xff) range.end.pop_back();
  if (!range.end.empty()) ++range.end.back();
  return range;
}

bool KeyRange::contains(ByteView key) const {
  return !less(key, begin) && (end.empty() || less(key, end));
}

void WriteBatch::put(ByteView key, ByteView value) {
  WITAN_CHECK(key.size() <= UINT32_MAX && value.size() <= UINT32_MAX, key.size(), value.size());
  operations_.push_back(
      {true, static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size())});
  append(data_, key);
  append(data_, value);
}

void WriteBatch::erase(ByteView key) {
  WITAN_CHECK(key.size() <= UINT32_MAX, key.size());
  operations_.push_back({false, static_cast<std::uint32_t>(key.size()), 0});
  append(data_, key);
}

void WriteBatch::clear() {
  operations_.clear();
  data_.clear();
}

Status KvStore::scan(const KeyRange& range, Direction direction, const Visitor& visit) const {
  const auto it = iterate(range, direction);
  for (; it->valid(); it->next()) {
    if (!visit(it->key(), it->value())) break;
  }
  return it->status();
}

Result<std::optional<KvStore::Entry>> KvStore::first(const KeyRange& range,
                                                     Direction direction) const {
  std::optional<Entry> found;
  WITAN_TRY_VOID(scan(range, direction, [&](ByteView key, ByteView value) {
    found = Entry{Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())};
    return false;
  }));
  return found;
}

Status KvStore::put(ByteView key, ByteView value, Durability durability) {
  WriteBatch batch;
  batch.put(key, value);
  return write(batch, durability);
}

}  // namespace witan
