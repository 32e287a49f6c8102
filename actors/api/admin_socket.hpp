// The operator's door on the host itself: a unix domain socket in the node's home, mode 0600.
//
// One request a connection: a line of JSON, answered by a line of JSON, then the connection closes.
// Only the user the node runs as, and root, are answered. One client at a time, on a thread of its
// own; a request has at most request_bytes_max bytes and `deadline` to arrive and to be read back,
// so no client can hold the door for long.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "messages/base/result.hpp"
#include "messages/base/time.hpp"
#include "storage/file_system.hpp"

namespace witan {

struct AdminOptions {
  FilePath path;  // an older socket of this name is replaced: the caller holds the home's lock
  std::size_t request_bytes_max = 64 * 1024;
  Duration deadline = Duration::from_s(5);
};

class AdminSocket {
 public:
  // Gives the answer to a request, both without their line ends. Called on the socket's thread;
  // must not block for long and must not throw.
  using Handler = std::function<std::string(const std::string& request)>;

  // Errors: io (field = path): the folder is missing, or the path is longer than a socket's may be.
  [[nodiscard]] static Result<std::unique_ptr<AdminSocket>> start(AdminOptions options,
                                                                  Handler handler);
  // Answers nobody any more and removes the socket. Ends within the deadline of a running request.
  virtual ~AdminSocket() = default;
};

// Sends a request to the socket of a running node and gives its answer. Errors: network (nobody
// listens), timeout, too_large.
[[nodiscard]] Result<std::string> ask_admin(const FilePath& path, const std::string& request,
                                            Duration deadline = Duration::from_s(10));

}  // namespace witan
