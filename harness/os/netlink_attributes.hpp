#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace withstand::os {

/// Puts netlink attributes one behind the other, as netlink(7) lays them out: length and type, the value, padding to
/// four bytes. Bytes only, no system calls. Throws std::length_error for a value that no attribute can hold.
class AttributeWriter {
 public:
  /// What stands in front of attributes: the fixed part of a message, or of an option of a queue.
  template <class T>
  AttributeWriter& head(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return append(std::as_bytes(std::span(&value, 1)));
  }
  template <class T>
  AttributeWriter& put(std::uint16_t type, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return put_bytes(type, std::as_bytes(std::span(&value, 1)));
  }
  AttributeWriter& put_bytes(std::uint16_t type, std::span<const std::byte> value);
  AttributeWriter& put_text(std::uint16_t type, std::string_view text);  ///< with its terminating zero
  /// An attribute that holds whatever `fill(*this)` puts.
  template <class Fill>
  AttributeWriter& nest(std::uint16_t type, const Fill& fill) {
    const std::size_t place = bytes_.size();
    put_bytes(type, {});
    fill(*this);
    return close(place);
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  AttributeWriter& append(std::span<const std::byte> value);
  AttributeWriter& close(std::size_t place);

  std::vector<std::byte> bytes_;
};

/// The attributes in a piece of a message, by type; of several of one type the last. What does not fit into the piece
/// is not there. Refers to the bytes it was made from.
class Attributes {
 public:
  Attributes() = default;
  explicit Attributes(std::span<const std::byte> bytes);

  [[nodiscard]] bool has(std::uint16_t type) const { return found_.contains(type); }
  [[nodiscard]] std::span<const std::byte> bytes(std::uint16_t type) const;
  /// The value's first bytes as a T; nothing when it is shorter.
  template <class T>
  [[nodiscard]] std::optional<T> value(std::uint16_t type) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto raw = bytes(type);
    if (raw.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::string text(std::uint16_t type) const;
  [[nodiscard]] Attributes nested(std::uint16_t type) const { return Attributes(bytes(type)); }

 private:
  std::map<std::uint16_t, std::span<const std::byte>> found_;
};

}  // namespace withstand::os
