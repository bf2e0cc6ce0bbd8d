#include "lab/disk/buffer.hpp"

#include <sys/mman.h>

#include "os/check.hpp"

namespace withstand::lab::disk {

Buffer::Buffer(std::size_t size) {
  void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw os::SystemError("map a buffer", errno);
  bytes_ = {static_cast<std::byte*>(mapped), size};
}

Buffer::~Buffer() { ::munmap(bytes_.data(), bytes_.size()); }

Buffer& reply_buffer() {
  static thread_local Buffer buffer(most_data);
  return buffer;
}

}  // namespace withstand::lab::disk
