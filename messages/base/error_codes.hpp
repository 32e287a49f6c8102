// The one list of error codes. A code is stable text; docs/reference/errors.md is checked against
// it.
#pragma once
#include <cstdint>
#include <string_view>

namespace witan {

// clang-format off
#define WITAN_ERROR_CODES(X)                                                                       \
  /* bytes and messages */                                                                         \
  X(malformed,           "bytes do not decode as the expected message")                            \
  X(too_large,           "a size or count is above its limit")                                     \
  X(out_of_range,        "a number is outside its allowed range")                                  \
  X(not_canonical,       "bytes decode but are not the one canonical encoding")                    \
  X(unknown_type,        "message type or transaction kind is not known")                          \
  X(missing,             "a required field or object is absent")                                   \
  X(duplicate,           "the same object was given twice")                                        \
  /* identity and cryptography */                                                                  \
  X(bad_signature,       "signature does not verify")                                              \
  X(bad_key,             "key is not a valid secp256k1 key")                                       \
  X(bad_address,         "text is not a bech32m address of this network")                          \
  X(bad_proof,           "Merkle or possession proof does not verify")                             \
  X(wrong_chain,         "object belongs to another chain")                                        \
  X(wrong_version,       "protocol or format version is not supported")                            \
  X(decrypt_failed,      "authentication tag or pass-phrase is wrong")                             \
  X(unknown_validator,   "public key is not in the validator set")                                 \
  X(insufficient_power,  "certificate has no quorum of voting power")                              \
  X(wrong_height,        "object belongs to another height")                                       \
  X(wrong_proposer,      "sender is not the proposer of this round")                               \
  X(invalid_block,       "block breaks a rule of this chain")                                      \
  /* signing */                                                                                    \
  X(sign_refused,        "signing rule refuses this intent")                                       \
  X(sign_regression,     "a later step, round or height was already signed")                      \
  X(sign_locked,         "locked on another block and no polka allows this vote")                  \
  X(sign_fenced,         "another node holds the lease of the signer")                             \
  X(sign_conflict,       "a different message was already signed for this step")                   \
  X(sign_state_missing,  "sign-state is absent although this key has signed before")               \
  X(sign_state_older,    "sign-state is older than the chain data beside it")                      \
  X(sign_state_foreign,  "sign-state belongs to another key, chain or host")                       \
  /* storage */                                                                                    \
  X(io,                  "operating system refused a read, write or sync")                         \
  X(no_space,            "no space left on the device")                                            \
  X(corrupt,             "stored bytes are damaged")                                               \
  X(wal_damaged,         "write-ahead log is damaged before its tail")                             \
  X(locked,              "another process uses this data directory")                               \
  X(not_found,           "no such object")                                                         \
  X(pruned,              "object was removed by the retention policy")                             \
  X(state_root_mismatch, "recomputed state root differs from the recorded one")                    \
  /* transactions */                                                                               \
  X(bad_nonce,           "nonce is not the sender's next one")                                     \
  X(insufficient_funds,  "balance does not cover amount and fee")                                  \
  X(fee_too_low,         "fee is below the minimum")                                               \
  X(expired,             "transaction's last valid height has passed")                             \
  X(not_allowed,         "operation is not allowed on this chain or by this peer")                 \
  X(pool_full,           "mempool is full")                                                        \
  /* operation */                                                                                  \
  X(config,              "configuration is invalid")                                               \
  X(genesis,             "genesis file is invalid or differs")                                     \
  X(usage,               "command line is invalid")                                                \
  X(bad_rule,            "fault rule does not follow the grammar")                                 \
  X(busy,                "receiver is overloaded; retry later")                                    \
  X(timeout,             "no answer before the deadline")                                          \
  X(unavailable,         "receiver is not running")                                                \
  X(cancelled,           "operation was cancelled by shutdown")                                    \
  X(network,             "connection failed or was closed")                                        \
  X(internal,            "unexpected failure inside the node")                                     \
  /* light client */                                                                               \
  X(not_enough_trust,    "too little of the trusted voting power signed the header")               \
  X(trust_expired,       "the newest trusted header is older than the trusting period")            \
  X(conflicting_header,  "two headers of one height are both proved: an attack")
// clang-format on

enum class ErrorCode : std::uint16_t {
  ok = 0,
#define WITAN_X(name, text) name,
  WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
};

[[nodiscard]] constexpr std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::ok:
      return "ok";
#define WITAN_X(name, text) \
  case ErrorCode::name:     \
    return #name;
      WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view meaning_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::ok:
      return "success";
#define WITAN_X(name, text) \
  case ErrorCode::name:     \
    return text;
      WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
  }
  return "unknown";
}

}  // namespace witan
