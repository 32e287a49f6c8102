#include "storage/state_store.hpp"

#include <algorithm>

#include "crypto/sign_bytes.hpp"
#include "messages/base/check.hpp"
#include "messages/base/codec_bytes.hpp"
#include "storage/bounded_cache.hpp"
#include "storage/keys.hpp"

namespace witan {
namespace {

constexpr std::string_view meta_name = "latest";
constexpr std::uint32_t meta_version = 1;
// A commit removes the stale nodes of at most this many versions, so that
// lowering retain_versions is paid off over many commits instead of stalling
// one.
constexpr std::size_t prune_versions_per_commit_max = 4;

Bytes meta_key() { return keys::with_prefix(keys::state_meta, as_bytes(meta_name)); }

Bytes node_column_key(const NodeKey& key) {
  Bytes out;
  out.reserve(1 + node_key_bytes_max);
  out.push_back(keys::tree_node);
  key.append_to(out);
  return out;
}

Bytes value_column_key(Module module, const Hash32& key_hash) {
  Bytes out;
  out.reserve(34);
  out.push_back(keys::tree_value);
  out.push_back(static_cast<std::uint8_t>(module));
  append(out, key_hash.view());
  return out;
}

Bytes encode(const StateMeta& meta) {
  ByteWriter out(512);
  out.u32(meta_version).raw(meta.chain_id.view()).u64(meta.height.get());
  out.raw(meta.block_id.view()).raw(meta.state_root.view());
  for (const TreeRoot& root : meta.roots) out.raw(root.hash.view()).u64(root.version);
  return out.take();
}

Result<StateMeta> decode_meta(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint32_t version = in.u32();
  StateMeta out;
  out.chain_id = in.fixed<Hash32>();
  out.height = Height(in.u64());
  out.block_id = in.fixed<BlockId>();
  out.state_root = in.fixed<Hash32>();
  for (TreeRoot& root : out.roots) {
    root.hash = in.fixed<Hash32>();
    root.version = in.u64();
  }
  if (!in.done() || version != meta_version)
    return fail(ErrorCode::corrupt, "state.db/meta", "not a state meta record of this version");
  if (state_root(module_roots_of(out.roots)) != out.state_root)
    return fail(ErrorCode::corrupt, "state.db/meta", "state root does not match the module roots");
  return out;
}

struct NodeKeyHash {
  std::size_t operator()(const NodeKey& key) const noexcept {
    std::uint64_t words[4];
    std::memcpy(words, key.path.packed.data(), sizeof words);
    std::uint64_t h = key.version * 0x9e3779b97f4a7c15ULL;
    h ^= static_cast<std::uint64_t>(key.module) << 8U | key.path.count;
    for (const std::uint64_t w : words) h = (h ^ w) * 0xff51afd7ed558ccdULL, h ^= h >> 32U;
    return static_cast<std::size_t>(h);
  }
};

struct ValueKey {
  Module module = Module::accounts;
  Hash32 key_hash;
  bool operator==(const ValueKey&) const = default;
};
struct ValueKeyHash {
  std::size_t operator()(const ValueKey& key) const noexcept {
    return std::hash<Hash32>{}(key.key_hash) ^ static_cast<std::size_t>(key.module);
  }
};

}  // namespace

ModuleRoots module_roots_of(const TreeRoots& roots) {
  ModuleRoots out;
  for (std::size_t i = 0; i < module_count; ++i) out[i] = roots[i].hash;
  return out;
}

struct StateStore::Caches {
  explicit Caches(const StateStoreLimits& limits)
      : nodes(limits.node_cache_bytes), values(limits.value_cache_bytes) {}
  BoundedCache<NodeKey, TreeNodePtr, NodeKeyHash> nodes;
  BoundedCache<ValueKey, std::optional<Bytes>, ValueKeyHash> values;
  Metrics metrics;
};

// Nodes of committed versions: cache, then LevelDB.
class StateStore::Reader final : public NodeReader {
 public:
  // `use_cache` false: integrity checks read what is on disk.
  explicit Reader(const StateStore& store, bool use_cache = true)
      : store_(store), use_cache_(use_cache) {}

