// Handshake phase of BOLT-8: "Handshake State", "Handshake Exchange".
#include "crypto/noise.hpp"

#include <tuple>
#include <utility>

#include "crypto/aead.hpp"
#include "crypto/ecdh.hpp"
#include "crypto/hash.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/noise_nonce.hpp"
#include "crypto/secp_context.hpp"
#include "messages/base/check.hpp"

namespace witan {
namespace {

constexpr std::string_view protocol_name = "Noise_XK_secp256k1_ChaChaPoly_SHA256";
constexpr std::uint8_t version = 0;
constexpr std::size_t point_bytes = NodeId::size_bytes;

// Accepts compressed points only; the curve library checks that the point is on the curve.
bool parse_point(const NodeId& id, secp256k1_pubkey& out) {
  return secp256k1_ec_pubkey_parse(secp_context(), &out, id.data.data(), id.data.size()) == 1;
}

Result<NodeId> public_point(ByteView secret, const char* field) {
  secp256k1_pubkey point;
  if (secret.size() != 32 || secp256k1_ec_pubkey_create(secp_context(), &point, secret.data()) != 1)
    return fail(ErrorCode::bad_key, field, "not a secret scalar of secp256k1");
  NodeId out;
  std::size_t size = out.data.size();
  secp256k1_ec_pubkey_serialize(secp_context(), out.data.data(), &size, &point,
                                SECP256K1_EC_COMPRESSED);
  return out;
}

std::string part(std::string_view act, std::string_view name) {
  return std::string(act) + "." + std::string(name);
}

}  // namespace

Result<NoiseHandshake> NoiseHandshake::create(ByteView prologue, ByteView static_secret,
                                              ByteView ephemeral_secret) {
  NoiseHandshake out;
  WITAN_TRY(out.static_public_, public_point(static_secret, "static_secret"));
  WITAN_TRY(out.ephemeral_public_, public_point(ephemeral_secret, "ephemeral_secret"));
  out.static_secret_ = Hash32::from(static_secret);
  out.ephemeral_secret_ = Hash32::from(ephemeral_secret);
  out.hash_ = sha256(as_bytes(protocol_name));
  out.chaining_key_ = out.hash_;
  out.mix_hash(prologue);
  return out;
}

Result<NoiseHandshake> NoiseHandshake::initiator(ByteView prologue, ByteView static_secret,
                                                 ByteView ephemeral_secret,
                                                 const NodeId& responder) {
  secp256k1_pubkey point;
  if (!parse_point(responder, point))
    return fail(ErrorCode::bad_key, "responder", "not a compressed secp256k1 key");
  WITAN_TRY(auto out, create(prologue, static_secret, ephemeral_secret));
  out.initiator_ = true;
  out.remote_static_ = responder;
  out.mix_hash(responder.view());
  out.step_ = Step::send_one;
  return out;
}

Result<NoiseHandshake> NoiseHandshake::responder(ByteView prologue, ByteView static_secret,
                                                 ByteView ephemeral_secret) {
  WITAN_TRY(auto out, create(prologue, static_secret, ephemeral_secret));
  out.mix_hash(out.static_public_.view());
  out.step_ = Step::await_one;
  return out;
}

NoiseHandshake::~NoiseHandshake() { wipe_secrets(); }

NoiseHandshake::NoiseHandshake(NoiseHandshake&& other) noexcept { *this = std::move(other); }

NoiseHandshake& NoiseHandshake::operator=(NoiseHandshake&& other) noexcept {
  if (this == &other) return *this;
  step_ = std::exchange(other.step_, Step::failed);
  initiator_ = other.initiator_;
  hash_ = other.hash_;
  chaining_key_ = other.chaining_key_;
  temp_key_ = other.temp_key_;
  static_secret_ = other.static_secret_;
  ephemeral_secret_ = other.ephemeral_secret_;
  static_public_ = other.static_public_;
  ephemeral_public_ = other.ephemeral_public_;
  remote_static_ = other.remote_static_;
  remote_ephemeral_ = other.remote_ephemeral_;
  other.wipe_secrets();
  return *this;
}

void NoiseHandshake::wipe_secrets() {
  for (Hash32* secret : {&chaining_key_, &temp_key_, &static_secret_, &ephemeral_secret_})
    wipe(secret->data);
}

void NoiseHandshake::mix_hash(ByteView bytes) { hash_ = sha256({hash_.view(), bytes}); }

// ck, temp_k = HKDF(ck, SHA256(secret * point)).
Status NoiseHandshake::mix_key(ByteView secret, const NodeId& point, std::string_view field) {
  auto shared = ecdh(secret, point.view());
  if (!shared) return fail(ErrorCode::bad_key, std::string(field), shared.error().text);
  Hash32 hashed = sha256(shared->view());
  std::tie(chaining_key_, temp_key_) = hkdf_pair(chaining_key_.view(), hashed.view());
  wipe(shared->data);
  wipe(hashed.data);
  return {};
}

Result<Bytes> NoiseHandshake::seal(std::uint64_t nonce, ByteView plain) {
  WITAN_TRY(auto out, aead_seal(temp_key_.view(), noise_nonce(nonce), hash_.view(), plain));
  mix_hash(out);
  return out;
}

Result<Bytes> NoiseHandshake::open(std::uint64_t nonce, ByteView sealed, std::string_view field) {
  auto out = aead_open(temp_key_.view(), noise_nonce(nonce), hash_.view(), sealed);
  if (!out) return fail(ErrorCode::decrypt_failed, std::string(field), out.error().text);
  mix_hash(sealed);
  return out;
}

// Acts one and two have one form: version, ephemeral key, tag over nothing.
Result<Bytes> NoiseHandshake::send_ephemeral(const NodeId& point, ByteView secret_for_point) {
  mix_hash(ephemeral_public_.view());
  WITAN_TRY_VOID(mix_key(secret_for_point, point, "remote"));
  WITAN_TRY(const Bytes tag, seal(0, {}));
  Bytes act{version};
  append(act, ephemeral_public_.view());
  append(act, tag);
  return act;
}

Status NoiseHandshake::receive_ephemeral(ByteView act, std::string_view name,
                                         ByteView secret_for_point) {
  remote_ephemeral_ = NodeId::from(act.subspan(1, point_bytes));
  mix_hash(remote_ephemeral_.view());
  WITAN_TRY_VOID(mix_key(secret_for_point, remote_ephemeral_, part(name, "ephemeral")));
  return open(0, act.subspan(1 + point_bytes), part(name, "tag")).map([](const Bytes&) {});
}

// Act three: version, encrypted static key, tag over nothing.
Result<Bytes> NoiseHandshake::send_static() {
  WITAN_TRY(const Bytes sealed_key, seal(1, static_public_.view()));
  WITAN_TRY_VOID(mix_key(static_secret_.view(), remote_ephemeral_, "remote"));
  WITAN_TRY(const Bytes tag, seal(0, {}));
  Bytes act{version};
  append(act, sealed_key);
  append(act, tag);
  return act;
}

Status NoiseHandshake::receive_static(ByteView act) {
  const std::size_t sealed_bytes = point_bytes + aead_tag_bytes;
  WITAN_TRY(const Bytes key, open(1, act.subspan(1, sealed_bytes), "act3.ciphertext"));
  remote_static_ = NodeId::from(key);
  WITAN_TRY_VOID(mix_key(ephemeral_secret_.view(), remote_static_, "act3.static"));
  return open(0, act.subspan(1 + sealed_bytes), "act3.tag").map([](const Bytes&) {});
}

Result<Bytes> NoiseHandshake::act_one() {
  if (step_ != Step::send_one)
    return fail(ErrorCode::not_allowed, "act1", "only a fresh initiator sends act one");
  auto act = send_ephemeral(remote_static_, ephemeral_secret_.view());
  step_ = act ? Step::await_two : Step::failed;
  return act;
}

std::size_t NoiseHandshake::awaited_bytes() const {
  switch (step_) {
    case Step::await_one:
      return act_one_bytes;
    case Step::await_two:
      return act_two_bytes;
    case Step::await_three:
      return act_three_bytes;
    default:
      return 0;
  }
}

Result<Bytes> NoiseHandshake::receive(ByteView act) {
  if (awaited_bytes() == 0)
    return fail(ErrorCode::not_allowed, "act", "no act is awaited in this state");
  auto reply = receive_act(act);
  if (!reply) {
    step_ = Step::failed;
    wipe_secrets();
  }
  return reply;
}

Result<Bytes> NoiseHandshake::receive_act(ByteView act) {
  const std::string_view name = step_ == Step::await_one   ? "act1"
                                : step_ == Step::await_two ? "act2"
                                                           : "act3";
  if (act.size() != awaited_bytes())
    return fail(ErrorCode::malformed, std::string(name), "the act has another size");
  if (act[0] != version)
    return fail(ErrorCode::wrong_version, std::string(name),
                "handshake version " + std::to_string(act[0]) + ", this node speaks 0");
  if (step_ == Step::await_three) {
    WITAN_TRY_VOID(receive_static(act));
    step_ = Step::done;
    return Bytes{};
  }
  if (step_ == Step::await_two) {
    WITAN_TRY_VOID(receive_ephemeral(act, name, ephemeral_secret_.view()));
    WITAN_TRY(auto reply, send_static());
    step_ = Step::done;
    return reply;
  }
  WITAN_TRY_VOID(receive_ephemeral(act, name, static_secret_.view()));
  WITAN_TRY(auto reply, send_ephemeral(remote_ephemeral_, ephemeral_secret_.view()));
  step_ = Step::await_three;
  return reply;
}

Result<NoiseSession> NoiseHandshake::take_session() {
  if (step_ != Step::done)
    return fail(ErrorCode::not_allowed, "noise", "the handshake is not finished");
  step_ = Step::taken;
  auto [first, second] = hkdf_pair(chaining_key_.view(), {});
  const Hash32& send_key = initiator_ ? first : second;
  const Hash32& receive_key = initiator_ ? second : first;
  NoiseSession out{NoiseCipher(chaining_key_, send_key), NoiseCipher(chaining_key_, receive_key),
                   remote_static_, hash_};
  wipe(first.data);
  wipe(second.data);
  wipe_secrets();
  return out;
}

}  // namespace witan
