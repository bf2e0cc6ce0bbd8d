#include "lab/clock/census.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/machine_time.hpp"
#include "os/proc.hpp"
#include "os/ptrace.hpp"

namespace withstand::lab::clock {
namespace {

namespace fs = std::filesystem;

/// The last number of NSpid: how the process is called in its own PID namespace.
pid_t number_inside(pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("NSpid:", 0) != 0) continue;
    const auto last = line.find_last_of(" \t");
    return std::stoi(line.substr(last + 1));
  }
  return 0;
}

}  // namespace

std::string pid_namespace(pid_t process) {
  std::error_code gone;
  const auto link = fs::read_symlink(fmt::format("/proc/{}/ns/pid", process), gone);
  return gone ? std::string() : link.string();
}

Census take_census(const std::string& wanted) {
  Census census;
  if (wanted.empty()) return census;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
    const pid_t process = std::stoi(name);
    if (pid_namespace(process) != wanted || number_inside(process) == 1) continue;
    const auto stat = os::process_stat(process);
    if (!stat || stat->dead()) continue;
    ++census.processes;
    const auto own = os::read_object<ws_clock_process>(process, WS_CLOCK_PROCESS_PAGE);
    if (!own || own->magic != WS_CLOCK_MAGIC) {
      census.uncovered.push_back(fmt::format("{} ({})", stat->name, process));
      continue;
    }
    ++census.covered;
    census.sample = process;
    census.sample_name = stat->name;
  }
  return census;
}

std::optional<Ns> measure(pid_t process, Ns& at) {
  const auto page = std::make_unique<ws_clock_page>();
  for (int tries = 0; tries < 100; ++tries) {
    const auto bytes = std::as_writable_bytes(std::span(page.get(), 1));
    if (os::read_memory(process, WS_CLOCK_SHARED_PAGE, bytes) != bytes.size()) return std::nullopt;
    const auto after = os::read_object<ws_clock_page>(process, WS_CLOCK_SHARED_PAGE);
    if (!after || page->magic != WS_CLOCK_MAGIC) return std::nullopt;
    if (page->sequence % 2 != 0 || after->sequence != page->sequence) continue;
    const MachineTime now = machine_time();
    at = now.steady;
    if (page->line[WS_WALL].identity != 0) return 0;
    return ws_line_value(&page->line[WS_WALL], now.steady) - now.wall;
  }
  return std::nullopt;
}

}  // namespace withstand::lab::clock
