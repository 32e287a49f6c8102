// Byte streams between a node and its signer: unix sockets and TCP, with a deadline on every call.
// Blocking on purpose: the client's thread is the effect runner's own, the server has one for each
// of its few connections.
#pragma once
#include <optional>
#include <span>

#include "config/signer_address.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/time.hpp"

namespace witan::signer {

class StreamSocket {
 public:
  // Takes over an open descriptor.
  StreamSocket(int fd, const Clock& clock);
  ~StreamSocket();
  StreamSocket(StreamSocket&& other) noexcept;
  StreamSocket& operator=(StreamSocket&& other) noexcept;
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;

  // Errors: network (refused, unreachable, no such file), timeout.
  [[nodiscard]] static Result<StreamSocket> connect(const SignerAddress& address, Duration limit,
                                                    const Clock& clock);
  // All of it or an error. Errors: timeout, network (closed, reset).
  [[nodiscard]] Status write(ByteView bytes, Instant until);
  [[nodiscard]] Status read(std::span<std::uint8_t> out, Instant until);
  // Ends reads and writes of any thread; the descriptor stays until destruction.
  void shutdown() const;
  [[nodiscard]] const Clock& clock() const { return *clock_; }

 private:
  [[nodiscard]] Status wait(short events, Instant until) const;
  int fd_;
  const Clock* clock_;
};

class ListenSocket {
 public:
  // A unix socket is made with mode 0600; a file left by a process that is gone is replaced.
  // Errors: locked (somebody listens there), io, config.
  [[nodiscard]] static Result<ListenSocket> listen(const SignerAddress& address,
                                                   const Clock& clock);
  ~ListenSocket();  // removes the file
  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;

  // The next connection; nothing after `limit` without one. Errors: io.
  [[nodiscard]] Result<std::optional<StreamSocket>> accept(Duration limit) const;
  // With the port that was really taken.
  [[nodiscard]] const SignerAddress& address() const { return address_; }

 private:
  ListenSocket(int fd, SignerAddress address, const Clock& clock)
      : fd_(fd), address_(std::move(address)), clock_(&clock) {}
  int fd_;
  SignerAddress address_;
  const Clock* clock_;
};

}  // namespace witan::signer
