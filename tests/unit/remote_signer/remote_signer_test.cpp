// A node's client against a real server over real sockets: sessions, refusals, restarts, fencing.
#include "actors/consensus/signer/remote_signer.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "actors/consensus/signer/signer_server.hpp"
#include "actors/runtime/system_clock.hpp"
#include "tests/unit/remote_signer/signer_world.hpp"

namespace witan::test {
namespace {

const Clock& real() { return rt::system_clock(); }

struct SocketWorld : SignerWorld {
  SocketWorld() {
    char name[] = "/tmp/witan-signer-XXXXXX";
    folder = mkdtemp(name);
    address.path = folder / "s.sock";
    allowed = {node_a.node_id(), node_b.node_id()};
    run();
  }
  ~SocketWorld() {
    stop();
    std::filesystem::remove_all(folder);
  }
  void run() {
    auto opened = open(real());
    WITAN_REQUIRE_OK(opened);
    service = std::move(*opened);
    auto started =
        signer::SignerServer::start(address, signer_key, allowed, *service, *log, real());
    WITAN_REQUIRE_OK(started);
    server = std::move(*started);
  }
  // As a kill ends it: what was not synced is gone.
  void stop() {
    server.reset();
    service.reset();
  }
  std::unique_ptr<RemoteSigner> client(const SecretKey& key, const SignerAddress& where,
                                       std::optional<NodeId> expected = {}) {
    auto made = RemoteSigner::make({.address = where,
                                    .signer = expected.value_or(signer_key.node_id()),
                                    .validator = keys[0].public_key(),
                                    .chain_id = chain,
                                    .node_key = key.clone(),
                                    .timeout = Duration::from_s(5),
                                    .services = {*log, metrics},
                                    .clock = real()});
    WITAN_REQUIRE_OK(made);
    return std::move(*made);
  }
  static ErrorCode sign(RemoteSigner& with, const Intent& intent) {
    const auto made = with.prepare(intent, nullptr);
    return made ? ErrorCode::ok : made.error().code;
  }
  // Polls until a signature is given or refused; the client waits between its attempts.
  static ErrorCode sign_at_last(RemoteSigner& with, const Intent& intent) {
    const Instant end = real().now() + Duration::from_s(20);
    while (real().now() < end) {
      (void)with.poll(std::nullopt);
      const ErrorCode code = sign(with, intent);
      if (!may_ask_again(code)) return code;
    }
    return ErrorCode::timeout;
  }

