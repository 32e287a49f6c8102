// The tools' HTTP client against a server that says exactly the bytes a test wants.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/boost_test.hpp"
#include "tools/http/http_loop.hpp"
#include "tools/witan/http_client.hpp"

namespace witan::web {
namespace {

using Connections = std::vector<std::vector<std::string>>;

// Takes one connection for each list, answers its n-th request (a head that ends in a blank line)
// with the n-th text, and closes after the last one.
class ScriptedServer {
 public:
  explicit ScriptedServer(Connections script) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE_EQUAL(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    BOOST_REQUIRE_EQUAL(::listen(listener_, 8), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url = HttpUrl{"127.0.0.1", std::to_string(ntohs(address.sin_port))};
    thread_ = std::thread([this, script = std::move(script)] { serve(script); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  HttpUrl url;
  std::vector<std::string> requests;  // read it after the last answer

 private:
  void serve(const Connections& script) {
    for (const auto& answers : script) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      for (const std::string& answer : answers) {
        std::string request;
        char byte = 0;
        while (!request.ends_with("\r\n\r\n") && ::recv(peer, &byte, 1, 0) == 1) request += byte;
        requests.push_back(request);
        (void)::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      ::close(peer);
    }
  }

  int listener_;
  std::thread thread_;
};

std::string reply(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

cli::HttpConnection connect(const ScriptedServer& server) {
  return cli::HttpConnection(server.url, Duration::from_s(5));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client_test)

BOOST_AUTO_TEST_CASE(a_url_is_host_and_port) {
  for (const char* text : {"http://a:1", "a:1", "http://a:1/"}) {
    const auto url = parse_url(text, "--node");
    WITAN_REQUIRE_OK(url);
    BOOST_CHECK_EQUAL(url->to_string(), "http://a:1");
  }
  const auto v6 = parse_url("http://[::1]:26657", "");
  WITAN_REQUIRE_OK(v6);
  BOOST_CHECK_EQUAL(v6->host, "::1");
  BOOST_CHECK_EQUAL(v6->authority(), "[::1]:26657");
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(":1"), std::string("a:0"),
        std::string("a:65536"), std::string("a:x"), std::string("https://a:1"),
        std::string("http://a:1/path"), std::string(301, 'a') + ":1"}) {
    const auto url = parse_url(text, "--node");
    WITAN_CHECK_ERROR(url, ErrorCode::usage);
    BOOST_CHECK_EQUAL(url.error().field, "--node");
  }
}

BOOST_AUTO_TEST_CASE(replies_of_every_length_coding_are_read_on_one_connection) {
  ScriptedServer server(Connections{{reply("one"), reply(""),
                                     "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: "
                                     "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                                     "HTTP/1.1 204 No Content\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end"}});
  auto connection = connect(server);
  const std::vector<std::pair<unsigned, std::string>> want{
      {200, "one"}, {200, ""}, {404, "abcde"}, {204, ""}, {200, "to the end"}};
  for (const auto& [status, body] : want) {
    const auto got = connection.get("/x?y=1");
    WITAN_REQUIRE_OK(got);
    BOOST_CHECK_EQUAL(got->status, status);
    BOOST_CHECK_EQUAL(got->body, body);
  }
  BOOST_CHECK_EQUAL(server.requests.size(), 5U);
  BOOST_CHECK_EQUAL(server.requests[0],
                    "GET /x?y=1 HTTP/1.1\r\nHost: " + server.url.authority() + "\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_connection_closed_between_two_requests_is_opened_again_once) {
  ScriptedServer server(Connections{{reply("first")}, {reply("second")}, {}, {}});
  auto connection = connect(server);
  BOOST_CHECK_EQUAL(connection.get("/")->body, "first");
  BOOST_CHECK_EQUAL(connection.get("/")->body, "second");
  WITAN_CHECK_ERROR(connection.get("/"), ErrorCode::network);  // the second try is closed, too
}

BOOST_AUTO_TEST_CASE(what_is_no_reply_is_an_error_with_the_url) {
  for (const std::string& bytes :
       {std::string("garbage\r\n\r\n"), std::string("HTTP/9.9 200 OK\r\n\r\n"),
        std::string("HTTP/1.1 xyz\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n")}) {
    ScriptedServer server(Connections{{bytes}});
    const auto got = connect(server).get("/");
    WITAN_CHECK_ERROR(got, ErrorCode::malformed);
    if (!got) BOOST_CHECK_EQUAL(got.error().field, server.url.to_string());
  }
  for (const std::string& bytes :
       {std::string(), std::string("HTTP/1.1 200"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")}) {
    ScriptedServer server(Connections{{bytes}});
    WITAN_CHECK_ERROR(connect(server).get("/"), ErrorCode::network);
  }
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing_is_given_up_in_time) {
  ScriptedServer server(
      Connections{{std::string(), std::string()}});  // reads on: the client sends no second request
  cli::HttpConnection connection(server.url, Duration::from_ms(100));
  const Instant begin = HttpLoop::now();
  const auto got = connection.get("/");
  WITAN_CHECK_ERROR(got, ErrorCode::timeout);
  BOOST_CHECK(HttpLoop::now() - begin < Duration::from_s(3));
  BOOST_CHECK(!got && got.error().text.find("100 ms") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nobody_there_is_said_so) {
  std::string url;
  {
    const ScriptedServer gone(Connections{});
    url = gone.url.to_string();
  }
  const auto got = http_get(url, "/", Duration::from_s(5));
  WITAN_CHECK_ERROR(got, ErrorCode::network);
  BOOST_CHECK(!got && got.error().text.find("does the node run?") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::web
