#include "lab/clock/page_reader.hpp"

#include <atomic>
#include <cerrno>

#include <sys/mman.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/machine_time.hpp"
#include "os/check.hpp"

namespace withstand::lab::clock {

PageReader::PageReader(const os::Fd& file) {
  void* const place = ::mmap(nullptr, WS_CLOCK_SHARED_SIZE, PROT_READ, MAP_SHARED, file.get(),
                             static_cast<off_t>(WS_CLOCK_SHARED_OFFSET));
  if (place == MAP_FAILED) throw os::SystemError("map a clock page", errno);
  page_ = static_cast<const ws_clock_page*>(place);
}

PageReader::~PageReader() { ::munmap(const_cast<ws_clock_page*>(page_), WS_CLOCK_SHARED_SIZE); }

std::optional<Ns> PageReader::wall() const {
  const std::atomic_ref<std::uint32_t> sequence(const_cast<ws_clock_page*>(page_)->sequence);  // is read only
  const ws_clock_line& line = page_->line[WS_WALL];
  for (;;) {
    const std::uint32_t before = sequence.load(std::memory_order_acquire);
    if ((before & 1U) != 0) continue;
    const bool identity = line.identity != 0;
    const Ns shown = identity ? 0 : ws_line_value(&line, steady_now());
    std::atomic_thread_fence(std::memory_order_acquire);
    if (sequence.load(std::memory_order_relaxed) != before) continue;
    return identity ? std::nullopt : std::optional(shown);
  }
}

}  // namespace withstand::lab::clock
