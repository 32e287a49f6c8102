// The operator's socket: who may ask, what is answered, and that nobody holds it for long.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "actors/api/admin_commands.hpp"
#include "actors/api/admin_socket.hpp"
#include "actors/runtime/faults/plan.hpp"
#include "tests/unit/faults/rules.hpp"

namespace witan::faults {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/witan-admin-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  FilePath path;
  FilePath socket() const { return path / "admin.sock"; }
};

// A client that connects and says nothing, or only this.
class Client {
 public:
  Client(const FilePath& path, std::string_view text) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    BOOST_REQUIRE_EQUAL(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  std::string rest() const {
    std::string out;
    char c = 0;
    while (::read(fd_, &c, 1) == 1) out += c;
    return out;
  }

 private:
  int fd_;
};

std::string echo(const std::string& request) { return "<" + request + ">"; }

bool says(const std::string& answer, const std::string& text) {
  return answer.find(text) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(admin_test)

BOOST_AUTO_TEST_CASE(a_line_is_answered_by_a_line_and_only_the_owner_may_ask) {
  const Folder folder;
  auto socket = AdminSocket::start({.path = folder.socket()}, echo);
  WITAN_REQUIRE_OK(socket);
  struct stat info {};
  BOOST_REQUIRE_EQUAL(::stat(folder.socket().c_str(), &info), 0);
  BOOST_CHECK_EQUAL(info.st_mode & 0777, 0600U);
  for (int i = 0; i < 3; ++i) {
    const auto answer = ask_admin(folder.socket(), "hello");
    WITAN_REQUIRE_OK(answer);
    BOOST_CHECK_EQUAL(*answer, "<hello>");
  }
  socket->reset();
  BOOST_CHECK(!std::filesystem::exists(folder.socket()));
  WITAN_CHECK_ERROR(ask_admin(folder.socket(), "hello"), ErrorCode::network);
}

BOOST_AUTO_TEST_CASE(silent_and_endless_clients_do_not_hold_the_door) {
  const Folder folder;
  auto socket = AdminSocket::start(
      {.path = folder.socket(), .request_bytes_max = 1000, .deadline = Duration::from_ms(100)},
      echo);
  WITAN_REQUIRE_OK(socket);
  const Client silent(folder.socket(), "no line end");
  const auto answer = ask_admin(folder.socket(), "next");
  WITAN_REQUIRE_OK(answer);
  BOOST_CHECK_EQUAL(*answer, "<next>");
  BOOST_CHECK(says(silent.rest(), "timeout"));
  const Client endless(folder.socket(), std::string(1001, 'x'));
  BOOST_CHECK(says(endless.rest(), "too_large"));
  { const Client gone(folder.socket(), ""); }
  WITAN_REQUIRE_OK(ask_admin(folder.socket(), "again"));
  const Client waiting(folder.socket(), "x");
  socket->reset();  // ends without waiting for it
}

BOOST_AUTO_TEST_CASE(an_older_socket_is_replaced_and_a_bad_path_is_refused) {
  const Folder folder;
  auto first = AdminSocket::start({.path = folder.socket()}, echo);
  WITAN_REQUIRE_OK(first);
  auto second = AdminSocket::start({.path = folder.socket()}, echo);
  WITAN_REQUIRE_OK(second);
  WITAN_CHECK_ERROR(AdminSocket::start({.path = folder.path / "none" / "a"}, echo), ErrorCode::io);
  WITAN_CHECK_ERROR(AdminSocket::start({.path = folder.path / std::string(200, 'x')}, echo),
                    ErrorCode::io);
}

BOOST_AUTO_TEST_CASE(rules_are_added_listed_and_cleared) {
  Rules rules(RulesOptions{.obeyed = {Target::actor, Target::clock}});
  const auto run = [&](const std::string& request) { return run_admin_command(request, &rules); };
  BOOST_CHECK_EQUAL(run(R"({"command":"fault_add","rules":"on /a do drop"})"), R"({"added":[1]})");
  BOOST_CHECK_EQUAL(
      run(R"({"command":"fault_add","rules":"on /a do drop\non clock do step 1s\n"})"),
      R"({"added":[2,3]})");
  BOOST_CHECK(says(run(R"({"command":"fault_list"})"), R"("id":3)"));
  BOOST_CHECK(says(run(R"({"command":"fault_list"})"), R"("rule":"on clock do step 1s")"));
  BOOST_CHECK_EQUAL(run(R"({"command":"fault_clear","id":2})"), R"({"cleared":1})");
  BOOST_CHECK_EQUAL(run(R"({"command":"fault_clear"})"), R"({"cleared":2})");
  BOOST_CHECK_EQUAL(run(R"({"command":"fault_list"})"), R"({"rules":[]})");
}

BOOST_AUTO_TEST_CASE(bad_requests_change_nothing_and_say_why) {
  Rules rules({});
  const auto run = [&](const std::string& request) { return run_admin_command(request, &rules); };
  for (const char* bad : {"", "x", "[]", "{}", R"({"command":1})", R"({"command":"stop"})",
                          R"({"command":"fault_add"})", R"({"command":"fault_clear","id":-1})",
                          R"({"command":"fault_clear","id":7})", "{\"command\":\"\xff\"}"})
    BOOST_CHECK_MESSAGE(says(run(bad), "\"error\""), bad << " gave " << run(bad));
  const auto place = run(R"({"command":"fault_add","rules":"on /a do drop\non /a do fly"})");
  BOOST_CHECK_MESSAGE(says(place, "bad_rule") && says(place, "rules:2:10"), place);
  BOOST_CHECK(
      says(run(R"({"command":"fault_add","rules":"on /a message Vot do drop"})"), "column 15"));
  BOOST_CHECK(rules.list().empty());
}

BOOST_AUTO_TEST_CASE(rules_for_what_the_node_cannot_break_are_refused_whole) {
  Rules rules(RulesOptions{.obeyed = {Target::actor, Target::disk, Target::clock}});
  const auto run = [&](const std::string& request) { return run_admin_command(request, &rules); };
  const auto answer =
      run(R"({"command":"fault_add","rules":"on /a do drop\non link a -> b do drop"})");
  BOOST_CHECK_MESSAGE(says(answer, "bad_rule") && says(answer, "link"), answer);
  BOOST_CHECK(rules.list().empty());
  BOOST_CHECK_EQUAL(
      run(R"({"command":"fault_add","rules":"on /a do drop\non disk **/wal/* do io_error"})"),
      R"({"added":[1,2]})");
}

BOOST_AUTO_TEST_CASE(on_a_live_chain_every_fault_command_is_refused) {
  for (const char* command : {"fault_add", "fault_list", "fault_clear"})
    BOOST_CHECK(says(
        run_admin_command(
            R"({"command":")" + std::string(command) + R"(","rules":"on /a do drop"})", nullptr),
        "not_allowed"));
}

BOOST_AUTO_TEST_CASE(messages_in_quarantine_are_dropped_and_replayed) {
  QuarantineCommands commands;
  commands.drop = [](const std::string& id) -> Result<std::string> {
    if (id != "abcd") return fail(ErrorCode::not_found, id, "no such message");
    return std::string("abcdef");
  };
  const auto run = [&](const std::string& request) {
    return run_admin_command(request, nullptr, commands);
  };
  const std::string replay = R"({"command":"quarantine_replay","id":"abcd"})";
  BOOST_CHECK_EQUAL(run(R"({"command":"quarantine_drop","id":"abcd"})"), R"({"dropped":"abcdef"})");
  BOOST_CHECK(says(run(R"({"command":"quarantine_drop","id":"ffff"})"), "not_found"));
  BOOST_CHECK(says(run(R"({"command":"quarantine_drop","id":7})"), "missing"));
  BOOST_CHECK(says(run(replay), "not_allowed"));  // on a live chain
  std::string reason = "bad";
  commands.replay = [&reason](const std::string&) -> Result<ReplayAnswer> {
    return ReplayAnswer{"abcdef", reason};
  };
  BOOST_CHECK_EQUAL(run(replay), R"({"id":"abcdef","outcome":"threw","reason":"bad"})");
  reason.clear();
  BOOST_CHECK_EQUAL(run(replay), R"({"id":"abcdef","outcome":"handled"})");
}

WITAN_PROPERTY(any_request_is_answered, [](const std::string& request) {
  Rules rules({});
  RC_ASSERT(!run_admin_command(request, &rules).empty());
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::faults
