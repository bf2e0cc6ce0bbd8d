#include "run/host.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include "os/check.hpp"

namespace withstand::run {

std::string version() { return WITHSTAND_VERSION; }

void fill_host(record::RunStarted& started) {
  utsname name{};
  os::check("ask for the kernel's name", ::uname(&name));
  started.version = version();
  started.kernel = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
  started.host = name.nodename;
  started.wall_time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::optional<std::string> host_out_of_memory(const os::OomWatch& watch, std::span<const core::Exit> exits) {
  const auto ours = [&](const os::OomKill& kill) {
    return std::any_of(exits.begin(), exits.end(), [&](const core::Exit& exit) { return exit.host_pid == kill.pid; });
  };
  for (const auto& kill : watch.kills()) {
    if (!kill.at_limit)
      return fmt::format("the kernel's out-of-memory killer ended {} (process {})", kill.program, kill.pid);
    if (ours(kill) && kill.limit_of.find("/withstand-") == std::string::npos)
      return fmt::format("at the memory limit of cgroup {} the kernel ended {} (process {})", kill.limit_of,
                         kill.program, kill.pid);
  }
  const bool killed = std::any_of(exits.begin(), exits.end(), [](const core::Exit& exit) {
    return !exit.requested && exit.signalled && exit.value == SIGKILL;
  });
  if (watch.names_victims() || !killed || watch.count() == 0) return std::nullopt;
  return fmt::format("the kernel's out-of-memory killer struck {} times on this machine, and a node was killed",
                     watch.count());
}

}  // namespace withstand::run
