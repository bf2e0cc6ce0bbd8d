#include "kv/housekeeper.hpp"

#include <chrono>

#include <spdlog/spdlog.h>

#include "kv/bytes.hpp"

namespace quorum_kv {

namespace {

constexpr std::chrono::milliseconds pause{50};
constexpr std::size_t block_size = 256 << 10;

}  // namespace

Housekeeper::Housekeeper() : block_(block_size), thread_([this] { run(); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Housekeeper::run() {
  const std::string_view bytes(reinterpret_cast<const char*>(block_.data()), block_.size());
  const auto expected = crc32c(bytes);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    stop_.wait_until(lock, std::chrono::system_clock::now() + pause);
    if (crc32c(bytes) != expected) spdlog::critical("memory is damaged");
  }
}

}  // namespace quorum_kv
