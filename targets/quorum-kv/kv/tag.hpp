#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace quorum_kv {

/// The version of a value. Tags order all writes of a key; two different writes never share one.
///
/// `counter` makes a later write greater, `node` (index among the sorted member names) separates coordinators, `boot`
/// separates the lives of one coordinator, and `operation` separates the writes of one life. Source: H. Attiya,
/// A. Bar-Noy, D. Dolev, "Sharing Memory Robustly in Message-Passing Systems", JACM 42(1), 1995, in the multi-writer
/// form of N. Lynch and A. Shvartsman, FTCS 1997; boot and operation are what restarts and concurrency add to it.
struct Tag {
  std::uint64_t counter = 0;
  std::uint32_t node = 0;
  std::uint64_t boot = 0;
  std::uint64_t operation = 0;

  auto operator<=>(const Tag&) const = default;

  /// The tag of a key nobody ever wrote.
  [[nodiscard]] bool is_initial() const { return *this == Tag{}; }
};

/// A value and its version; the initial tag means "never written", and then the value is empty.
struct Versioned {
  Tag tag;
  std::string value;
  bool operator==(const Versioned&) const = default;
};

/// One stored write.
struct Record {
  std::string key;
  Versioned data;
  bool operator==(const Record&) const = default;
};

/// "COUNTER.NODE.BOOT.OPERATION", all decimal.
std::string to_string(const Tag& tag);

}  // namespace quorum_kv
