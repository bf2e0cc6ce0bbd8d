#pragma once

#include <cstdint>
#include <cstring>
#include <string>

/// What the orchestrator and a node's init say to each other, one datagram each. The first byte tells which.
namespace withstand::lab::init {

// To the init. A start is followed by a Number: 1 when the target is to be stopped (SIGSTOP) as soon as it is born.
// With it may come the cgroup v2 folder that the target is to be born in.
inline constexpr char start_first = 'S';  ///< start the target with the arguments of a very first start
inline constexpr char start_again = 's';
inline constexpr char open_socket = 'n';  ///< followed by a Number: the address family of a TCP socket

// From the init.
inline constexpr char born = 'B';     ///< a pidfd comes along; the process has not executed its program yet
inline constexpr char started = 'P';  ///< its program runs
inline constexpr char failed = 'F';   ///< Number: errno; then the attempt as text
inline constexpr char exited = 'X';   ///< three Numbers: pid inside, si_code, si_status
inline constexpr char socket = 'N';   ///< a socket comes along, or Number: errno

using Number = std::int32_t;

inline void put(std::string& data, Number value) { data.append(reinterpret_cast<const char*>(&value), sizeof value); }

/// 0 beyond the end of the message.
inline Number number(const std::string& data, std::size_t index) {
  Number value = 0;
  const std::size_t at = 1 + index * sizeof value;
  if (data.size() >= at + sizeof value) std::memcpy(&value, data.data() + at, sizeof value);
  return value;
}

}  // namespace withstand::lab::init
