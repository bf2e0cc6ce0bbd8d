#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/tag.hpp"

/// Little-endian encoding and CRC32C, shared by the peer protocol and the log.
namespace quorum_kv {

/// CRC32C (Castagnoli, as in RFC 3720) over `bytes` and then `more`.
std::uint32_t crc32c(std::string_view bytes, std::string_view more = {});

/// Longest key and value a store accepts, in bytes.
inline constexpr std::size_t max_key_size = 512;
inline constexpr std::size_t max_value_size = 1 << 20;

/// Appends integers and length-prefixed texts to a string.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void u8(std::uint8_t value) { put(value, 1); }
  void u16(std::uint16_t value) { put(value, 2); }
  void u32(std::uint32_t value) { put(value, 4); }
  void u64(std::uint64_t value) { put(value, 8); }
  void text(std::string_view value);
  void tag(const Tag& value);
  void versioned(const Versioned& value);
  void record(const Record& value);

 private:
  void put(std::uint64_t value, int bytes);
  std::string& out_;
};

/// Reads what ByteWriter wrote. Never reads past the end: after the first shortage, or a text longer than allowed,
/// ok() is false for good and every read gives zero or empty. Any input is safe.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(get(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(get(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(get(4)); }
  std::uint64_t u64() { return get(8); }
  std::string text(std::size_t longest);
  Tag tag();
  Versioned versioned();
  Record record();
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return in_.empty(); }
  /// Everything was read, and nothing was missing.
  [[nodiscard]] bool complete() const { return ok_ && in_.empty(); }

 private:
  std::uint64_t get(std::size_t bytes);
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace quorum_kv
