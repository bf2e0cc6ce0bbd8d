#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "load/driver.hpp"
#include "load/final_reader.hpp"
#include "load/generator.hpp"
#include "load/history_file.hpp"
#include "load/protocol.hpp"
#include "os/fd.hpp"

namespace withstand::load {

/// A load process: commands come in on its control socket, operations go out through its driver. One thread, one loop
/// that sleeps until something is due or something happened.
class LoadProcess {
 public:
  explicit LoadProcess(os::Fd control);
  ~LoadProcess();
  LoadProcess(const LoadProcess&) = delete;
  LoadProcess& operator=(const LoadProcess&) = delete;
  /// Until it is told to exit or the control socket is hung up (returns 0), or it cannot go on (returns 3).
  int run();

 private:
  void wait_for_commands();
  void wait_for_alarm();
  void take_commands();
  void take(const Command& command);
  void configure(const Config& config);
  void begin_final_reads(const Command& command);
  bool turn();  ///< does what is due; true when more is due already
  void report();
  void tell(const Message& message);
  void flush_messages();
  void sleep_until(std::optional<core::Instant> wake);
  void break_down(const std::string& why);

  os::Fd control_, timer_;
  boost::asio::io_context context_{1};
  boost::asio::posix::stream_descriptor commands_, alarm_;
  Config config_;
  std::unique_ptr<HistoryFile> history_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Generator> generator_;
  std::unique_ptr<FinalReader> final_reader_;
  std::optional<std::uint64_t> next_id_;  ///< for reading back
  std::deque<std::string> unsent_;        ///< messages that the socket did not take yet
  bool told_finished_ = false, leaving_ = false, broken_ = false;
};

}  // namespace withstand::load
