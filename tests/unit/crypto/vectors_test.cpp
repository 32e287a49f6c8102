// Published vectors of others. They live beside the repository; without them these cases say so.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/merkle.hpp"
#include "crypto/noise.hpp"
#include "messages/base/crc32c.hpp"
#include "tests/support/boost_test.hpp"

using namespace witan;
using nlohmann::json;

namespace {

std::optional<json> load(const std::string& name) {
  const auto path = std::filesystem::path(WITAN_SOURCE_DIR) / "../shared/conformance" / name;
  std::ifstream in(path);
  if (!in) {
    BOOST_TEST_MESSAGE("skipped: " << name << " is not installed beside the repository");
    return std::nullopt;
  }
  return json::parse(in);
}

Bytes hex(const json& value) { return from_hex(value.get<std::string>()).value(); }
Hash32 hash(const json& value) { return Hash32::from(hex(value)); }

merkle::Path path_of(const json& hashes) {
  merkle::Path out;
  for (const auto& value : hashes) out.push_back(hash(value));
  return out;
}

// Whether every hash of a probe has the size of a hash: some probes test libraries that take text.
bool has_hash_sizes(const json& probe, std::initializer_list<const char*> names) {
  const auto fits = [](const json& value) { return value.get<std::string>().size() == 64; };
  return std::all_of(names.begin(), names.end(), [&](auto n) { return fits(probe.at(n)); }) &&
         std::all_of(probe.at("proof").begin(), probe.at("proof").end(), fits);
}

Result<NoiseHandshake> handshake_of(const json& data, const json& test) {
  const Bytes prologue = hex(data["prologue"]), own = hex(test["static_priv"]),
              ephemeral = hex(test["ephemeral_priv"]);
  if (test["role"] == "responder") return NoiseHandshake::responder(prologue, own, ephemeral);
  return NoiseHandshake::initiator(prologue, own, ephemeral,
                                   NodeId::from(hex(test["remote_static_pub"])));
}

void check_handshake(const json& data, const json& test) {
  auto handshake = handshake_of(data, test);
  WITAN_REQUIRE_OK(handshake);
  std::vector<Bytes> sent;
  if (test["role"] == "initiator") sent.push_back(handshake->act_one().value());
  bool failed = false;
  for (const auto& act : test["recv"]) {
    auto reply = handshake->receive(hex(act["hex"]));
    if (!reply) failed = true;
    if (reply && !reply->empty()) sent.push_back(*reply);
  }
  BOOST_CHECK_EQUAL(failed, test["result"].contains("error"));
  BOOST_REQUIRE_EQUAL(sent.size(), test["send"].size());
  for (std::size_t i = 0; i < sent.size(); ++i)
    BOOST_CHECK_EQUAL(to_hex(sent[i]), test["send"][i]["hex"].get<std::string>());
  if (failed) return;
  const auto session = handshake->take_session();
  WITAN_REQUIRE_OK(session);
  BOOST_CHECK_EQUAL(session->send.key(), hash(test["result"]["send_key"]));
  BOOST_CHECK_EQUAL(session->receive.key(), hash(test["result"]["recv_key"]));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vectors)

BOOST_AUTO_TEST_CASE(bolt_8_handshakes) {
  const auto data = load("bolt8.json");
  if (!data) return;
  for (const auto& test : (*data)["handshake"]) {
    BOOST_TEST_CONTEXT(test["name"].get<std::string>()) { check_handshake(*data, test); }
  }
}

BOOST_AUTO_TEST_CASE(bolt_8_transport_with_key_rotation) {
  const auto data = load("bolt8.json");
  if (!data) return;
  const auto& test = (*data)["messages"][0];
  NoiseCipher cipher(hash(test["ck"]), hash(test["sk"]));
  const Bytes plain = hex(test["plaintext"]);
  Bytes frame(NoiseCipher::frame_bytes(plain.size()));
  std::size_t compared = 0;
  for (int i = 0; i < 1002; ++i) {
    WITAN_REQUIRE_OK(cipher.encrypt(plain, frame));
    const auto expected = test["outputs"].find(std::to_string(i));
    if (expected == test["outputs"].end()) continue;
    BOOST_CHECK_EQUAL(to_hex(frame), expected->get<std::string>());
    ++compared;
  }
  BOOST_CHECK_EQUAL(compared, test["outputs"].size());
}

BOOST_AUTO_TEST_CASE(wycheproof_chacha20_poly1305) {
  const auto data = load("wycheproof_chacha20_poly1305.json");
  if (!data) return;
  for (const auto& test : (*data)["tests"]) {
    Bytes sealed = hex(test["ct"]);
    append(sealed, hex(test["tag"]));
    const Bytes key = hex(test["key"]), nonce = hex(test["iv"]), extra = hex(test["aad"]);
    const auto opened = aead_open(key, nonce, extra, sealed);
    BOOST_CHECK_EQUAL(opened.has_value(), test["result"] == "valid");
    if (!opened) continue;
    BOOST_CHECK(*opened == hex(test["msg"]));
    BOOST_CHECK(aead_seal(key, nonce, extra, *opened).value() == sealed);
  }
}

BOOST_AUTO_TEST_CASE(wycheproof_hkdf_and_hmac) {
  const auto hkdf = load("wycheproof_hkdf_sha256.json");
  const auto hmac = load("wycheproof_hmac_sha256.json");
  if (!hkdf || !hmac) return;
  for (const auto& test : (*hkdf)["tests"]) {
    const auto out = hkdf_sha256(hex(test["salt"]), hex(test["ikm"]), hex(test["info"]),
                                 test["size"].get<std::size_t>());
    BOOST_CHECK_EQUAL(out.has_value(), test["result"] == "valid");
    if (out) BOOST_CHECK(*out == hex(test["okm"]));
  }
  for (const auto& test : (*hmac)["tests"]) {
    const Bytes tag = hex(test["tag"]);
    const Hash32 full = hmac_sha256(hex(test["key"]), hex(test["msg"]));
    BOOST_CHECK_EQUAL(constant_time_equal(full.view().first(tag.size()), tag),
                      test["result"] == "valid");
  }
}

BOOST_AUTO_TEST_CASE(rfc_6962_probes) {
  const auto data = load("rfc6962_merkle.json");
  if (!data) return;
  for (const auto& probe : (*data)["inclusion_probes"]) {
    if (!has_hash_sizes(probe, {"leaf_hash", "root"})) continue;
    BOOST_CHECK_EQUAL(
        merkle::verify_inclusion(probe["leaf_index"].get<std::uint64_t>(),
                                 probe["tree_size"].get<std::uint64_t>(), hash(probe["leaf_hash"]),
                                 path_of(probe["proof"]), hash(probe["root"])),
        probe["valid"].get<bool>());
  }
  for (const auto& probe : (*data)["consistency_probes"]) {
    if (probe.contains("degenerate") || !has_hash_sizes(probe, {"root1", "root2"})) continue;
    BOOST_CHECK_EQUAL(merkle::verify_consistency(
                          probe["size1"].get<std::uint64_t>(), probe["size2"].get<std::uint64_t>(),
                          hash(probe["root1"]), hash(probe["root2"]), path_of(probe["proof"])),
                      probe["valid"].get<bool>());
  }
}

BOOST_AUTO_TEST_CASE(rfc_3720_checksums) {
  const auto data = load("crc32c.json");
  if (!data) return;
  for (const auto& test : (*data)["tests"]) {
    const auto expected = std::stoul(test["crc32c"].get<std::string>(), nullptr, 16);
    BOOST_CHECK_EQUAL(crc32c(hex(test["in"])), expected);
    BOOST_CHECK_EQUAL(crc32c_portable(hex(test["in"])), expected);
  }
}

BOOST_AUTO_TEST_SUITE_END()
