#include "os/netlink_attributes.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <linux/netlink.h>

namespace withstand::os {
namespace {

constexpr std::size_t header = sizeof(nlattr);

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

std::uint16_t length_of(std::size_t size) {
  if (size > std::numeric_limits<std::uint16_t>::max())
    throw std::length_error("a netlink attribute of more than 65535 bytes");
  return static_cast<std::uint16_t>(size);
}

}  // namespace

AttributeWriter& AttributeWriter::append(std::span<const std::byte> value) {
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  bytes_.resize(padded(bytes_.size()));
  return *this;
}

AttributeWriter& AttributeWriter::put_bytes(std::uint16_t type, std::span<const std::byte> value) {
  head(nlattr{.nla_len = length_of(header + value.size()), .nla_type = type});
  return append(value);
}

AttributeWriter& AttributeWriter::put_text(std::uint16_t type, std::string_view text) {
  const std::string ended(text);
  return put_bytes(type, std::as_bytes(std::span(ended.c_str(), ended.size() + 1)));
}

AttributeWriter& AttributeWriter::close(std::size_t place) {
  const std::uint16_t length = length_of(bytes_.size() - place);
  std::memcpy(bytes_.data() + place, &length, sizeof length);
  return *this;
}

Attributes::Attributes(std::span<const std::byte> bytes) {
  while (bytes.size() >= header) {
    nlattr attribute{};
    std::memcpy(&attribute, bytes.data(), sizeof attribute);
    if (attribute.nla_len < header || attribute.nla_len > bytes.size()) return;
    const auto type = static_cast<std::uint16_t>(attribute.nla_type & NLA_TYPE_MASK);
    found_[type] = bytes.subspan(header, attribute.nla_len - header);
    bytes = bytes.subspan(std::min(padded(attribute.nla_len), bytes.size()));
  }
}

std::span<const std::byte> Attributes::bytes(std::uint16_t type) const {
  const auto found = found_.find(type);
  return found == found_.end() ? std::span<const std::byte>() : found->second;
}

std::string Attributes::text(std::uint16_t type) const {
  const auto raw = bytes(type);
  const std::string text(reinterpret_cast<const char*>(raw.data()), raw.size());
  return text.c_str();  // up to its zero
}

}  // namespace withstand::os
