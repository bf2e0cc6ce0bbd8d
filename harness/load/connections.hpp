#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "load/config.hpp"
#include "load/driver.hpp"

namespace withstand::load {

/// One reply, read off a stream of bytes. What the bytes mean is the driver's.
class Reply {
 public:
  enum class State { more, complete, malformed };
  virtual ~Reply() = default;
  virtual State take(std::string_view bytes) = 0;
  /// The peer closed: complete where the protocol ends a reply that way, else malformed.
  virtual State end() = 0;
  /// Whether the connection may carry another request after this reply.
  [[nodiscard]] virtual bool keep_alive() const = 0;
};

/// TCP connections to the target, each carrying one request at a time and kept for the next one. A request that is
/// abandoned takes its connection with it, so nothing waits behind a silent peer. An idle connection on which anything
/// arrives (its end, most often) is closed at once, so that a request is not sent to a peer known to be gone.
class Connections {
 public:
  struct Result {
    Fate fate = Fate::unknown;  ///< done (the reply is complete), not_sent or unknown
    std::string error;          ///< "connection refused", "connection closed before the answer"
  };
  using Done = std::function<void(const Result&, Reply&)>;

  Connections(boost::asio::io_context& context, std::chrono::nanoseconds connect_timeout);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Returns the endpoint's number; the same one for the same address and port. Throws std::runtime_error unless the
  /// address is numeric.
  std::size_t add(const std::string& address, std::int64_t port);
  void exchange(std::uint64_t id, std::size_t endpoint, std::string request, std::unique_ptr<Reply> reply, Done done);
  /// Closes the request's connection; its `done` is not called. not_sent or unknown; not_sent when there is no such id.
  Fate abandon(std::uint64_t id);

 private:
  struct Connection;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::load
