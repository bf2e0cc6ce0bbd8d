#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/driver.hpp"
#include "load/postgres_answer.hpp"
#include "load/postgres_options.hpp"

namespace withstand::load {

struct PostgresStatement {
  std::string text;
  std::vector<std::string> values{};  ///< of $1, $2, ...
};

/// Connections of libpq to the target, each carrying one statement at a time and kept for the next one; at most
/// `options.connections` to each node, beyond which statements wait in line. A statement is sent once.
class PostgresConnections {
 public:
  using Statement = PostgresStatement;
  struct Result {
    bool sent = false;
    PostgresAnswer answer;  ///< where it was sent; else `message` says why not
  };
  using Done = std::function<void(const Result&)>;
  /// What is to follow that answer on the same connection; nothing: that was the last.
  using Next = std::function<std::optional<Statement>(const PostgresAnswer&)>;

  PostgresConnections(boost::asio::io_context& context, const PostgresOptions& options);
  ~PostgresConnections();
  PostgresConnections(const PostgresConnections&) = delete;
  PostgresConnections& operator=(const PostgresConnections&) = delete;

  /// Returns the endpoint's number, from 0.
  std::size_t add(const std::string& address, std::int64_t port);
  /// With `next` several statements, one after the other's answer; `done` gets the last one's.
  void ask(std::uint64_t id, std::size_t endpoint, Statement statement, Done done, Next next = nullptr);
  /// Gives up on a statement: its `done` is not called. Its connection is closed or goes on waiting, as the options
  /// say. not_sent or unknown; not_sent when there is no such id.
  Fate abandon(std::uint64_t id);

 private:
  struct Connection;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::load
