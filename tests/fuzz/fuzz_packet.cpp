#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "lab/link/connections.hpp"
#include "lab/link/packet.hpp"

/// A frame as a node may send it: whatever it says of itself, nothing is read or written beyond it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace link = withstand::lab::link;
  using Where = withstand::core::CorruptSettings::Where;
  if (size > link::frame_capacity) return 0;
  std::vector<std::byte> frame(size), out(link::frame_capacity);
  if (size > 0) std::memcpy(frame.data(), data, size);
  link::opens_or_ends_connection(frame);
  if (const auto super = link::super_packet(frame))
    for (std::size_t i = 0; i < super->packets(); i += 1 + super->packets() / 8) link::slice(frame, *super, i, 1, out);
  const auto header = link::packet_header(frame);
  if (!header) return 0;
  link::Connections().of({0, 1}, *header);
  link::lower_time_to_live(frame, *header, 3);
  link::mark_congestion(frame, *header);
  for (const Where where : {Where::header, Where::anywhere, Where::payload}) {
    if (where == Where::payload && header->payload + withstand::os::vnet_header_bytes >= size) continue;
    link::corrupt(frame, *header, {.where = where, .bits = 3, .repaired = true}, withstand::core::DrawStream{size});
  }
  return 0;
}
