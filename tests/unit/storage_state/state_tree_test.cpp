#include "tests/support/property.hpp"
#include "tests/unit/storage_state/tree_model.hpp"

using namespace witan;
using namespace witan::test;

namespace {

using Changes = std::map<Hash32, std::optional<Hash32>>;

std::vector<TreeUpdate> updates_of(const Changes& changes) {
  std::vector<TreeUpdate> out;
  for (const auto& [key, value] : changes) out.push_back({key, value});
  return out;
}

// A tree with its reader and its model, moved forward together.
struct Fixture {
  MapReader reader;
  Model model;
  TreeRoot root;
  std::uint64_t version = 0;

  TreeDelta step(const Changes& changes) {
    auto delta = witan::apply(reader, Module::accounts, root, ++version, updates_of(changes));
    if (!delta) throw std::runtime_error(delta.error().to_string());
    reader.take(*delta);
    root = delta->root;
    for (const auto& [key, value] : changes) {
      if (value)
        model[key] = *value;
      else
        model.erase(key);
    }
    return std::move(*delta);
  }
};

Changes random_changes(Random& random, std::uint64_t keys, bool spread) {
  Changes out;
  const std::uint64_t count = random.below(12);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Hash32 key = model_key(random.below(keys), spread);
    if (random.chance_permille(350))
      out[key] = std::nullopt;
    else
      out[key] = model_value(random.below(4));
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_tree)

BOOST_AUTO_TEST_CASE(an_empty_tree_has_the_zero_root_and_proves_absence) {
  MapReader reader;
  const auto delta = witan::apply(reader, Module::accounts, {}, 1, {});
  WITAN_REQUIRE_OK(delta);
  BOOST_CHECK(delta->root.empty());
  BOOST_CHECK(delta->nodes.empty());
  const auto proof = prove(reader, Module::accounts, {}, model_key(1, true));
  WITAN_REQUIRE_OK(proof);
  BOOST_CHECK(proof->siblings.empty() && !proof->leaf);
}

BOOST_AUTO_TEST_CASE(one_key_hashes_as_its_leaf_and_its_removal_empties_the_tree) {
  Fixture f;
  f.step({{model_key(1, true), model_value(7)}});
  BOOST_CHECK_EQUAL(f.root.hash, tree_leaf_hash(model_key(1, true), model_value(7)));
  const auto delta = f.step({{model_key(1, true), std::nullopt}});
  BOOST_CHECK(f.root.empty());
  BOOST_CHECK_EQUAL(delta.stale.size(), 1U);
}

WITAN_PROPERTY(root_equals_full_recomputation_and_stale_nodes_are_never_read_again, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const bool spread = random.chance_permille(500);
  Fixture f;
  for (int i = 0; i < 20; ++i) {
    const TreeDelta delta = f.step(random_changes(random, 40, spread));
    f.reader.drop(delta.stale);
    RC_ASSERT(f.root.hash == model_root(f.model));
    RC_ASSERT(verify_nodes(f.reader, Module::accounts, f.root).has_value());
  }
  // Nothing is left behind: the stored nodes are exactly those the root reaches.
  std::size_t before = f.reader.nodes.size();
  Changes all;
  for (const auto& [key, value] : f.model) all[key] = std::nullopt;
  const TreeDelta last = f.step(all);
  f.reader.drop(last.stale);
  RC_ASSERT(last.stale.size() == before);
  RC_ASSERT(f.reader.nodes.empty());
});

WITAN_PROPERTY(root_does_not_depend_on_how_updates_are_batched, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const bool spread = random.chance_permille(500);
  Fixture one_by_one;
  Fixture at_once;
  Changes total;
  for (int i = 0; i < 30; ++i) {
    const Hash32 key = model_key(random.below(25), spread);
    const std::optional<Hash32> value =
        random.chance_permille(300) ? std::nullopt : std::optional(model_value(random.below(9)));
    one_by_one.step({{key, value}});
    total[key] = value;
  }
  at_once.step(total);
  RC_ASSERT(one_by_one.root.hash == at_once.root.hash);
});

WITAN_PROPERTY(an_update_to_the_same_values_writes_nothing, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Fixture f;
  f.step(random_changes(random, 40, true));
  Changes same;
  for (const auto& [key, value] : f.model) same[key] = value;
  same[model_key(1000, true)] = std::nullopt;
  const TreeRoot before = f.root;
  const TreeDelta delta = f.step(same);
  RC_ASSERT((delta.nodes.empty() && delta.stale.empty()));
  RC_ASSERT(delta.root == before);
});

