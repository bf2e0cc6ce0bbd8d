#include "kv/bytes.hpp"

#include <boost/crc.hpp>

namespace quorum_kv {

std::uint32_t crc32c(std::string_view bytes, std::string_view more) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  crc.process_bytes(more.data(), more.size());
  return crc.checksum();
}

void ByteWriter::put(std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

void ByteWriter::text(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  out_.append(value);
}

void ByteWriter::tag(const Tag& value) {
  u64(value.counter);
  u32(value.node);
  u64(value.boot);
  u64(value.operation);
}

void ByteWriter::versioned(const Versioned& value) {
  tag(value.tag);
  text(value.value);
}

void ByteWriter::record(const Record& value) {
  text(value.key);
  versioned(value.data);
}

std::uint64_t ByteReader::get(std::size_t bytes) {
  if (!ok_ || in_.size() < bytes) {
    ok_ = false;
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= std::uint64_t{static_cast<unsigned char>(in_[i])} << (8 * i);
  in_.remove_prefix(bytes);
  return value;
}

std::string ByteReader::text(std::size_t longest) {
  const std::size_t size = u32();
  if (!ok_ || size > longest || size > in_.size()) {
    ok_ = false;
    return {};
  }
  std::string value(in_.substr(0, size));
  in_.remove_prefix(size);
  return value;
}

Tag ByteReader::tag() {
  Tag value;
  value.counter = u64();
  value.node = u32();
  value.boot = u64();
  value.operation = u64();
  return value;
}

Versioned ByteReader::versioned() {
  Versioned value;
  value.tag = tag();
  value.value = text(max_value_size);
  return value;
}

Record ByteReader::record() {
  Record value;
  value.key = text(max_key_size);
  value.data = versioned();
  return value;
}

}  // namespace quorum_kv
