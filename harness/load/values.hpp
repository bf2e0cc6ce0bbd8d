#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/draw.hpp"
#include "load/config.hpp"
#include "load/driver.hpp"

/// The values and keys that a load writes. Each value is written once in a run, so a value that is read names its
/// write.
namespace withstand::load {

/// "c2-81": client 2's write, operation 81.
std::string value_name(std::int64_t client_index, std::uint64_t id);
/// The name, filled up to `size` bytes with repetitions of itself ("c2-81.c2-81.c2"), so that damage anywhere in it
/// shows. Never shorter than the name.
std::string fill_value(std::string_view name, std::int64_t size);
/// What the history says of a value that was read: its name where every byte is as it was written, else what was read
/// (long ones cut, with a digest of the whole), which is then a value that nobody wrote.
std::string name_of_value(std::string_view value, std::int64_t size);

/// How large each value is: all alike, or drawn by the ordinal of its write, which its name tells. Pure; thread-safe.
class ValueSizes {
 public:
  explicit ValueSizes(const Config& config);
  /// Of the value with that name; of a name that is none of ours the size of all, or 0.
  [[nodiscard]] std::int64_t of(std::string_view name) const;

 private:
  std::int64_t all_;
  std::vector<std::pair<std::int64_t, std::int64_t>> sizes_;
  std::uint64_t weights_ = 0;
  core::DrawStream draws_;
};

/// [["append","t1",5],["r","t2",null]], as Elle's histories have transactions; `read` holds what reads found, as JSON,
/// in order, once that is known.
std::string shown_steps(const std::vector<Step>& steps, const std::vector<std::string>& read = {});
/// A text as a JSON string; what is no UTF-8 in it becomes U+FFFD.
std::string json_text(std::string_view text);
/// [null,"c1-3"], ["c1-2","c1-3"]: a cas' history value.
std::string shown_cas(std::string_view expected, std::string_view value);

std::string register_key(std::uint64_t index);   ///< "k7"
std::string session_key(std::uint32_t process);  ///< "s3": what only that process writes
std::string write_once_key(std::uint64_t id);    ///< "w81"

}  // namespace withstand::load
