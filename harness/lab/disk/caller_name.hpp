#pragma once

#include <cstdint>
#include <string>

namespace withstand::lab::disk {

/// The process of a thread that asked for something.
struct CallingProcess {
  std::int32_t pid = 0;  ///< 0: the kernel itself, or it is gone
  std::string name;      ///< as the kernel has it
};

/// Of a thread, by its number in this process's PID namespace.
[[nodiscard]] CallingProcess command_of(std::uint32_t thread);

}  // namespace withstand::lab::disk
