#include "run/run_folder.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "core/event_loop.hpp"
#include "os/check.hpp"

namespace withstand::run {
namespace fs = std::filesystem;

namespace {
/// A run's name becomes the name of a cgroup and of files: what a file may be called and they may not is a dash.
std::string plain(std::string name) {
  constexpr std::size_t longest = 64;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !allowed(c); }, '-');
  return name.substr(0, longest);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw os::SystemError("write " + path, errno);
}
}  // namespace

RunFolder::RunFolder(const std::string& output, const ExperimentFile& file) {
  const std::string experiment = plain(fs::path(file.path).stem().string());
  const std::time_t wall = std::time(nullptr);
  // The last part tells runs apart that begin in the same second; it is no secret and decides nothing.
  for (int attempt = 0;; ++attempt) {
    const auto tail =
        (static_cast<unsigned long>(core::now().count() / 1000) ^ (static_cast<unsigned long>(::getpid()) << 8U)) +
        static_cast<unsigned long>(attempt);
    name_ = fmt::format("{:%Y%m%d-%H%M%S}-{}-{:04x}", fmt::gmtime(wall), experiment, tail & 0xffffU);
    path_ = (fs::absolute(output) / name_).lexically_normal().string();
    fs::create_directories(fs::path(path_).parent_path());
    if (fs::create_directory(path_)) break;
    if (attempt > 100) throw os::SystemError("make run directory " + path_, EEXIST);
  }
  fs::create_directory(path_ + "/nodes");
  write(path_ + "/experiment.toml", file.text);
  if (!file.target_text.empty()) write(path_ + "/target.toml", file.target_text);
}

}  // namespace withstand::run
