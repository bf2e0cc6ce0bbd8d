#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <variant>

#include "load/driver.hpp"

namespace withstand::load {

struct HttpMessage {
  std::string method, path, content_type, body;
  std::chrono::nanoseconds after{};  ///< of a talk: how long to wait before it is sent
};

/// An operation of several exchanges with one node, each of which waits for the one before it.
class HttpTalk {
 public:
  virtual ~HttpTalk() = default;
  virtual HttpMessage first() = 0;
  /// What follows a complete answer: the next message, or what became of the operation (`node` is left empty).
  virtual std::variant<HttpMessage, Response> next(int status, const std::string& body) = 0;
  /// What became of it where no answer came: `fate` is that of the last message.
  [[nodiscard]] virtual Response lost(Fate fate, const std::string& error) const = 0;
};

/// How one system wants to be spoken to over HTTP, and what its answers mean. Pure; thread-safe.
class HttpDialect {
 public:
  using Message = HttpMessage;
  virtual ~HttpDialect() = default;
  [[nodiscard]] virtual Message message(const Request& request) const = 0;
  /// Of an operation that is more than one exchange, or that judge() cannot judge by its kind; else nothing.
  [[nodiscard]] virtual std::unique_ptr<HttpTalk> talk(const Request&) const { return nullptr; }
  /// What a complete answer means; `node` is left empty.
  [[nodiscard]] virtual Response judge(Request::Kind kind, int status, const std::string& body) const = 0;
  /// Whether a node that answers so is left out for a while, where there are others.
  [[nodiscard]] virtual bool unavailable(int status) const = 0;
};

}  // namespace withstand::load
