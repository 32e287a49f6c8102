#include "storage/state_store.hpp"

#include "crypto/sign_bytes.hpp"
#include "messages/base/random.hpp"
#include "storage/keys.hpp"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

Hash32 key_of(std::uint64_t n) {
  Hash32 out;
  std::memcpy(out.data.data(), &n, sizeof n);
  return out;
}
const Hash32 chain = key_of(77);

StateWrites random_writes(Random& random) {
  StateWrites out;
  const std::uint64_t count = random.below(20);
  for (std::uint64_t i = 0; i < count; ++i) {
    StateWrite w{static_cast<Module>(random.below(module_count)), key_of(random.below(30)), {}};
    if (random.chance_permille(700))
      w.value = Bytes(random.below(20), static_cast<std::uint8_t>(random.next()));
    out.push_back(std::move(w));
  }
  return out;
}

// A store on a disk that outlives it, with what it must contain.
struct Fixture {
  std::shared_ptr<MemoryDisk> disk = make_memory_disk();
  std::unique_ptr<StateStore> store;
  std::map<std::pair<Module, Hash32>, Bytes> model;
  std::uint64_t height = 0;

  explicit Fixture(StateStoreLimits limits = {}) { open(limits); }
  void open(StateStoreLimits limits = {}) {
    store.reset();
    auto kv = open_memory(disk, "state");
    auto opened = StateStore::open(std::move(kv.value()), chain, limits);
    if (!opened) throw std::runtime_error(opened.error().to_string());
    store = std::move(*opened);
  }
  void step(const StateWrites& writes) {
    const Height next(store->latest() ? ++height : 0);
    auto delta = store->prepare(next, writes);
    if (!delta) throw std::runtime_error(delta.error().to_string());
    const auto done = store->commit(std::move(*delta), key_of(next.get()), Durability::buffered);
    if (!done) throw std::runtime_error(done.error().to_string());
    for (const StateWrite& w : writes) {
      if (w.value)
        model[{w.module, w.key}] = *w.value;
      else
        model.erase({w.module, w.key});
    }
  }
};

std::size_t count_of(const Fixture& f, std::uint8_t prefix) {
  auto kv = open_memory(f.disk, "state");
  std::size_t n = 0;
  const Bytes key{prefix};
  const auto done = (*kv)->scan(KeyRange::prefix(key), Direction::forward, [&](auto, auto) {
    ++n;
    return true;
  });
  BOOST_REQUIRE(done.has_value());
  return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_store)

WITAN_PROPERTY(store_agrees_with_a_map_across_restarts_and_proves_everything, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  StateStoreLimits limits;
  limits.retain_versions = 1 + random.below(4);
  if (random.chance_permille(300)) limits.node_cache_bytes = limits.value_cache_bytes = 0;
  Fixture f(limits);
  for (int i = 0; i < 12; ++i) {
    f.step(random_writes(random));
    if (random.chance_permille(250)) f.open(limits);
  }
  RC_ASSERT(f.store->latest()->height == Height(f.height));
  const auto whole = f.store->verify_integrity();
  RC_ASSERT(whole.has_value());
  for (std::size_t m = 0; m < module_count; ++m)
    for (std::uint64_t n = 0; n < 30; ++n) {
      const auto module = static_cast<Module>(m);
      const auto it = f.model.find({module, key_of(n)});
      const auto expected = it == f.model.end() ? std::nullopt : std::optional(it->second);
      RC_ASSERT(f.store->get(module, key_of(n)).value() == expected);
      const auto proof = f.store->prove(module, key_of(n));
      RC_ASSERT(proof.has_value());
      RC_ASSERT(verify_proof(f.store->latest()->roots[m].hash, key_of(n),
                             expected ? std::optional<ByteView>(*expected) : std::nullopt, *proof)
                    .has_value());
    }
});

WITAN_PROPERTY(heights_that_are_taken_back_leave_exactly_the_state_before_them, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  StateStoreLimits limits;
  limits.retain_versions = 2 + random.below(6);
  Fixture f(limits);
  std::vector<std::map<std::pair<Module, Hash32>, Bytes>> models;
  std::vector<StateMeta> metas;
  std::vector<StateWrites> writes;
  const std::uint64_t top = 4 + random.below(12);
  for (std::uint64_t h = 0; h <= top; ++h) {
    writes.push_back(random_writes(random));
    f.step(writes.back());
    models.push_back(f.model);
    metas.push_back(*f.store->latest());
    if (random.chance_permille(200)) f.open(limits);
  }
  const auto lowest = f.store->roll_back_min();
  RC_ASSERT(lowest.has_value());
  RC_ASSERT(lowest->get() == (top < limits.retain_versions ? 0 : top - limits.retain_versions + 1));
  const std::uint64_t to = lowest->get() + random.below(top - lowest->get() + 1);
  if (lowest->get() > 0) {
    const auto refused = f.store->roll_back(*lowest - 1);
    RC_ASSERT((!refused && refused.error().code == ErrorCode::pruned));
    RC_ASSERT(*f.store->latest() == metas[top]);
  }
  RC_ASSERT(f.store->roll_back(Height(to)).has_value());
  f.open(limits);
  RC_ASSERT(*f.store->latest() == metas[to]);
  RC_ASSERT(f.store->verify_integrity().has_value());
  std::size_t values = 0;
  for (std::size_t m = 0; m < module_count; ++m)
    RC_ASSERT(f.store
                  ->for_each(static_cast<Module>(m),
                             [&](const Hash32& key, ByteView value) {
                               const auto it = models[to].find({static_cast<Module>(m), key});
                               values += it != models[to].end() &&
                                                 std::equal(value.begin(), value.end(),
                                                            it->second.begin(), it->second.end())
                                             ? 1U
                                             : 1000U;
                               return true;
                             })
                  .has_value());
  RC_ASSERT(values == models[to].size());
  // And forward again, to the same roots.
  f.height = to;
  f.model = models[to];
  for (std::uint64_t h = to + 1; h <= top; ++h) {
    f.step(writes[h]);
    RC_ASSERT(*f.store->latest() == metas[h]);
  }
  RC_ASSERT(f.store->verify_integrity().has_value());
});