WITAN_PROPERTY(old_versions_stay_readable_until_their_stale_nodes_are_dropped, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Fixture f;
  std::vector<std::pair<TreeRoot, Model>> history;
  for (int i = 0; i < 8; ++i) {
    f.step(random_changes(random, 30, true));
    history.emplace_back(f.root, f.model);
  }
  for (const auto& [root, model] : history)
    for (std::uint64_t n = 0; n < 30; ++n) {
      const Hash32 key = model_key(n, true);
      const auto found = find(f.reader, Module::accounts, root, key);
      RC_ASSERT(found.has_value());
      const auto it = model.find(key);
      RC_ASSERT(*found == (it == model.end() ? std::nullopt : std::optional(it->second)));
    }
});

namespace {
// Values whose hash is the model's: proofs are checked through the public function on raw values.
Bytes raw_value(std::uint64_t n) { return Bytes(n % 40, static_cast<std::uint8_t>(n)); }
Hash32 raw_key(std::uint64_t n) { return model_key(n, false); }
}  // namespace

WITAN_PROPERTY(every_key_has_a_proof_of_what_holds_and_of_nothing_else, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Fixture f;
  std::map<std::uint64_t, std::uint64_t> values;
  Changes changes;
  const std::uint64_t count = random.below(60);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t n = random.below(100);
    values[n] = random.below(1000);
    changes[state_key_hash(raw_key(n))] = state_value_hash(raw_value(values[n]));
  }
  f.step(changes);
  for (std::uint64_t n = 0; n < 100; ++n) {
    const auto proof = prove(f.reader, Module::accounts, f.root, state_key_hash(raw_key(n)));
    RC_ASSERT(proof.has_value());
    const auto decoded = StateProof::decode(proof->encode());
    RC_ASSERT((decoded.has_value() && *decoded == *proof));
    const auto it = values.find(n);
    const Bytes wrong{1, 2, 3, 250};
    RC_ASSERT(!verify_proof(f.root.hash, raw_key(n), wrong, *proof));
    if (it == values.end()) {
      RC_ASSERT(verify_proof(f.root.hash, raw_key(n), std::nullopt, *proof).has_value());
      continue;
    }
    const Bytes value = raw_value(it->second);
    RC_ASSERT(verify_proof(f.root.hash, raw_key(n), value, *proof).has_value());
    RC_ASSERT(!verify_proof(f.root.hash, raw_key(n), std::nullopt, *proof));
    RC_ASSERT(!verify_proof(f.root.hash, raw_key(n + 1), value, *proof));
    StateProof bent = *proof;
    if (bent.siblings.empty()) {
      bent.siblings.push_back({});
    } else {
      bent.siblings[random.below(bent.siblings.size())].data[5] ^= 1;
    }
    RC_ASSERT(!verify_proof(f.root.hash, raw_key(n), value, bent));
  }
});

BOOST_AUTO_TEST_CASE(a_leaf_off_the_path_does_not_prove_absence) {
  Fixture f;
  const Hash32 a = state_key_hash(raw_key(1));
  const Hash32 b = state_key_hash(raw_key(2));
  f.step({{a, state_value_hash(raw_value(1))}, {b, state_value_hash(raw_value(2))}});
  // The proof of b shown as if it were a proof that key 1 is absent.
  auto proof = prove(f.reader, Module::accounts, f.root, b);
  WITAN_REQUIRE_OK(proof);
  WITAN_CHECK_ERROR(verify_proof(f.root.hash, raw_key(1), std::nullopt, *proof),
                    ErrorCode::bad_proof);
  proof->siblings.resize(300);
  WITAN_CHECK_ERROR(verify_proof(f.root.hash, raw_key(1), std::nullopt, *proof),
                    ErrorCode::too_large);
}

BOOST_AUTO_TEST_CASE(damaged_nodes_and_keys_are_refused) {
  Fixture f;
  f.step({{model_key(1, true), model_value(1)}, {model_key(2, true), model_value(2)}});
  Bytes bytes = f.reader.nodes.begin()->second;
  bytes.pop_back();
  WITAN_CHECK_ERROR(TreeNode::decode(bytes), ErrorCode::corrupt);
  bytes[2] = 0xFF;
  bytes[3] = 0xFF;
  WITAN_CHECK_ERROR(TreeNode::decode(bytes), ErrorCode::corrupt);
  Bytes key;
  f.reader.nodes.begin()->first.append_to(key);
  BOOST_CHECK(NodeKey::decode(key).value() == f.reader.nodes.begin()->first);
  key[0] = 200;
  WITAN_CHECK_ERROR(NodeKey::decode(key), ErrorCode::corrupt);
  f.reader.nodes.begin()->second[10] ^= 1;
  WITAN_CHECK_ERROR(verify_nodes(f.reader, Module::accounts, f.root), ErrorCode::corrupt);
}

BOOST_AUTO_TEST_SUITE_END()
