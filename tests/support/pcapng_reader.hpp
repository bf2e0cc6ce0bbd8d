#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace withstand::support {

/// One packet of a capture.
struct CapturedPacket {
  std::string link;                 ///< the name of its interface
  std::chrono::nanoseconds time{};  ///< since 1970
  std::uint32_t length = 0;         ///< as it was sent
  std::vector<std::byte> bytes;     ///< as much as was kept
  std::vector<std::string> comments;

  [[nodiscard]] bool says(const std::string& beginning) const;
  /// How many packets on the wire it stands for, by its comments.
  [[nodiscard]] std::uint64_t wire_packets() const;
};

struct CapturedFile {
  std::string application, comment;
  std::vector<std::string> links;  ///< in the order of their numbers
  std::vector<CapturedPacket> packets;

  /// How many packets have a comment that begins so.
  [[nodiscard]] std::uint64_t that_say(const std::string& beginning) const;
};

/// Reads what the harness writes, and nothing else of what pcapng may hold: one section, LINKTYPE_RAW, nanoseconds,
/// times that do not fall. Strict: throws std::runtime_error with the offset at the first byte that the format's draft
/// forbids, padding and repeated lengths included.
CapturedFile read_pcapng(std::span<const std::byte> bytes);
CapturedFile read_pcapng(const std::string& path);

}  // namespace withstand::support
