#pragma once

#include <cstdint>
#include <string>

#include "lab/dns/message.hpp"

/// Queries, byte by byte: the reader under test has no part in making them.
namespace withstand::lab::dns::testing {

inline void put16(Bytes& bytes, unsigned value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
}

inline void put_name(Bytes& bytes, const std::string& name) {
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    bytes.push_back(static_cast<std::uint8_t>(dot - at));
    bytes.insert(bytes.end(), name.begin() + static_cast<std::ptrdiff_t>(at),
                 name.begin() + static_cast<std::ptrdiff_t>(dot));
    at = dot + 1;
  }
  bytes.push_back(0);
}

struct Asked {
  std::string name;  ///< "" is the root
  unsigned type = 1;
  unsigned id = 0x1234;
  unsigned flags = 0x0100;  ///< recursion desired
  unsigned record_class = 1;
  int edns_size = -1;  ///< none
  unsigned edns_version = 0;
};

inline Bytes query(const Asked& asked) {
  Bytes bytes;
  put16(bytes, asked.id);
  put16(bytes, asked.flags);
  for (const unsigned count : {1U, 0U, 0U, asked.edns_size < 0 ? 0U : 1U}) put16(bytes, count);
  put_name(bytes, asked.name);
  put16(bytes, asked.type);
  put16(bytes, asked.record_class);
  if (asked.edns_size < 0) return bytes;
  bytes.push_back(0);
  put16(bytes, 41);
  put16(bytes, static_cast<unsigned>(asked.edns_size));
  put16(bytes, asked.edns_version);
  put16(bytes, 0);
  put16(bytes, 0);
  return bytes;
}

}  // namespace withstand::lab::dns::testing
