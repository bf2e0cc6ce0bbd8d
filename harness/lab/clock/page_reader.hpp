#pragma once

#include <optional>

#include "lab/clock/domain.hpp"
#include "os/fd.hpp"

namespace withstand::lab::clock {

/// What a domain's clocks show, read as its processes read it: from the page that they share. Thread-safe.
class PageReader {
 public:
  /// `file`: DomainFile::descriptor(), or another of the same file. Throws SystemError.
  explicit PageReader(const os::Fd& file);
  ~PageReader();
  PageReader(const PageReader&) = delete;
  PageReader& operator=(const PageReader&) = delete;

  /// CLOCK_REALTIME; nothing while it is the machine's own.
  [[nodiscard]] std::optional<Ns> wall() const;

 private:
  const ws_clock_page* page_ = nullptr;
};

}  // namespace withstand::lab::clock