BOOST_AUTO_TEST_CASE(records_of_what_a_height_changed_do_not_pile_up) {
  StateStoreLimits limits;
  limits.retain_versions = 3;
  Fixture f(limits);
  for (std::uint64_t i = 0; i < 40; ++i)
    f.step({{Module::accounts, key_of(i % 3), Bytes{static_cast<std::uint8_t>(i)}}});
  BOOST_CHECK_EQUAL(*f.store->roll_back_min(), Height(37));
  WITAN_CHECK_ERROR(f.store->roll_back(Height(40)), ErrorCode::out_of_range);
  f.store.reset();
  BOOST_CHECK_EQUAL(count_of(f, keys::state_undo), 2U);
}

BOOST_AUTO_TEST_CASE(a_prepared_delta_changes_nothing_until_it_is_committed) {
  Fixture f;
  f.step({{Module::accounts, key_of(1), Bytes{1}}});
  const auto before = f.store->latest();
  auto a = f.store->prepare(Height(1), {{Module::accounts, key_of(1), Bytes{2}}});
  auto b = f.store->prepare(Height(1), {{Module::accounts, key_of(1), Bytes{3}}});
  WITAN_REQUIRE_OK(a);
  WITAN_REQUIRE_OK(b);
  BOOST_CHECK(f.store->latest() == before);
  BOOST_CHECK(f.store->get(Module::accounts, key_of(1)).value() == Bytes{1});
  BOOST_CHECK(a->state_root != b->state_root);
  WITAN_REQUIRE_OK(f.store->commit(std::move(*b), key_of(9), Durability::synced));
  BOOST_CHECK(f.store->get(Module::accounts, key_of(1)).value() == Bytes{3});
  WITAN_CHECK_ERROR(f.store->commit(std::move(*a), key_of(8), Durability::synced),
                    ErrorCode::wrong_height);
  BOOST_CHECK_EQUAL(f.store->latest()->block_id, key_of(9));
  BOOST_CHECK_EQUAL(f.store->latest()->state_root,
                    state_root(module_roots_of(f.store->latest()->roots)));
}

BOOST_AUTO_TEST_CASE(heights_are_committed_one_after_the_other) {
  Fixture f;
  f.step({});
  f.step({});
  WITAN_CHECK_ERROR(f.store->prepare(Height(1), {}), ErrorCode::wrong_height);
  WITAN_CHECK_ERROR(f.store->prepare(Height(3), {}), ErrorCode::wrong_height);
  WITAN_REQUIRE_OK(f.store->prepare(Height(2), {}));
}

BOOST_AUTO_TEST_CASE(the_state_of_another_chain_is_refused) {
  Fixture f;
  f.step({});
  f.store.reset();
  auto kv = open_memory(f.disk, "state");
  WITAN_CHECK_ERROR(StateStore::open(std::move(*kv), key_of(78)), ErrorCode::wrong_chain);
}

BOOST_AUTO_TEST_CASE(old_nodes_are_pruned_and_the_retained_stay) {
  StateStoreLimits limits;
  limits.retain_versions = 2;
  Fixture f(limits);
  for (std::uint64_t i = 0; i < 40; ++i)
    f.step({{Module::accounts, key_of(i % 3), Bytes{static_cast<std::uint8_t>(i)}}});
  f.store.reset();
  // Three leaves: few live nodes, one version of stale ones.
  BOOST_CHECK_LE(count_of(f, keys::tree_node), 8U);
  BOOST_CHECK_LE(count_of(f, keys::stale_node), 2U);
}

BOOST_AUTO_TEST_CASE(damage_to_a_value_or_a_node_is_found) {
  for (const std::uint8_t prefix : {keys::tree_value, keys::tree_node}) {
    Fixture f;
    StateWrites writes;
    for (std::uint64_t i = 0; i < 50; ++i)
      writes.push_back({Module::accounts, key_of(i), Bytes{1}});
    f.step(writes);
    f.store.reset();
    {
      auto kv = open_memory(f.disk, "state");
      auto entry = (*kv)->first(KeyRange::prefix(Bytes{prefix}), Direction::forward);
      BOOST_REQUIRE(entry.has_value() && entry->has_value());
      (*entry)->value.back() ^= 1;
      WITAN_REQUIRE_OK((*kv)->put((*entry)->key, (*entry)->value, Durability::buffered));
    }
    f.open();
    const auto found = f.store->verify_integrity();
    WITAN_CHECK_ERROR(
        found, prefix == keys::tree_value ? ErrorCode::state_root_mismatch : ErrorCode::corrupt);
  }
}

BOOST_AUTO_TEST_CASE(for_each_visits_every_key_of_the_module_once) {
  Fixture f;
  StateWrites writes;
  for (std::uint64_t i = 0; i < 50; ++i) writes.push_back({Module::accounts, key_of(i), Bytes{5}});
  writes.push_back({Module::validators, key_of(1), Bytes{6}});
  f.step(writes);
  std::set<Hash32> seen;
  WITAN_REQUIRE_OK(f.store->for_each(Module::accounts, [&](const Hash32& key, ByteView value) {
    seen.insert(key);
    return value.size() == 1 && value[0] == 5;
  }));
  BOOST_CHECK_EQUAL(seen.size(), 50U);
}

BOOST_AUTO_TEST_SUITE_END()
