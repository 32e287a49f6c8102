// One run of `witan light`: options to a client over the network, its home kept up to date.
#pragma once
#include "tools/light/api_provider.hpp"
#include "tools/light/light_home.hpp"

namespace witan::light {

struct SessionOptions {
  std::string primary;
  std::vector<std::string> witnesses;
  std::optional<TrustRoot> root;
  ClientOptions client;
  Duration timeout = cli::http_timeout_default;  // of one request
};

// A client whose verified headers are saved as they come. One thread.
class Session {
 public:
  // Goes on from the home's store, or from the root. With both, the root's id must be what the
  // store has or comes to at that height; a store past its period gives way to the root. Errors:
  // usage (options; nothing to start from; root and store differ), those of LightHome, start_trust
  // and Client::verify_at.
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(SessionOptions options, LightHome home,
                                                             const Clock& clock);

  // Client::verify_at and update, and what they verified is durable.
  [[nodiscard]] Result<LightBlock> verify_at(Height height);
  [[nodiscard]] Result<LightBlock> update();

  // Client::report_attack.
  [[nodiscard]] std::vector<AttackReport> report_attack() { return client_->report_attack(); }

  // For questions whose answers are checked against verified headers.
  [[nodiscard]] ApiProvider& primary() { return *primary_; }
  [[nodiscard]] const Client& client() const { return *client_; }
  [[nodiscard]] const LightHome& home() const { return home_; }

 private:
  explicit Session(LightHome home) : home_(std::move(home)) {}
  [[nodiscard]] Status save();

  LightHome home_;
  ApiProvider* primary_ = nullptr;  // the client's
  std::unique_ptr<Client> client_;
  std::size_t saved_size_ = 0;
  Height saved_height_;
};

}  // namespace witan::light
