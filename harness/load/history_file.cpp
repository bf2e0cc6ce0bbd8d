#include "load/history_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "os/check.hpp"

namespace withstand::load {

HistoryFile::HistoryFile(const std::string& path)
    : path_(path),
      file_(os::check("open history " + path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644))) {}

HistoryFile::~HistoryFile() {
  try {
    flush();
  } catch (const os::SystemError&) {
    // An earlier flush of the same file has told; a destructor cannot.
  }
}

void HistoryFile::add(std::string_view line) { pending_.append(line).push_back('\n'); }

void HistoryFile::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const auto written =
        os::check("write history " + path_, os::retry([&] { return ::write(file_.get(), rest.data(), rest.size()); }));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  pending_.clear();
}

}  // namespace withstand::load