  Result<TreeNodePtr> read(const NodeKey& key) const override {
    if (use_cache_) {
      const std::lock_guard lock(store_.mutex_);
      if (const TreeNodePtr* hit = store_.caches_->nodes.find(key)) {
        ++store_.caches_->metrics.node_hits;
        return *hit;
      }
      ++store_.caches_->metrics.node_misses;
    }
    WITAN_TRY(auto bytes, store_.store_->get(node_column_key(key)));
    if (!bytes) return absent(key);
    WITAN_TRY(TreeNode node, TreeNode::decode(*bytes));
    auto out = std::make_shared<const TreeNode>(std::move(node));
    if (use_cache_) {
      const std::lock_guard lock(store_.mutex_);
      store_.caches_->nodes.put(key, out, out->memory_bytes());
    }
    return out;
  }

 private:
  tl::unexpected<Error> absent(const NodeKey& key) const {
    const auto latest = store_.latest();
    const bool old = latest && key.version + store_.limits_.retain_versions <= latest->height.get();
    if (old) return fail(ErrorCode::pruned, "tree_node", "this version is no longer kept");
    return fail(ErrorCode::corrupt, "tree_node", "a node of the state tree is missing");
  }
  const StateStore& store_;
  bool use_cache_;
};

StateStore::StateStore(std::unique_ptr<KvStore> store, const Hash32& chain_id,
                       StateStoreLimits limits)
    : store_(std::move(store)),
      chain_id_(chain_id),
      limits_(limits),
      caches_(std::make_unique<Caches>(limits)) {}
StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(std::unique_ptr<KvStore> store,
                                                     const Hash32& chain_id,
                                                     StateStoreLimits limits) {
  limits.retain_versions = std::max<std::uint64_t>(limits.retain_versions, 1);
  std::unique_ptr<StateStore> out(new StateStore(std::move(store), chain_id, limits));
  WITAN_TRY(auto bytes, out->store_->get(meta_key()));
  if (bytes) {
    WITAN_TRY(out->latest_, decode_meta(*bytes));
    if (out->latest_->chain_id != chain_id)
      return fail(ErrorCode::wrong_chain, "state.db",
                  "the state belongs to another chain than genesis.json: put the chain's own "
                  "genesis back, or choose another --home");
  }
  return out;
}

std::optional<StateMeta> StateStore::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

Result<std::optional<Bytes>> StateStore::get(Module module, const Hash32& key) const {
  return value_of(module, state_key_hash(key));
}

Result<std::optional<Bytes>> StateStore::value_of(Module module, const Hash32& key_hash) const {
  const ValueKey cache_key{module, key_hash};
  std::optional<Height> seen;
  {
    const std::lock_guard lock(mutex_);
    if (const auto* hit = caches_->values.find(cache_key)) return *hit;
    if (latest_) seen = latest_->height;
  }
  WITAN_TRY(auto record, store_->get(value_column_key(module, cache_key.key_hash)));
  std::optional<Bytes> value;
  if (record) {
    if (record->size() < 32) return fail(ErrorCode::corrupt, "state.db/value", "record too short");
    value.emplace(record->begin() + 32, record->end());
  }
  const std::lock_guard lock(mutex_);
  // A commit may have passed meanwhile: only a value read from the current
  // state may be cached.
  if (latest_ && seen == latest_->height)
    caches_->values.put(cache_key, value, value ? value->capacity() : 0);
  return value;
}

Status StateStore::for_each(Module module, const Visitor& visit) const {
  const Bytes prefix{keys::tree_value, static_cast<std::uint8_t>(module)};
  bool damaged = false;
  WITAN_TRY_VOID(store_->scan(
      KeyRange::prefix(prefix), Direction::forward, [&](ByteView key, ByteView record) {
        damaged = key.size() != 34 || record.size() < 32;
        return !damaged && visit(Hash32::from(record.first(32)), record.subspan(32));
      }));
  if (damaged) return fail(ErrorCode::corrupt, "state.db/value", "record has a wrong size");
  return {};
}

Result<StateProof> StateStore::prove(Module module, const Hash32& key) const {
  const auto meta = latest();
  if (!meta) return fail(ErrorCode::not_found, "state.db", "there is no state yet");
  return witan::prove(Reader(*this), module, meta->roots[static_cast<std::size_t>(module)],
                      state_key_hash(key));
}

namespace {

// Sorted by (module, key hash), the last write of a key kept.
std::vector<PreparedDelta::Value> hashed_and_sorted(const StateWrites& writes) {
  struct Place {
    Module module;
    Hash32 key_hash;
    std::size_t index;
    auto operator<=>(const Place&) const = default;
  };
  std::vector<Place> places;
  places.reserve(writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i)
    places.push_back({writes[i].module, state_key_hash(writes[i].key), i});
  std::sort(places.begin(), places.end());
  std::vector<PreparedDelta::Value> values;
  values.reserve(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place& p = places[i];
    const bool last = i + 1 == places.size() || places[i + 1].module != p.module ||
                      places[i + 1].key_hash != p.key_hash;
    if (!last) continue;
    const StateWrite& w = writes[p.index];
    values.push_back({p.module, p.key_hash, w.key, w.value});
  }
  return values;
}

}  // namespace

Result<PreparedDelta> StateStore::prepare(Height height, const StateWrites& writes) const {
  const auto meta = latest();
  if (meta && height != meta->height + 1 && meta->height != Height(0))
    return fail(ErrorCode::wrong_height, "height", "not the height after the latest");
  if (meta && height <= meta->height)
    return fail(ErrorCode::wrong_height, "height", "this height is committed already");
  PreparedDelta out;
  out.base = meta ? meta->height : Height(0);
  out.height = height;
  if (meta) out.roots = meta->roots;
  out.values = hashed_and_sorted(writes);
  const Reader reader(*this);
  std::vector<TreeUpdate> updates;
  for (std::size_t lo = 0; lo < out.values.size();) {
    const Module module = out.values[lo].module;
    updates.clear();
    for (; lo < out.values.size() && out.values[lo].module == module; ++lo) {
      const auto& v = out.values[lo];
      updates.push_back(
          {v.key_hash, v.value ? std::optional(state_value_hash(*v.value)) : std::nullopt});
    }
    TreeRoot& root = out.roots[static_cast<std::size_t>(module)];
    WITAN_TRY(TreeDelta tree, apply(reader, module, root, height.get(), updates));
    root = tree.root;
    out.trees.push_back(std::move(tree));
  }
  out.state_root = state_root(module_roots_of(out.roots));
  return out;
}

Status StateStore::commit(PreparedDelta delta, const BlockId& block_id, Durability durability) {
  const auto before = latest();
  if ((before ? before->height : Height(0)) != delta.base || (before && delta.height <= delta.base))
    return fail(ErrorCode::wrong_height, "delta.base", "prepared on another height");
  StateMeta meta{chain_id_, delta.height, block_id, delta.roots, delta.state_root};
  WriteBatch batch;
  if (before) WITAN_TRY_VOID(add_undo(batch, *before, delta));
  Bytes stale;
  for (const TreeDelta& tree : delta.trees) {
    for (const auto& [key, node] : tree.nodes) batch.put(node_column_key(key), node->encode());
    for (const NodeKey& key : tree.stale) {
      const std::size_t at = stale.size();
      stale.push_back(0);
      key.append_to(stale);
      stale[at] = static_cast<std::uint8_t>(stale.size() - at - 1);
    }
  }
  Bytes record;
  for (const PreparedDelta::Value& v : delta.values) {
    const Bytes key = value_column_key(v.module, v.key_hash);
    if (!v.value) {
      batch.erase(key);
      continue;
    }
    record.assign(v.key.data.begin(), v.key.data.end());
    append(record, *v.value);
    batch.put(key, record);
  }
  if (!stale.empty()) batch.put(keys::at_height(keys::stale_node, delta.height), stale);
  WITAN_TRY_VOID(add_pruning(batch, delta.height));
  batch.put(meta_key(), encode(meta));
  WITAN_TRY_VOID(store_->write(batch, durability));
  publish(std::move(delta), std::move(meta));
  return {};
}

// Nodes stale since version v serve versions below v only: they go once v is
// the oldest kept.
Status StateStore::add_pruning(WriteBatch& batch, Height height) const {
  if (height.get() < limits_.retain_versions) return {};
  const std::uint64_t oldest_kept = height.get() - limits_.retain_versions + 1;
  const KeyRange range = KeyRange::between(keys::numbered(keys::stale_node, 0),
                                           keys::numbered(keys::stale_node, oldest_kept + 1));
  std::size_t versions = 0;
  bool damaged = false;
  Bytes node_key;
  WITAN_TRY_VOID(store_->scan(range, Direction::forward, [&](ByteView key, ByteView list) {
    while (!list.empty() && !damaged) {
      const std::size_t n = list[0];
      damaged = n + 1 > list.size();
      if (damaged) break;
      node_key.assign(1, keys::tree_node);
      append(node_key, list.subspan(1, n));
      batch.erase(node_key);
      list = list.subspan(n + 1);
    }
    batch.erase(key);
    return !damaged && ++versions < prune_versions_per_commit_max;
  }));
  if (damaged) return fail(ErrorCode::corrupt, "state.db/stale", "list of stale nodes is damaged");
  // Taking back the oldest kept version would need the one before it.
  batch.erase(keys::numbered(keys::state_undo, oldest_kept));
  return {};
}

// ---- taking back
//
//   undo  := meta_bytes u32 | meta record | entry*
//   entry := module u8 | key hash (32) | 0 if there was no value, else 1 | key (32) | value,
//   u32-prefixed

Status StateStore::add_undo(WriteBatch& batch, const StateMeta& before,
                            const PreparedDelta& delta) const {
  if (limits_.retain_versions < 2) return {};
  const Bytes meta = encode(before);
  ByteWriter out(meta.size() + 8 + delta.values.size() * 112);
  out.prefixed(meta);
  for (const PreparedDelta::Value& v : delta.values) {
    WITAN_TRY(const auto value, value_of(v.module, v.key_hash));
    out.u8(static_cast<std::uint8_t>(v.module)).raw(v.key_hash.view()).u8(value ? 1 : 0);
    if (value) out.raw(v.key.view()).prefixed(*value);
  }
  batch.put(keys::at_height(keys::state_undo, delta.height), out.view());
  return {};
}

Result<Height> StateStore::roll_back_min() const {
  const auto meta = latest();
  if (!meta) return Height(0);
  std::uint64_t reached = meta->height.get();
  const KeyRange range = KeyRange::between(keys::numbered(keys::state_undo, 0),
                                           keys::numbered(keys::state_undo, reached + 1));
  WITAN_TRY_VOID(store_->scan(range, Direction::backward, [&](ByteView key, ByteView undo) {
    ByteReader in(undo);
    const auto before = decode_meta(in.prefixed(4096));
    if (key.size() != 9 || keys::read_u64_be(key.subspan(1)) != reached || !before) return false;
    reached = before->height.get();
    return true;
  }));
  return Height(reached);
}

Status StateStore::roll_back(Height to) {
  const auto meta = latest();
  if (!meta || to > meta->height)
    return fail(ErrorCode::out_of_range, "height",
                "the state is at " + std::to_string(meta ? meta->height.get() : 0));
  WITAN_TRY(const Height lowest, roll_back_min());
  if (to < lowest)
    return fail(ErrorCode::pruned, "state.db",
                "the lowest height that is still kept is " + std::to_string(lowest.get()));
  while (latest()->height > to) WITAN_TRY_VOID(take_back());
  if (latest()->height == to) return {};
  return fail(ErrorCode::out_of_range, "height",
              "no state of this height was ever there; the state is now at " +
                  std::to_string(latest()->height.get()));
}

// One height, in one batch with the meta record: power lost in between leaves a whole state.
Status StateStore::take_back() {
  const auto damaged = [] {
    return fail(ErrorCode::corrupt, "state.db/undo", "the record of a height is damaged");
  };
  const Height height = latest()->height;
  WITAN_TRY(const auto undo, store_->get(keys::at_height(keys::state_undo, height)));
  if (!undo) return damaged();
  ByteReader in{ByteView(*undo)};
  WITAN_TRY(StateMeta before, decode_meta(in.prefixed(4096)));
  if (before.height >= height) return damaged();
  WriteBatch batch;
  Bytes record;
  while (in.left() > 0 && !in.failed()) {
    const auto module = static_cast<Module>(in.u8());
    const auto key_hash = in.fixed<Hash32>();
    const Bytes key = value_column_key(module, key_hash);
    if (in.u8() == 0) {
      batch.erase(key);
      continue;
    }
    const ByteView key_bytes = in.raw(32);
    const ByteView value = in.prefixed(undo->size());
    record.assign(key_bytes.begin(), key_bytes.end());
    append(record, value);
    batch.put(key, record);
  }
  if (in.failed()) return damaged();
  // The nodes this height made; what it made stale is in use again, and was not removed yet.
  for (std::size_t m = 0; m < module_count; ++m) {
    Bytes prefix = keys::with_prefix(keys::tree_node, Bytes{static_cast<std::uint8_t>(m)});
    keys::append_u64_be(prefix, height.get());
    WITAN_TRY_VOID(
        store_->scan(KeyRange::prefix(prefix), Direction::forward, [&](ByteView key, ByteView) {
          batch.erase(key);
          return true;
        }));
  }
  batch.erase(keys::at_height(keys::stale_node, height));
  batch.erase(keys::at_height(keys::state_undo, height));
  batch.put(meta_key(), encode(before));
  WITAN_TRY_VOID(store_->write(batch, Durability::synced));
  const std::lock_guard lock(mutex_);
  latest_ = std::move(before);
  caches_ = std::make_unique<Caches>(limits_);
  return {};
}

void StateStore::publish(PreparedDelta delta, StateMeta meta) {
  const std::lock_guard lock(mutex_);
  latest_ = std::move(meta);
  for (TreeDelta& tree : delta.trees) {
    for (const NodeKey& key : tree.stale) caches_->nodes.erase(key);
    for (auto& [key, node] : tree.nodes) {
      const std::size_t bytes = node->memory_bytes();
      caches_->nodes.put(key, std::move(node), bytes);
    }
  }
  for (PreparedDelta::Value& v : delta.values) {
    const std::size_t bytes = v.value ? v.value->capacity() : 0;
    caches_->values.put({v.module, v.key_hash}, std::move(v.value), bytes);
  }
}

Status StateStore::verify_integrity() const {
  const auto meta = latest();
  if (!meta) return {};
  for (std::size_t i = 0; i < module_count; ++i) WITAN_TRY_VOID(verify_module(*meta, i));
  return {};
}

Status StateStore::verify_module(const StateMeta& meta, std::size_t module) const {
  // One bucket per first byte of the key hash keeps memory at 1/256 of the
  // leaves.
  std::array<SubtreeHash, 256> tops;
  std::vector<std::pair<Hash32, Hash32>> leaves;
  for (unsigned top = 0; top < 256; ++top) {
    const Bytes prefix{keys::tree_value, static_cast<std::uint8_t>(module),
                       static_cast<std::uint8_t>(top)};
    leaves.clear();
    bool damaged = false;
    WITAN_TRY_VOID(store_->scan(
        KeyRange::prefix(prefix), Direction::forward, [&](ByteView key, ByteView record) {
          damaged = key.size() != 34 || record.size() < 32 ||
                    state_key_hash(Hash32::from(record.first(32))) != Hash32::from(key.subspan(2));
          if (damaged) return false;
          leaves.emplace_back(Hash32::from(key.subspan(2)), state_value_hash(record.subspan(32)));
          return true;
        }));
    if (damaged) return fail(ErrorCode::corrupt, "state.db/value", "record has a wrong key");
    tops[top] = hash_of_leaves(leaves, 8);
  }
  for (std::size_t width = 256; width > 1; width /= 2)
    for (std::size_t i = 0; i < width / 2; ++i) tops[i] = join(tops[2 * i], tops[2 * i + 1]);
  if (tops[0].hash != meta.roots[module].hash)
    return fail(ErrorCode::state_root_mismatch, "module." + std::to_string(module),
                "the values do not give the recorded root; restore from a "
                "backup or snapshot");
  return verify_nodes(Reader(*this, false), static_cast<Module>(module), meta.roots[module]);
}

StateStore::Metrics StateStore::metrics() const {
  const std::lock_guard lock(mutex_);
  Metrics out = caches_->metrics;
  out.cache_bytes = caches_->nodes.bytes() + caches_->values.bytes();
  return out;
}

}  // namespace witan
