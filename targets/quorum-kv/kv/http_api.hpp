#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kv/coordinator.hpp"
#include "kv/http_server.hpp"
#include "kv/metrics.hpp"

namespace quorum_kv {

/// The key in "/kv/KEY" with %XX undone; nothing when the target is not of this form or the key is empty or too long.
std::optional<std::string> key_of(std::string_view target);

/// What clients can ask; the README's table describes it.
class HttpApi {
 public:
  using Gauges = std::function<Metrics::Gauges()>;
  HttpApi(std::string name, Coordinator& coordinator, const Clock& clock, Gauges gauges);

  void handle(const HttpRequest& request, HttpServer::Respond respond);
  /// From now on operations are refused, with no effect.
  void stop() { stopping_ = true; }

 private:
  [[nodiscard]] HttpResponse health() const;
  void read(const std::string& key, HttpServer::Respond respond);
  void write(const std::string& key, const std::string& value, HttpServer::Respond respond);

  std::string name_;
  Coordinator& coordinator_;
  const Clock& clock_;
  Gauges gauges_;
  Metrics metrics_;
  bool stopping_ = false;
};

}  // namespace quorum_kv
