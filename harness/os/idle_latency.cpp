#include "os/idle_latency.hpp"

#include <cstdint>
#include <fcntl.h>
#include <unistd.h>

namespace withstand::os {

void IdleLatency::hold(bool held) {
  if (held == request_.valid()) return;
  request_.reset();
  if (!held) return;
  // Absent, or not ours to open: then timers are as late as this machine makes them, which is measured elsewhere.
  Fd request(::open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC));
  const std::int32_t microseconds = 0;
  if (request.valid() && ::write(request.get(), &microseconds, sizeof microseconds) == sizeof microseconds)
    request_ = std::move(request);
}

}  // namespace withstand::os
