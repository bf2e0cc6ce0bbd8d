#include "lab/clock/census.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/machine_time.hpp"
#include "lab/clock/shapes.hpp"
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
  std::set<std::pair<dev_t, ino_t>> files;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
    const pid_t process = std::stoi(name);
    if (pid_namespace(process) != wanted || number_inside(process) == 1) continue;
    const auto stat = os::process_stat(process);
    if (!stat || stat->dead()) continue;
    ++census.processes;
    struct stat file {};
    if (::stat(fmt::format("/proc/{}/exe", process).c_str(), &file) == 0 &&
        files.insert({file.st_dev, file.st_ino}).second)
      census.programs.push_back(process);
    census.used += static_cast<Ns>(stat->cpu_ticks + stat->reaped_ticks) * (second / ::sysconf(_SC_CLK_TCK));
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

std::optional<Ahead> measure(pid_t process, Ns& at) {
  const auto page = std::make_unique<ws_clock_page>();
  for (int tries = 0; tries < 100; ++tries) {
    const auto bytes = std::as_writable_bytes(std::span(page.get(), 1));
    if (os::read_memory(process, WS_CLOCK_SHARED_PAGE, bytes) != bytes.size()) return std::nullopt;
    const auto after = os::read_object<ws_clock_page>(process, WS_CLOCK_SHARED_PAGE);
    if (!after || page->magic != WS_CLOCK_MAGIC) return std::nullopt;
    if (page->sequence % 2 != 0 || after->sequence != page->sequence) continue;
    const MachineTime now = machine_time();
    at = now.steady;
    const Ahead machine{now.wall, now.wall + now.tai * second, now.steady, now.boot, now.raw};
    Ahead ahead{};
    for (std::size_t i = 0; i < WS_LINES; ++i) {
      const auto& line = page->line[i];
      if (line.identity == 0) ahead[i] = ws_line_value(&line, i == WS_RAW ? now.raw : now.steady) - machine[i];
    }
    return ahead;
  }
  return std::nullopt;
}

}  // namespace withstand::lab::clock
