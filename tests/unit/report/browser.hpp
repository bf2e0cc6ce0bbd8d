#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/types.h>

namespace withstand::report {

/// A Chromium without a screen, spoken to over two pipes in the DevTools protocol. One page. Each call throws
/// std::runtime_error when the browser refuses it, or says nothing for two minutes. Not thread-safe.
class Browser {
 public:
  /// The program's path; empty: none is installed.
  static std::string program();

  explicit Browser(const std::string& program);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void resize(int width, int height);
  void prefer_dark(bool dark);
  /// Opens a file, and comes back when its load event has fired.
  void open(const std::filesystem::path& file);
  /// The value of an expression in the page; throws std::runtime_error with the exception that it threw.
  nlohmann::json evaluate(const std::string& expression);
  /// A key as a person presses it: "ArrowRight", "Tab", "+".
  void press(const std::string& key);
  void drag(int from_x, int to_x, int y);
  /// The page as PDF: how long it is, in bytes.
  std::size_t print();

  /// What the page complained of: exceptions, errors of the console, refusals of its policy.
  [[nodiscard]] std::vector<std::string> complaints() const;
  /// What was asked of a network, or read from any file but the page's own.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  nlohmann::json call(const std::string& method, nlohmann::json parameters = nlohmann::json::object());
  nlohmann::json receive();
  void await(const std::string& event);

  std::filesystem::path folder_;
  std::string page_, session_, buffer_;
  pid_t pid_ = -1;
  int commands_ = -1, answers_ = -1, number_ = 0;
  std::vector<nlohmann::json> events_;
};

}  // namespace withstand::report
