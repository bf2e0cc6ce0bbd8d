#pragma once

#include <cstddef>
#include <span>

namespace withstand::lab::disk {

/// The most that one read or write of the kernel carries (fuse_main(8): 256 pages).
inline constexpr std::size_t most_data = 1024 * 1024;

/// Page-aligned memory of its own mapping.
class Buffer {
 public:
  explicit Buffer(std::size_t size);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  [[nodiscard]] std::byte* data() { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  std::span<std::byte> bytes_;
};

/// This thread's, of most_data bytes, for what it reads on behalf of a request.
Buffer& reply_buffer();

}  // namespace withstand::lab::disk
