#include "run/host.hpp"

#include <ctime>
#include <fstream>

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

std::uint64_t host_oom_kills() {
  std::ifstream in("/proc/vmstat");
  std::string name;
  std::uint64_t value = 0;
  while (in >> name >> value)
    if (name == "oom_kill") return value;
  return 0;
}

}  // namespace withstand::run
