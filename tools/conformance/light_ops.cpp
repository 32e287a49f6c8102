// light_begin, light_step: the cases name validators and say who signed; here they become real
// keys, real sets, real headers and real signatures, and HeaderVerifier judges them.
#include <algorithm>
#include <memory>
#include <optional>

#include "crypto/hash.hpp"
#include "crypto/light/verification.hpp"
#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

using light::HeaderVerifier;
using light::LightBlock;
using nlohmann::json;

const ChainId chain{sha256(as_bytes("conformance light client"))};

Duration seconds(const json& from, const char* name) {
  return Duration::from_s(from.at(name).get<std::int64_t>());
}
UnixTime time_of(const json& from, const char* name) {
  return UnixTime{} + Duration::from_s(from.at(name).get<std::int64_t>());
}

class Session {
 public:
  explicit Session(const json& q)
      : verifier_(chain, {*light::parse_trust_level(q.at("trust_level").get<std::string>()),
                          seconds(q, "trusting_period_s"), seconds(q, "clock_drift_s")}) {
    const json& initial = q.at("initial");
    trusted_.header = header_of(initial);
    auto next = set_of(initial.at("next_validators"));
    if (!next) throw RequestError("initial.next_validators: " + next.error().to_string());
    trusted_.next_validators = *next;
    // The verifier looks at nothing else of a trusted block.
    trusted_.validators = *next;
  }

  light::Verdict step(const json& step) {
    const auto block = block_of(step);
    if (!block) return light::Verdict::invalid;
    const auto verdict =
        light::verdict_of(verifier_.verify(trusted_, *block, time_of(step, "now")));
    if (verdict == light::Verdict::success) trusted_ = *block;
    return verdict;
  }

 private:
  const SecretKey& key_of(const std::string& name) {
    const auto found = keys_.find(name);
    if (found != keys_.end()) return found->second;
    auto key = SecretKey::from_bytes(sha256(as_bytes("validator " + name)).view());
    if (!key) throw RequestError("no key for " + name);
    return keys_.emplace(name, std::move(*key)).first->second;
  }

  Result<ValidatorSetPtr> set_of(const json& list) {
    std::vector<Validator> out;
    for (const json& row : list)
      out.push_back({key_of(row.at(0).get<std::string>()).public_key(),
                     row.at(1).get<std::uint64_t>(), 0, 0});
    WITAN_TRY(ValidatorSet set, ValidatorSet::make(std::move(out)));
    return std::make_shared<const ValidatorSet>(std::move(set));
  }

  // The case's hash of a set becomes the real hash of the list that it first stood beside, so that
  // a list with another's hash does not match it.
  Hash32 hash_of(const json& name, const json* list) {
    const auto text = name.get<std::string>();
    const auto found = hashes_.find(text);
    if (found != hashes_.end()) return found->second;
    if (list == nullptr) return sha256(as_bytes(text));
    const auto set = set_of(*list);
    return hashes_.emplace(text, set ? validators_hash(**set) : sha256(as_bytes(text)))
        .first->second;
  }

  Header header_of(const json& from) {
    const json& h = from.contains("header") ? from.at("header") : from;
    Header out;
    out.chain_id = chain;
    out.height = Height(h.at("height").get<std::uint64_t>());
    out.origin_round = Round(0);
    out.time = time_of(h, "time");
    const auto list = [&](const char* name) {
      return from.contains(name) ? &from.at(name) : nullptr;
    };
    out.validators_hash = hash_of(h.at("validators_hash"), list("validators"));
    out.next_validators_hash = hash_of(h.at("next_validators_hash"), list("next_validators"));
    return out;
  }

  // The cases have no parent links: an adjacent header gets the one it needs.
  Result<LightBlock> block_of(const json& step) {
    LightBlock out;
    out.header = header_of(step);
    WITAN_TRY(out.validators, set_of(step.at("validators")));
    WITAN_TRY(out.next_validators, set_of(step.at("next_validators")));
    out.header.proposer = out.validators->at(0).key;
    if (out.height() == trusted_.height() + 1) out.header.prev_block_id = trusted_.id();
    out.commit = commit_of(step.at("commit"), out);
    return out;
  }

  Certificate commit_of(const json& from, const LightBlock& block) {
    const bool ours = from.at("signs_this_header").get<bool>();
    Certificate out{VoteType::precommit,
                    Height(from.at("height").get<std::uint64_t>()),
                    Round(0),
                    ours ? block.id() : sha256(as_bytes("another header")),
                    {}};
    const Hash32 message =
        vote_hash(chain, {VoteType::precommit, out.height, out.round, out.block_id, Round(), 0});
    // A signer outside the set has no index in it: one past the end.
    auto outside = static_cast<ValidatorIndex>(block.validators->size());
    for (const json& name : from.at("signers")) {
      const SecretKey& key = key_of(name.get<std::string>());
      const auto index = block.validators->index_of(key.public_key());
      out.signatures.push_back({index ? *index : outside++, Round(), key.sign(message.view())});
    }
    std::ranges::sort(out.signatures, {}, &CertificateSignature::validator);
    return out;
  }

  HeaderVerifier verifier_;
  LightBlock trusted_;
  std::map<std::string, SecretKey, std::less<>> keys_;
  std::map<std::string, Hash32, std::less<>> hashes_;
};

const char* text_of(light::Verdict verdict) {
  switch (verdict) {
    case light::Verdict::success:
      return "SUCCESS";
    case light::Verdict::not_enough_trust:
      return "NOT_ENOUGH_TRUST";
    case light::Verdict::invalid:
      return "INVALID";
  }
  return "INVALID";
}

}  // namespace

void register_light_ops(OpTable& table) {
  const auto session = std::make_shared<std::optional<Session>>();
  table["light_begin"] = [session](const json& q) -> json {
    session->emplace(q);
    return {{"ok", true}};
  };
  table["light_step"] = [session](const json& q) -> json {
    if (!*session) throw RequestError("light_begin comes first");
    return {{"verdict", text_of((*session)->step(q.at("step")))}};
  };
}

}  // namespace witan::conformance
