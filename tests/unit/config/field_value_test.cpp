// Every field: a value that is written is read again, and its range is enforced at both ends.
#include "config/field_value.hpp"

#include "config/loader.hpp"
#include "config/suggest.hpp"
#include "config/writer.hpp"
#include "crypto/keys.hpp"
#include "messages/base/hex.hpp"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

std::string printable_text(std::uint64_t size_min, std::uint64_t size_max) {
  const auto size =
      *rc::gen::inRange<std::size_t>(size_min, std::min<std::size_t>(size_max, 40) + 1);
  return *rc::gen::container<std::string>(size, rc::gen::inRange<char>(' ', '\x7f'));
}

SocketAddress any_address() {
  const auto host =
      *rc::gen::element<std::string>("::1", "10.1.2.3", "node-1.example.org", "fe80::a:1");
  return {host, *rc::gen::inRange<std::uint16_t>(1, 65535)};
}

struct Arbitrary {
  const Field& field;
  void operator()(bool* slot) const { *slot = *rc::gen::arbitrary<bool>(); }
  void operator()(std::uint64_t* slot) const {
    *slot = *rc::gen::inRange<std::uint64_t>(field.min, field.max + 1);
  }
  void operator()(std::string* slot) const {
    if (field.choices.empty()) {
      *slot = printable_text(field.min, field.max);
    } else {
      *slot = std::string(field.choices.substr(0, field.choices.find('|')));
    }
  }
  void operator()(SocketAddress* slot) const { *slot = any_address(); }
  void operator()(std::vector<PeerAddress>* slot) const {
    slot->clear();
    const auto count = *rc::gen::inRange<int>(0, 4);
    for (int i = 0; i < count; ++i)
      slot->push_back({SecretKey::generate().node_id(), any_address()});
  }
};

NodeConfig any_config() {
  NodeConfig config;
  for (const Field& field : field_table()) std::visit(Arbitrary{field}, field.slot(config));
  config.instrumentation.metrics_prefix = "witan_test";
  config.log.level = *rc::gen::element<std::string>("off", "consensus:trace,*:warn");
  config.mempool.per_sender_max = std::min(config.mempool.per_sender_max, config.mempool.size);
  if (config.storage.retain_blocks < 1024) config.storage.retain_blocks = 0;
  config.signer.address = *rc::gen::element<std::string>("", "unix:///run/s.sock", "tcp://[::1]:9");
  const SecretKey key = SecretKey::generate();
  const bool apart = !config.signer.address.empty();
  config.signer.public_key = apart ? to_hex(key.node_id()) : "";
  config.signer.validator_key = apart ? to_hex(key.public_key()) : "";
  return config;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(field_value_test)

WITAN_PROPERTY(a_written_file_reads_as_the_same_configuration, [] {
  const NodeConfig config = any_config();
  const auto again = parse_config(write_config(config), "written");
  if (config.rpc.laddr == config.p2p.laddr) {
    RC_ASSERT(!again);
  } else {
    if (!again) RC_FAIL(again.error().to_string());
    RC_ASSERT(*again == config);
  }
});

BOOST_AUTO_TEST_CASE(every_number_is_checked_at_both_ends) {
  for (const Field& field : field_table()) {
    NodeConfig config;
    if (!std::holds_alternative<std::uint64_t*>(field.slot(config))) continue;
    BOOST_TEST_CONTEXT(field.key) {
      const auto set = [&](std::uint64_t value) {
        return assign(field, {static_cast<std::int64_t>(value), "here"}, config);
      };
      BOOST_CHECK(set(field.min));
      BOOST_CHECK(set(field.max));
      BOOST_CHECK_EQUAL(*std::get<std::uint64_t*>(field.slot(config)), field.max);
      WITAN_CHECK_ERROR(set(field.max + 1), ErrorCode::config);
      WITAN_CHECK_ERROR(set(field.min - 1), ErrorCode::config);  // -1 when min is 0
    }
  }
}

BOOST_AUTO_TEST_CASE(the_table_names_every_field_once_and_its_defaults_are_valid) {
  NodeConfig config;
  std::set<std::string_view> keys;
  std::set<std::string> environment;
  std::set<const void*> slots;
  for (const Field& field : field_table()) {
    BOOST_TEST_CONTEXT(field.key) {
      BOOST_CHECK(keys.insert(field.key).second);
      BOOST_CHECK(environment.insert(environment_name(field.key)).second);
      BOOST_CHECK(
          slots.insert(std::visit([](auto* p) -> const void* { return p; }, field.slot(config)))
              .second);
      BOOST_CHECK(!field.help.empty());
      BOOST_CHECK(find_field(field.key) == &field);
    }
  }
  const auto again = parse_config(write_config(config), "defaults");
  WITAN_REQUIRE_OK(again);
  BOOST_CHECK(*again == config);
}

BOOST_AUTO_TEST_CASE(addresses_are_written_as_they_are_read) {
  for (const std::string text : {"127.0.0.1:0", "[::1]:65535", "a-b.c_d:1"}) {
    const auto address = parse_socket_address(text);
    WITAN_REQUIRE_OK(address);
    BOOST_CHECK_EQUAL(to_string(*address), text);
  }
  for (const std::string text :
       {"", ":1", "a:", "a:-1", "a:1x", "::1:5", "[::1:5", "[g]:1", "a b:1", "a:+1"}) {
    BOOST_TEST_CONTEXT(text) { BOOST_CHECK(!parse_socket_address(text)); }
  }
}

BOOST_AUTO_TEST_CASE(a_suggestion_is_near_or_absent) {
  constexpr std::array<std::string_view, 3> known{"laddr", "moniker", "size"};
  BOOST_CHECK(nearest_name("ladr", known) == "laddr");
  BOOST_CHECK(nearest_name("monicker", known) == "moniker");
  BOOST_CHECK(!nearest_name("zzzzz", known));
  BOOST_CHECK(!nearest_name(std::string(100, 'a'), known));
  BOOST_CHECK_EQUAL(did_you_mean("sise", known), "; did you mean \"size\"?");
  BOOST_CHECK_EQUAL(did_you_mean("quux", known), "");
}

BOOST_AUTO_TEST_SUITE_END()
