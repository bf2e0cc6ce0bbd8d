#pragma once

#include <string>
#include <string_view>

#include "os/fd.hpp"

namespace withstand::load {

/// The history while it grows: lines are collected and written together with O_APPEND, so that what was flushed
/// survives a kill -9 of this process. Throws os::SystemError when the disk does not take them.
class HistoryFile {
 public:
  explicit HistoryFile(const std::string& path);
  ~HistoryFile();
  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;
  void add(std::string_view line);
  void flush();

 private:
  std::string path_;
  os::Fd file_;
  std::string pending_;
};

}  // namespace withstand::load
