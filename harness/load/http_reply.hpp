#pragma once

#include <memory>
#include <string>

#include "load/connections.hpp"
#include "load/http_options.hpp"

namespace withstand::load {

/// An HTTP/1.1 response as it comes in (Boost.Beast's parser).
class HttpReply : public Reply {
 public:
  HttpReply();
  ~HttpReply() override;
  State take(std::string_view bytes) override;
  State end() override;
  [[nodiscard]] bool keep_alive() const override;

  /// Once complete:
  [[nodiscard]] int status() const;
  [[nodiscard]] const std::string& body() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a complete answer means for a request. `node` is left empty; a value is named as it is in the history's writes.
Response judge_http(Request::Kind kind, int status, const std::string& body, const HttpOptions& options);

}  // namespace withstand::load
