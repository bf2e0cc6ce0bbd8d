#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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

std::string register_key(std::uint64_t index);  ///< "k7"
std::string write_once_key(std::uint64_t id);   ///< "w81"

}  // namespace withstand::load
