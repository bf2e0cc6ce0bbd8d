#pragma once

#include "lab/clock/domain.hpp"
#include "os/fd.hpp"

namespace withstand::lab::clock {

/// What every process of a domain maps: image, process page (copied on write), clock page. A sealed file without a
/// name: nobody but the holder of this object can write to it or change its size. Not thread-safe.
class DomainFile {
 public:
  DomainFile();
  ~DomainFile();
  DomainFile(const DomainFile&) = delete;
  DomainFile& operator=(const DomainFile&) = delete;

  [[nodiscard]] int descriptor() const { return fd_.get(); }
  [[nodiscard]] const ws_clock_page& page() const { return *page_; }
  /// Publishes what the domain shows from `t` on, between two numbers of the sequence lock.
  void publish(Domain& domain, Ns t);

 private:
  os::Fd fd_;
  ws_clock_page* page_ = nullptr;
};

}  // namespace withstand::lab::clock
