#include "tools/light/session.hpp"

#include "messages/base/hex.hpp"

namespace witan::light {
namespace {

Error differs(const TrustRoot& root, const BlockId& id) {
  return {ErrorCode::usage, "--trusted-hash",
          "what is trusted already leads to " + to_hex(id) + " at height " +
              std::to_string(root.height.get()) + ": use another --home for another chain"};
}

// The store to go on with; none: begin at the root.
Result<std::optional<TrustedStore>> usable_store(const LightHome& home,
                                                 const SessionOptions& options, UnixTime now) {
  WITAN_TRY(auto store, home.load());
  if (store && store->highest() == nullptr) store.reset();
  if (!store || !options.root) {
    if (!store && !options.root)
      return fail(
          ErrorCode::usage, "--trusted-height",
          "the first time, give --trusted-height and --trusted-hash: a height and its block "
          "id from somebody you trust");
    return store;
  }
  const LightBlock* known = store->find(options.root->height);
  if (known != nullptr && known->id() != options.root->id)
    return fail(differs(*options.root, known->id()));
  const UnixTime newest = store->highest()->header.time;
  if (known == nullptr && is_expired(newest, options.client.trust.trusting_period, now))
    store.reset();
  return store;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(SessionOptions options, LightHome home,
                                               const Clock& clock) {
  WITAN_TRY_VOID(check_options(options.client.trust));
  WITAN_TRY(web::HttpUrl url, web::parse_url(options.primary, "--primary"));
  auto primary = std::make_unique<ApiProvider>(std::move(url), options.timeout);
  std::vector<ProviderPtr> witnesses;
  for (const std::string& text : options.witnesses) {
    WITAN_TRY(web::HttpUrl witness, web::parse_url(text, "--witness"));
    witnesses.push_back(std::make_unique<ApiProvider>(std::move(witness), options.timeout));
  }
  WITAN_TRY(auto store, usable_store(home, options, clock.unix_now()));
  std::unique_ptr<Session> out(new Session(std::move(home)));
  const bool resumed = store.has_value();
  if (!resumed) {
    WITAN_TRY(store, start_trust(*options.root, options.client, *primary, witnesses));
    WITAN_TRY_VOID(out->home_.save(*store));
  }
  out->primary_ = primary.get();
  // After each stretch of a long way, so that a killed process goes on from there. What fails here
  // fails again, and is reported, at the end of the call.
  options.client.progress = [self = out.get(), tell = std::move(options.client.progress)](
                                const LightBlock& verified, Height target) {
    (void)self->save();
    if (tell) tell(verified, target);
  };
  out->client_ = std::make_unique<Client>(std::move(*store), std::move(options.client), clock,
                                          std::move(primary), std::move(witnesses));
  if (resumed && options.root) {
    WITAN_TRY(const LightBlock block, out->verify_at(options.root->height));
    if (block.id() != options.root->id) return fail(differs(*options.root, block.id()));
  }
  return out;
}

Status Session::save() {
  const TrustedStore& store = client_->store();
  const Height highest = store.highest()->height();
  if (store.size() == saved_size_ && highest == saved_height_) return {};
  WITAN_TRY_VOID(home_.save(store));
  saved_size_ = store.size();
  saved_height_ = highest;
  return {};
}

// Saved also after a failure: stretches before it were verified.
Result<LightBlock> Session::verify_at(Height height) {
  auto block = client_->verify_at(height);
  WITAN_TRY_VOID(save());
  return block;
}

Result<LightBlock> Session::update() {
  auto block = client_->update();
  WITAN_TRY_VOID(save());
  return block;
}

}  // namespace witan::light
