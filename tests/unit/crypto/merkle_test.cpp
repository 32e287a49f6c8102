#include "crypto/merkle.hpp"

#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

// The definitions of RFC 6962 section 2.1, word for word and recursive: the reference.
Hash32 reference_root(std::span<const Hash32> leaves) {
  if (leaves.empty()) return merkle::empty_root();
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return merkle::node_hash(reference_root(leaves.first(k)), reference_root(leaves.subspan(k)));
}

merkle::Path reference_path(std::size_t index, std::span<const Hash32> leaves) {
  if (leaves.size() == 1) return {};
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  const bool left = index < k;
  auto out =
      left ? reference_path(index, leaves.first(k)) : reference_path(index - k, leaves.subspan(k));
  out.push_back(reference_root(left ? leaves.subspan(k) : leaves.first(k)));
  return out;
}

std::vector<Hash32> numbered_leaves(std::size_t count) {
  std::vector<Hash32> out;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes data{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
    out.push_back(merkle::leaf_hash(data));
  }
  return out;
}

constexpr std::size_t largest = 70;  // past two powers of two

}  // namespace

BOOST_AUTO_TEST_SUITE(merkle_tree)

BOOST_AUTO_TEST_CASE(published_hashes) {
  BOOST_CHECK_EQUAL(to_hex(merkle::empty_root()),
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_CHECK_EQUAL(to_hex(merkle::leaf_hash({})),
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

BOOST_AUTO_TEST_CASE(every_way_to_a_root_agrees_with_the_definition) {
  for (std::size_t n = 0; n <= largest; ++n) {
    const auto leaves = numbered_leaves(n);
    const Hash32 expected = reference_root(leaves);
    BOOST_CHECK_EQUAL(merkle::root_of_hashes(leaves), expected);
    BOOST_CHECK_EQUAL(merkle::Tree(leaves).root(), expected);
  }
}

BOOST_AUTO_TEST_CASE(raw_leaves_are_hashed_as_leaves) {
  const std::vector<Bytes> leaves{{}, {1}, {2, 3}};
  const std::vector<ByteView> views(leaves.begin(), leaves.end());
  const std::vector<Hash32> hashes{merkle::leaf_hash(leaves[0]), merkle::leaf_hash(leaves[1]),
                                   merkle::leaf_hash(leaves[2])};
  BOOST_CHECK_EQUAL(merkle::root_of_leaves(leaves), reference_root(hashes));
  BOOST_CHECK_EQUAL(merkle::root_of_leaves(views), reference_root(hashes));
  BOOST_CHECK_EQUAL(merkle::Tree::of_leaves(views).root(), reference_root(hashes));
}

BOOST_AUTO_TEST_CASE(a_builder_gives_the_root_at_every_size) {
  const auto leaves = numbered_leaves(largest);
  merkle::RootBuilder builder;
  for (std::size_t n = 0; n < leaves.size(); ++n) {
    BOOST_CHECK_EQUAL(builder.size(), n);
    BOOST_CHECK_EQUAL(builder.root(), reference_root(std::span(leaves).first(n)));
    builder.add_hash(leaves[n]);
  }
}

BOOST_AUTO_TEST_CASE(paths_follow_the_definition_and_verify_only_in_their_place) {
  for (std::size_t n = 1; n <= largest; ++n) {
    const auto leaves = numbered_leaves(n);
    const merkle::Tree tree(leaves);
    const auto paths = tree.all_paths();
    BOOST_REQUIRE_EQUAL(paths.size(), n);
    for (std::size_t i = 0; i < n; ++i) {
      BOOST_REQUIRE(paths[i] == reference_path(i, leaves));
      BOOST_REQUIRE(tree.path(i).value() == paths[i]);
      for (std::size_t j = 0; j < n; ++j)
        BOOST_REQUIRE_EQUAL(merkle::verify_inclusion(j, n, leaves[i], paths[i], tree.root()),
                            i == j);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_inclusion_proof_is_rejected) {
  const auto leaves = numbered_leaves(11);
  const merkle::Tree tree(leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    auto path = tree.path(i).value();
    for (auto& hash : path) {
      hash.data[31] ^= 1;
      BOOST_CHECK(!merkle::verify_inclusion(i, 11, leaves[i], path, tree.root()));
      hash.data[31] ^= 1;
    }
    auto longer = path;
    longer.push_back(Hash32{});
    BOOST_CHECK(!merkle::verify_inclusion(i, 11, leaves[i], longer, tree.root()));
    const auto shorter = std::span(path).first(path.size() - 1);
    BOOST_CHECK(!merkle::verify_inclusion(i, 11, leaves[i], shorter, tree.root()));
  }
}

BOOST_AUTO_TEST_CASE(extreme_indices_and_sizes_are_false_not_fatal) {
  const Hash32 leaf = merkle::leaf_hash({});
  const std::vector<Hash32> path(70, leaf);
  BOOST_CHECK(!merkle::verify_inclusion(0, 0, leaf, {}, leaf));
  BOOST_CHECK(!merkle::verify_inclusion(UINT64_MAX, 1, leaf, {}, leaf));
  BOOST_CHECK(!merkle::verify_inclusion(UINT64_MAX - 1, UINT64_MAX, leaf, path, leaf));
  BOOST_CHECK(!merkle::verify_consistency(UINT64_MAX - 1, UINT64_MAX, leaf, leaf, path));
  BOOST_CHECK(!merkle::verify_consistency(1, UINT64_MAX, leaf, leaf, path));
  BOOST_CHECK(!merkle::verify_consistency(2, 1, leaf, leaf, {}));
}

BOOST_AUTO_TEST_CASE(paths_outside_the_list_are_errors) {
  const merkle::Tree tree(numbered_leaves(5));
  WITAN_CHECK_ERROR(tree.path(5), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(tree.consistency_path(6), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(merkle::Tree({}).path(0), ErrorCode::out_of_range);
  BOOST_CHECK(merkle::Tree({}).all_paths().empty());
}

BOOST_AUTO_TEST_CASE(every_prefix_is_consistent_and_no_other_list_is) {
  for (std::size_t n = 0; n <= largest; ++n) {
    const auto leaves = numbered_leaves(n);
    const merkle::Tree tree(leaves);
    for (std::size_t m = 0; m <= n; ++m) {
      const auto path = tree.consistency_path(m);
      WITAN_REQUIRE_OK(path);
      const Hash32 old_root = reference_root(std::span(leaves).first(m));
      BOOST_REQUIRE(merkle::verify_consistency(m, n, old_root, tree.root(), *path));
      Hash32 wrong = old_root;
      wrong.data[0] ^= 1;
      BOOST_REQUIRE(!merkle::verify_consistency(m, n, wrong, tree.root(), *path));
      if (m == 0) continue;
      wrong = tree.root();
      wrong.data[0] ^= 1;
      BOOST_REQUIRE(!merkle::verify_consistency(m, n, old_root, wrong, *path));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_consistency_proof_is_rejected) {
  const auto leaves = numbered_leaves(13);
  const merkle::Tree tree(leaves);
  for (std::size_t m = 1; m < leaves.size(); ++m) {
    const Hash32 old_root = reference_root(std::span(leaves).first(m));
    auto path = tree.consistency_path(m).value();
    for (auto& hash : path) {
      hash.data[0] ^= 1;
      BOOST_CHECK(!merkle::verify_consistency(m, 13, old_root, tree.root(), path));
      hash.data[0] ^= 1;
    }
    BOOST_CHECK(!merkle::verify_consistency(m, 13, old_root, tree.root(), {}));
    path.push_back(Hash32{});
    BOOST_CHECK(!merkle::verify_consistency(m, 13, old_root, tree.root(), path));
  }
}

WITAN_PROPERTY(arbitrary_proofs_never_verify_by_chance,
               [](std::uint64_t index, std::uint64_t size, const std::vector<std::uint8_t>& seeds) {
                 merkle::Path path;
                 for (std::uint8_t seed : seeds) path.push_back(merkle::leaf_hash(Bytes{seed}));
                 const Hash32 root = merkle::leaf_hash(as_bytes("root"));
                 RC_ASSERT(!merkle::verify_inclusion(index, size, Hash32{}, path, root));
                 if (index != size && index != 0)
                   RC_ASSERT(!merkle::verify_consistency(index, size, Hash32{}, root, path));
               })

BOOST_AUTO_TEST_SUITE_END()
