#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace quorum_kv {

/// The planted bug `busy-timer`: every 50 ms by the wall clock a thread of its own looks through a block of memory for
/// damage (some 0.1 ms of work). It takes whatever ends its wait for the 50 ms having gone by, as many programs did in
/// the night to 2012-07-01: where timers end early it never rests again.
class Housekeeper {
 public:
  Housekeeper();
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<std::byte> block_;
  std::thread thread_;
};

}  // namespace quorum_kv
