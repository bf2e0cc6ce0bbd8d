#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/event_loop.hpp"
#include "core/topology.hpp"
#include "lab/link/capture_words.hpp"
#include "lab/link/frame.hpp"
#include "lab/link/ruling.hpp"
#include "os/fd.hpp"

namespace withstand::lab::link {

struct CaptureSettings {
  std::uint32_t snap = 512;  ///< bytes kept of each packet, 1 to 65536
  std::uint64_t limit = 0;   ///< bytes of the file
};

/// What a capture has come to.
struct CaptureCounts {
  std::uint64_t packets = 0, links = 0, bytes = 0;  ///< in the file
  std::uint64_t overrun = 0;                        ///< packets left out: the disk did not take them in time
  std::uint64_t beyond = 0;                         ///< packets left out: behind the limit, or behind a failure
  bool full = false;                                ///< the limit was reached
  int error = 0;                                    ///< of the write that failed, which ended it; 0: none did
  bool done = false;                                ///< closed, and all that was taken is in the file
};

/// Writes what every link was offered, and what was decided on it, into a pcapng file.
///
/// Never holds up packets: a thread of its own formats and writes what it is handed in batches; when it is behind by
/// all of them (8 MiB), packets are left out and counted. begin, add, end, flush and close belong to one thread. The
/// file holds whole blocks only, whatever ends it.
class Capture {
 public:
  /// `nodes[id]` is the name of node id; `since_1970` is what to add to an Instant, the same for all packets, so that
  /// their order is that of the monotonic clock.
  Capture(os::Fd file, const CaptureSettings& settings, std::vector<std::string> nodes,
          std::chrono::nanoseconds since_1970);
  /// Closes it, and waits until all is written.
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  /// Takes down a packet as it is now; what is added until `end` are rulings on it. What their `by` points to must live
  /// as long as this object.
  void begin(core::Link link, core::Instant read, FrameView frame, const CapturePart& part);
  /// Nothing outside begin and end.
  void add(const Ruling& ruling) {
    if (open_) rulings_.push_back(ruling);
  }
  void end();

  /// Hands over what has come together; to be called some times a second.
  void flush();
  /// Takes no more packets. Idempotent.
  void close();
  [[nodiscard]] CaptureCounts counts() const;

 private:
  struct Entry {
    core::Link link;
    core::Instant read{};
    std::uint32_t length = 0;  ///< of the packet
    std::uint32_t kept = 0;    ///< bytes of it, which follow
    CapturePart part;
    std::uint32_t rulings = 0;  ///< how many follow the bytes
  };
  static constexpr std::size_t batches = 64, batch_bytes = std::size_t{128} << 10;
  using Batch = std::vector<std::byte>;

  [[nodiscard]] bool behind() const { return filled_.load() - written_.load() == batches; }
  void hand_over();
  void run();
  void write(const Batch& batch);
  bool append(const Entry& entry, std::span<const std::byte> bytes, std::span<const Ruling> rulings);
  [[nodiscard]] std::uint32_t interface(core::Link link);
  void write_out();

  os::Fd file_;
  CaptureSettings settings_;
  std::vector<std::string> nodes_;
  std::chrono::nanoseconds since_1970_;

  // Of the thread that packets come from.
  bool open_ = false;
  Entry entry_;
  std::vector<std::byte> bytes_;
  std::vector<Ruling> rulings_;
  std::uint64_t overrun_ = 0, too_late_ = 0;

  // A ring: batches from written_ up to filled_ belong to the writer, the next one to the other thread, unless all are
  // the writer's. Both only ever rise.
  std::array<Batch, batches> ring_;
  std::atomic<std::uint32_t> filled_{0}, written_{0};
  std::atomic<bool> closed_{false}, ended_{false}, done_{false};

  // Of the writer; counted for both.
  std::vector<std::byte> out_;
  std::uint64_t formatted_ = 0;  ///< packets in out_
  std::map<core::Link, std::uint32_t> interfaces_;
  std::atomic<std::uint64_t> packets_{0}, links_{0}, file_bytes_{0}, beyond_{0};
  std::atomic<bool> full_{false};
  std::atomic<int> error_{0};
  std::thread writer_;
};

/// One packet's entry, from its bytes as they came to the end of its way through the link. Nothing without a capture.
class CaptureEntry {
 public:
  CaptureEntry(Capture* capture, core::Link link, core::Instant read, FrameView frame, const CapturePart& part)
      : capture_(capture) {
    if (capture_ != nullptr) capture_->begin(link, read, frame, part);
  }
  ~CaptureEntry() {
    if (capture_ != nullptr) capture_->end();
  }
  CaptureEntry(const CaptureEntry&) = delete;
  CaptureEntry& operator=(const CaptureEntry&) = delete;

 private:
  Capture* capture_;
};

}  // namespace withstand::lab::link
