#include "lab/link/pcapng.hpp"

#include <algorithm>
#include <cstring>

namespace withstand::lab::link::pcapng {
namespace {

enum BlockType : std::uint32_t { section_header = 0x0a0d0d0a, interface_description = 1, enhanced_packet = 6 };
enum Option : std::uint16_t {
  end_of_options = 0,
  comment_option = 1,
  interface_name = 2,
  interface_about = 3,
  user_application = 4,
  time_resolution = 9,
};
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint16_t link_type_raw = 101;
constexpr std::uint8_t nanoseconds = 9;  // a power of ten, negated
constexpr std::size_t longest_option = 0xffff;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Writes a block's type at once and its length, on both ends, when it is closed.
class Block {
 public:
  Block(Buffer& out, BlockType type) : out_(out), start_(out.size()) {
    put(static_cast<std::uint32_t>(type));
    put(std::uint32_t{0});
  }
  ~Block() {
    const auto length = static_cast<std::uint32_t>(out_.size() - start_ + sizeof(std::uint32_t));
    put(length);
    std::memcpy(out_.data() + start_ + sizeof(std::uint32_t), &length, sizeof length);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  template <class T>
  void put(T value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  /// Padded to whole 32-bit words, as all parts of a block are.
  void put_padded(std::span<const std::byte> bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    out_.resize(start_ + (out_.size() - start_ + 3) / 4 * 4);
  }
  void option(Option code, std::span<const std::byte> value) {
    value = value.first(std::min(value.size(), longest_option));
    put(static_cast<std::uint16_t>(code));
    put(static_cast<std::uint16_t>(value.size()));
    put_padded(value);
  }
  void end_options() { option(end_of_options, {}); }

 private:
  Buffer& out_;
  std::size_t start_;
};

}  // namespace

void append_section(Buffer& out, std::string_view application, std::string_view comment) {
  Block block(out, section_header);
  block.put(byte_order_magic);
  block.put(std::uint16_t{1});  // version 1.0
  block.put(std::uint16_t{0});
  block.put(std::int64_t{-1});  // the section's length is not said
  block.option(comment_option, bytes_of(comment));
  block.option(user_application, bytes_of(application));
  block.end_options();
}

void append_interface(Buffer& out, std::string_view name, std::string_view description, std::uint32_t snap) {
  Block block(out, interface_description);
  block.put(link_type_raw);
  block.put(std::uint16_t{0});
  block.put(snap);
  block.option(interface_name, bytes_of(name));
  block.option(interface_about, bytes_of(description));
  block.option(time_resolution, std::as_bytes(std::span(&nanoseconds, 1)));
  block.end_options();
}

void append_packet(Buffer& out, std::uint32_t interface, std::chrono::nanoseconds time, std::uint32_t length,
                   std::span<const std::byte> bytes, std::span<const std::string> comments) {
  const auto ticks = static_cast<std::uint64_t>(time.count());
  Block block(out, enhanced_packet);
  block.put(interface);
  block.put(static_cast<std::uint32_t>(ticks >> 32));
  block.put(static_cast<std::uint32_t>(ticks));
  block.put(static_cast<std::uint32_t>(bytes.size()));
  block.put(length);
  block.put_padded(bytes);
  if (comments.empty()) return;
  for (const std::string& comment : comments) block.option(comment_option, bytes_of(comment));
  block.end_options();
}

}  // namespace withstand::lab::link::pcapng
