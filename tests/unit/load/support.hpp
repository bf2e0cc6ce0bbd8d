#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "load/config.hpp"
#include "load/driver.hpp"
#include "load/generator.hpp"
#include "record/history.hpp"

namespace withstand::load::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// A folder of its own that goes with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "withstand-load-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::vector<record::Operation> read_back(const std::string& path) {
  std::ifstream in(path);
  auto reading = record::read_history(in);
  EXPECT_TRUE(reading.problems.empty()) << reading.problems.front();
  return reading.operations;
}

inline Config register_config(const std::string& history) {
  Config config;
  config.seed = 7;
  config.workload = "register";
  config.driver = "http";
  config.history = history;
  return config;
}

/// A server in virtual time: one thing at a time in order of arrival, each taking `service`, and nothing at all during
/// a stall.
class FakeServer : public Driver {
 public:
  explicit FakeServer(nanoseconds& now) : now_(now) {}

  void submit(const Request& request, Done done) override {
    requests.push_back(request);
    if (silent) {
      waiting_.emplace(request.id, Pending{nanoseconds::max(), std::move(done)});
      return;
    }
    const auto begin = after_stall(std::max(now_, free_));
    free_ = begin + service;
    waiting_.emplace(request.id, Pending{free_, std::move(done)});
    order_.push(request.id);
  }

  Response abandon(std::uint64_t id) override {
    waiting_.erase(id);
    return {Fate::unknown, std::nullopt, "n1", "timeout"};
  }

  std::optional<nanoseconds> next() {
    while (!order_.empty() && !waiting_.contains(order_.front())) order_.pop();
    if (order_.empty()) return std::nullopt;
    return waiting_.at(order_.front()).at;
  }

  void answer() {
    while (next() && *next() <= now_) {
      const auto done = std::move(waiting_.at(order_.front()).done);
      waiting_.erase(order_.front());
      done({Fate::done, "x", "n1", ""});
    }
  }

  nanoseconds service = microseconds(20);
  nanoseconds stall_from = nanoseconds::max(), stall_to = nanoseconds::max();
  bool silent = false;
  std::vector<Request> requests;

 private:
  struct Pending {
    nanoseconds at;
    Done done;
  };
  nanoseconds after_stall(nanoseconds at) const { return at >= stall_from && at < stall_to ? stall_to : at; }

  nanoseconds& now_;
  nanoseconds free_{};
  std::map<std::uint64_t, Pending> waiting_;
  std::queue<std::uint64_t> order_;
};

/// Runs a generator against a fake server in virtual time, from 0 until `end` and then until nothing is under way.
inline void run_virtually(Generator& generator, FakeServer& server, nanoseconds& now, nanoseconds end) {
  while (!generator.finished()) {
    if (now >= end) generator.stop();
    server.answer();
    if (generator.advance()) continue;
    auto next = generator.next_wake();
    if (const auto answer = server.next(); answer && (!next || *answer < *next)) next = answer;
    if (generator.finished()) return;
    if (now < end) next = next ? std::min(*next, end) : end;
    now = std::max(now, next.value());
  }
}

}  // namespace withstand::load::testing
