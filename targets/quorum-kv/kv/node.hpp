#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "kv/coordinator.hpp"
#include "kv/housekeeper.hpp"
#include "kv/http_api.hpp"
#include "kv/http_server.hpp"
#include "kv/log_writer.hpp"
#include "kv/options.hpp"
#include "kv/peer_link.hpp"
#include "kv/peer_server.hpp"
#include "kv/processor_use.hpp"
#include "kv/replica.hpp"

namespace quorum_kv {

/// One member of the store: everything but the log's thread runs on one event loop.
class Node : private Transport, private Clock {
 public:
  /// Opens the log and then listens: a node that can be reached can serve. Throws Refusal, StorageError.
  explicit Node(const Options& options);
  ~Node() override;

  /// Until SIGTERM or SIGINT.
  void run();

 private:
  Node(const Options& options, Log::Opened opened);

  void send(std::uint32_t to, const Request& request) override;
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override;
  [[nodiscard]] std::chrono::nanoseconds wall() const override;

  void make_links();
  void tick();
  void compact_when_big();
  void begin_stop();
  [[nodiscard]] bool reaches_majority() const;
  [[nodiscard]] Metrics::Gauges gauges() const;

  const Options options_;
  const std::uint64_t recovered_keys_;
  boost::asio::io_context io_{1};
  LogWriter writer_;
  Replica replica_;
  Coordinator coordinator_;
  std::vector<std::unique_ptr<PeerLink>> links_;  ///< by index; none for this node itself
  HttpApi api_;
  PeerServer peer_server_;
  HttpServer http_server_;
  std::unique_ptr<Housekeeper> housekeeper_;  ///< only where its mistake is planted
  ProcessorUse processor_use_;
  boost::asio::steady_timer timer_{io_};
  boost::asio::signal_set signals_{io_};
  std::uint64_t compacted_size_;  ///< bytes that counted when the log was last rewritten
  bool compacting_ = false;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point stop_at_{};
};

}  // namespace quorum_kv
