// RFC 6962 trees.
#include <optional>

#include "crypto/merkle.hpp"
#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

using nlohmann::json;

merkle::Tree tree_field(const json& q) {
  std::vector<Hash32> hashes;
  for (const Bytes& leaf : hex_list_field(q, "leaves")) hashes.push_back(merkle::leaf_hash(leaf));
  return merkle::Tree(std::move(hashes));
}

json path_reply(const Result<merkle::Path>& path) {
  if (!path) return error_reply(path.error());
  json proof = json::array();
  for (const Hash32& hash : *path) proof.push_back(to_hex(hash));
  return {{"proof", proof}};
}

// Vectors contain "hashes" of other sizes: such a proof is malformed, hence not valid.
std::optional<Hash32> hash_of(const Bytes& bytes) {
  if (bytes.size() != Hash32::size_bytes) return std::nullopt;
  return Hash32::from(bytes);
}

std::optional<merkle::Path> proof_field(const json& q) {
  merkle::Path out;
  for (const Bytes& bytes : hex_list_field(q, "proof")) {
    const auto hash = hash_of(bytes);
    if (!hash) return std::nullopt;
    out.push_back(*hash);
  }
  return out;
}

json run_root(const json& q) {
  return {{"root", to_hex(merkle::root_of_leaves(hex_list_field(q, "leaves")))}};
}

json run_leaf(const json& q) { return {{"hash", to_hex(merkle::leaf_hash(hex_field(q, "data")))}}; }

json run_path(const json& q) { return path_reply(tree_field(q).path(number_field(q, "index"))); }

json run_consistency_path(const json& q) {
  return path_reply(tree_field(q).consistency_path(number_field(q, "size1")));
}

json run_verify_inclusion(const json& q) {
  const auto proof = proof_field(q);
  const auto leaf = hash_of(hex_field(q, "leaf_hash"));
  const auto root = hash_of(hex_field(q, "root"));
  const bool valid = proof && leaf && root &&
                     merkle::verify_inclusion(number_field(q, "index"), number_field(q, "size"),
                                              *leaf, *proof, *root);
  return {{"valid", valid}};
}

json run_verify_consistency(const json& q) {
  const auto proof = proof_field(q);
  const auto old_root = hash_of(hex_field(q, "root1"));
  const auto new_root = hash_of(hex_field(q, "root2"));
  const bool valid = proof && old_root && new_root &&
                     merkle::verify_consistency(number_field(q, "size1"), number_field(q, "size2"),
                                                *old_root, *new_root, *proof);
  return {{"valid", valid}};
}

}  // namespace

void register_merkle_ops(OpTable& table) {
  table["merkle_root"] = run_root;
  table["merkle_leaf"] = run_leaf;
  table["merkle_path"] = run_path;
  table["merkle_consistency_path"] = run_consistency_path;
  table["merkle_verify_inclusion"] = run_verify_inclusion;
  table["merkle_verify_consistency"] = run_verify_consistency;
}

}  // namespace witan::conformance
