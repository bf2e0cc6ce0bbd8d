#pragma once

#include <memory>

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
  /// Works out what the domain shows from `t` on, without showing it.
  void prepare(Domain& domain, Ns t);
  /// Shows what was prepared last, between two numbers of the sequence lock: readers wait for the copying of the lines
  /// that differ, and for nothing else.
  void show();
  void publish(Domain& domain, Ns t) {
    prepare(domain, t);
    show();
  }

 private:
  os::Fd fd_;
  ws_clock_page* page_ = nullptr;
  std::unique_ptr<ws_clock_page> next_;
};

}  // namespace withstand::lab::clock
