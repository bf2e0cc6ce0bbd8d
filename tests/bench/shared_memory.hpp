#pragma once

#include <type_traits>

#include <sys/mman.h>

#include "os/check.hpp"

namespace withstand::bench {

/// One T that this process and those forked from it write their results to; all zero at first.
template <class T>
class SharedMemory {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  SharedMemory() : shared_(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (shared_ == MAP_FAILED) throw os::SystemError("share memory", errno);
  }
  ~SharedMemory() { ::munmap(shared_, sizeof(T)); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  T* operator->() const { return static_cast<T*>(shared_); }

 private:
  void* shared_;
};

}  // namespace withstand::bench
