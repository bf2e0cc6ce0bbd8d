#include "lab/disk/caller_name.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "os/files.hpp"

namespace withstand::lab::disk {

CallingProcess command_of(std::uint32_t thread) {
  if (thread == 0) return {};
  const auto status = os::read_file(fmt::format("/proc/{}/status", thread));
  const auto at = status ? status->find("\nTgid:\t") : std::string::npos;
  if (at == std::string::npos) return {};
  CallingProcess command;
  command.pid = static_cast<std::int32_t>(std::strtol(status->c_str() + at + 7, nullptr, 10));
  command.name = os::read_file(fmt::format("/proc/{}/comm", command.pid)).value_or("");
  while (command.name.ends_with('\n')) command.name.pop_back();
  return command;
}

}  // namespace withstand::lab::disk
