#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

/// Real quorum-kv processes on loopback, each gone when its object is.
namespace quorum_kv::testing {

struct Answer {
  int status = 0;  ///< 0: no answer came
  std::string body;
};

/// One HTTP request on a connection of its own.
Answer http(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body = "");

/// Ports that were free a moment ago.
std::vector<std::uint16_t> free_ports(std::size_t count);

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Reads its standard error until a line holds `text`. False when it ended before.
  bool wait_for_line(const std::string& text);
  void signal(int number) const;
  /// Its exit code, or 128 + the signal that ended it.
  int wait();
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  pid_t pid_ = -1;
  int stderr_ = -1;
  std::string output_;
};

}  // namespace quorum_kv::testing