  std::filesystem::path folder;
  SignerAddress address;
  SecretKey signer_key = SecretKey::generate();
  SecretKey node_a = SecretKey::generate();
  SecretKey node_b = SecretKey::generate();
  std::vector<NodeId> allowed;
  Metrics metrics{"test", "witan"};
  std::unique_ptr<signer::SignerServer> server;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(remote_signer_test, SocketWorld)

BOOST_AUTO_TEST_CASE(p51_a_node_gets_signatures_and_refusals_over_one_connection) {
  const auto a = client(node_a, address);
  BOOST_CHECK_EQUAL(sign(*a, prevote(1, 0, block(1))), ErrorCode::unavailable);
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(1, 0, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(metrics.signer_trouble.count(), 0u);
  for (int i = 0; i < 5; ++i)
    BOOST_CHECK_EQUAL(sign(*a, prevote(1, 0, block(2))), ErrorCode::sign_conflict);
  BOOST_CHECK_EQUAL(sign(*a, precommit(1, 0, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(sign(*a, prevote(1, 0, ValueId())), ErrorCode::sign_conflict);
  BOOST_CHECK_EQUAL(sign(*a, prevote(2, 0, block(1))), ErrorCode::ok);
  const auto prepared = a->prepare(prevote(3, 0, block(1)), nullptr);
  WITAN_REQUIRE_OK(prepared);
  const auto message = a->confirm(*prepared);
  const auto* vote = std::get_if<Durable<SignedVote>>(&message);
  BOOST_REQUIRE(vote != nullptr);
  BOOST_CHECK(vote->get().vote == vote_of(prevote(3, 0, block(1))));
}

BOOST_AUTO_TEST_CASE(s8_the_guard_of_the_lock_sees_the_polka_that_a_client_sends) {
  const auto a = client(node_a, address);
  BOOST_CHECK_EQUAL(sign_at_last(*a, precommit(5, 1, block(1))), ErrorCode::ok);
  Intent left = prevote(5, 3, block(2), Round(2));
  left.locked = {Round(2), block(2)};
  BOOST_CHECK_EQUAL(sign(*a, left), ErrorCode::sign_locked);
  const Certificate of_another = polka(5, 2, block(3));
  const auto refused = a->prepare(left, &of_another);
  WITAN_CHECK_ERROR(refused, ErrorCode::sign_locked);
  const Certificate good = polka(5, 2, block(2));
  const auto prepared = a->prepare(left, &good);
  WITAN_REQUIRE_OK(prepared);
  BOOST_CHECK(prepared->content().value == ValueId(block(2)));
}

BOOST_AUTO_TEST_CASE(over_tcp_as_well) {
  stop();
  address = {"", {"127.0.0.1", 0}};
  run();
  const auto a = client(node_a, server->address());
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(1, 0, block(1))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(a_signer_that_is_gone_is_waited_for_and_gives_the_same_lease) {
  const auto a = client(node_a, address);
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(1, 0, block(1))), ErrorCode::ok);
  stop();
  BOOST_CHECK_EQUAL(sign(*a, precommit(1, 0, block(1))), ErrorCode::network);
  BOOST_CHECK_EQUAL(metrics.signer_trouble.count(), 1u);
  BOOST_CHECK_EQUAL(sign(*a, precommit(1, 0, block(1))), ErrorCode::unavailable);
  (void)a->poll(std::nullopt);
  fs.crash();
  run();
  BOOST_CHECK_EQUAL(sign_at_last(*a, precommit(1, 0, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(metrics.signer_trouble.count(), 0u);
  const auto status = service->handle(
      self, signer::encode(signer::Request{1, 0, 0, signer::AskStatus{}}), real().now());
  BOOST_CHECK_EQUAL(std::get<signer::SignerStatus>(status.body).lease.epoch, 1u);
}

BOOST_AUTO_TEST_CASE(of_two_nodes_the_older_is_fenced_and_stays_so) {
  const auto a = client(node_a, address);
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(1, 0, block(1))), ErrorCode::ok);
  const auto b = client(node_b, address);
  BOOST_CHECK_EQUAL(sign_at_last(*b, precommit(1, 0, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(sign(*a, prevote(2, 0, block(1))), ErrorCode::sign_fenced);
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(2, 0, block(1))), ErrorCode::sign_fenced);
  BOOST_CHECK_EQUAL(sign(*b, prevote(2, 0, block(1))), ErrorCode::ok);
  const auto again = client(node_a, address);  // started again by its operator
  BOOST_CHECK_EQUAL(sign_at_last(*again, precommit(2, 0, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(sign(*b, precommit(2, 0, block(1))), ErrorCode::sign_fenced);
}

BOOST_AUTO_TEST_CASE(s12_a_connection_starts_with_what_was_signed_last) {
  const auto a = client(node_a, address);
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(1, 0, block(1))), ErrorCode::ok);
  a->close();
  const auto recent = a->poll(std::nullopt);
  BOOST_REQUIRE_EQUAL(recent.size(), 1u);
  BOOST_CHECK(recent[0].kind == SignedKind::prevote);
  BOOST_CHECK(recent[0].value == ValueId(block(1)));
}

BOOST_AUTO_TEST_CASE(strangers_and_garbage_do_not_disturb_the_node) {
  const auto a = client(node_a, address);
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(1, 0, block(1))), ErrorCode::ok);
  const auto stranger = client(SecretKey::generate(), address);
  BOOST_CHECK(stranger->poll(std::nullopt).empty());
  BOOST_CHECK_EQUAL(sign(*stranger, prevote(2, 0, block(1))), ErrorCode::unavailable);
  for (std::uint8_t n = 0; n < 5; ++n) {
    auto socket = signer::StreamSocket::connect(address, Duration::from_s(1), real());
    WITAN_REQUIRE_OK(socket);
    (void)socket->write(Bytes(60, n), real().now() + Duration::from_s(1));
  }
  BOOST_CHECK_EQUAL(sign(*a, precommit(1, 0, block(1))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(who_is_not_the_signer_is_not_believed) {
  const auto a = client(node_a, address, SecretKey::generate().node_id());
  BOOST_CHECK(a->poll(std::nullopt).empty());
  BOOST_CHECK_EQUAL(sign(*a, prevote(1, 0, block(1))), ErrorCode::unavailable);
}

BOOST_AUTO_TEST_CASE(a_drained_signer_is_told_to_the_operator) {
  const auto a = client(node_a, address);
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(1, 0, block(1))), ErrorCode::ok);
  (void)service->handle(self, signer::encode(signer::Request{1, 0, 0, signer::Drain{}}),
                        real().now());
  BOOST_CHECK_EQUAL(sign(*a, precommit(1, 0, block(1))), ErrorCode::sign_refused);
  BOOST_CHECK_EQUAL(metrics.signer_trouble.count(), 3u);
  stop();
  run();
  BOOST_CHECK_EQUAL(sign_at_last(*a, precommit(1, 0, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(metrics.signer_trouble.count(), 0u);
}

BOOST_AUTO_TEST_CASE(s13_a_raised_minimum_reaches_the_signer_before_the_next_signature) {
  const auto a = client(node_a, address);
  WITAN_REQUIRE_OK(a->raise_watermark(Height(4), round_all));
  BOOST_CHECK_EQUAL(sign_at_last(*a, prevote(4, 2, block(1))), ErrorCode::sign_refused);
  BOOST_CHECK_EQUAL(sign(*a, prevote(5, 0, block(1))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(the_socket_is_the_owners_and_one_process_has_it) {
  struct stat info {};
  BOOST_REQUIRE_EQUAL(stat(address.path.c_str(), &info), 0);
  BOOST_CHECK_EQUAL(info.st_mode & 0777U, 0600U);
  WITAN_CHECK_ERROR(signer::ListenSocket::listen(address, real()), ErrorCode::locked);
  stop();
  BOOST_CHECK(!std::filesystem::exists(address.path));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
