#include "lab/link/egress.hpp"

namespace withstand::lab::link {

void DrainMeter::add(core::Instant read, core::Instant written, std::uint32_t wire_bytes, bool waited) {
  if (bytes_ == 0) first_read_ = read;
  if (waited && bytes_ > 0 && written >= last_written_) {
    busy_bytes_ += wire_bytes;
    busy_ += written - last_written_;
  }
  bytes_ += wire_bytes;
  last_written_ = written;
}

void DrainMeter::fill(core::LinkEffect& effect) const {
  effect.busy_bytes = busy_bytes_;
  effect.busy_ns = busy_.count();
  effect.wire_bytes = bytes_;
  effect.span_ns = (last_written_ - first_read_).count();
}

}  // namespace withstand::lab::link
