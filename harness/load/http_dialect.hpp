#pragma once

#include <string>

#include "load/driver.hpp"

namespace withstand::load {

/// How one system wants to be spoken to over HTTP, and what its answers mean. Pure; thread-safe.
class HttpDialect {
 public:
  struct Message {
    std::string method, path, content_type, body;
  };
  virtual ~HttpDialect() = default;
  [[nodiscard]] virtual Message message(const Request& request) const = 0;
  /// What a complete answer means; `node` is left empty.
  [[nodiscard]] virtual Response judge(Request::Kind kind, int status, const std::string& body) const = 0;
  /// Whether a node that answers so is left out for a while, where there are others.
  [[nodiscard]] virtual bool unavailable(int status) const = 0;
};

}  // namespace withstand::load
