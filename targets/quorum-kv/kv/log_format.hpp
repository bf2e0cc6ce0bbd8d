#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kv/tag.hpp"

/// The bytes of a log file; everything here is pure and accepts any input.
///
///   0     header: whose log this is, its epoch (drawn anew for every file) and the boot number
///   3072  mark, slot 0        a mark says "everything up to here was synced"; the two slots take turns,
///   3584  mark, slot 1        so that a write cut by a power failure leaves the other one whole
///   4096  frames              one per group commit: header, then records, both under checksums
///
/// How torn is told from damaged. A frame is written only after the one before it was synced, so only the last frame
/// may legally be incomplete, and it was never acknowledged. A bad frame is therefore damage, and the node refuses, if
///   - a mark says that it was synced, or
///   - a frame with a higher number stands anywhere behind it.
/// Otherwise it is a torn tail and is dropped. Marks are written after a sync and before the acknowledgement; the next
/// sync makes them durable, and an idle log syncs them within 50 ms. What this cannot see: a last frame that was
/// synced, whose mark a power failure took away, and that then was damaged on the medium.
namespace quorum_kv {

inline constexpr std::size_t log_frames_offset = 4096;

struct LogHeader {
  std::uint64_t epoch = 0;
  std::uint64_t boot = 0;
  std::string name;                  ///< the node's
  std::vector<std::string> members;  ///< sorted
  bool operator==(const LogHeader&) const = default;
};

struct Mark {
  std::uint64_t sequence = 0;  ///< of the last synced frame
  std::uint64_t length = 0;    ///< where it ends
  bool operator==(const Mark&) const = default;
};

/// The first 4096 bytes of a file, both slots holding `mark`.
std::string encode_log_page(const LogHeader& header, const Mark& mark);

/// Where the mark of frame `sequence` is written, and its bytes.
std::uint64_t mark_offset(std::uint64_t sequence);
std::string encode_mark(std::uint64_t epoch, const Mark& mark);

std::string encode_log_frame(std::uint64_t epoch, std::uint64_t sequence, std::span<const Record> records);

struct LogContents {
  LogHeader header;
  std::vector<Record> records;  ///< in the order of writing
  std::uint64_t frames = 0;
  std::uint64_t torn_bytes = 0;  ///< dropped at the end
};

/// Acknowledged state is missing or damaged.
struct Damage {
  std::string why;
};

/// Both off are planted bugs.
struct Strictness {
  bool verify_checksums = true;
  bool refuse_damage = true;
};

std::variant<LogContents, Damage> decode_log(std::string_view file, Strictness strictness = {});

}  // namespace quorum_kv
