#include "lab/link/capture.hpp"

#include <algorithm>
#include <cstring>
#include <unistd.h>
#include <utility>

#include "lab/link/pcapng.hpp"
#include "os/check.hpp"
#include "os/process.hpp"

namespace withstand::lab::link {
namespace {

constexpr const char* about =
    "Each interface is one directed link of the lab. A packet is as its sender sent it, at the time the link was "
    "offered it; its comments say what the link decided on it. Without comments it was passed on at once.";

template <class T>
void put(std::vector<std::byte>& out, const T* values, std::size_t count) {
  const auto bytes = std::as_bytes(std::span(values, count));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Capture::Capture(os::Fd file, const CaptureSettings& settings, std::vector<std::string> nodes,
                 std::chrono::nanoseconds since_1970)
    : file_(std::move(file)), settings_(settings), nodes_(std::move(nodes)), since_1970_(since_1970) {
  pcapng::append_section(out_, "Withstand", about);
  writer_ = std::thread([this] { run(); });
}

Capture::~Capture() {
  close();
  writer_.join();
}

void Capture::begin(core::Link link, core::Instant read, FrameView frame, const CapturePart& part) {
  open_ = !closed_ && !ended_;
  if (!open_) {
    if (!closed_) ++too_late_;
    return;
  }
  const FrameView packet = frame.subspan(std::min(frame.size(), os::vnet_header_bytes));
  const std::size_t kept = std::min<std::size_t>(packet.size(), settings_.snap);
  entry_ = {.link = link,
            .read = read,
            .length = static_cast<std::uint32_t>(packet.size()),
            .kept = static_cast<std::uint32_t>(kept),
            .part = part};
  bytes_.assign(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(kept));
  rulings_.clear();
}

void Capture::end() {
  if (!std::exchange(open_, false)) return;
  entry_.rulings = static_cast<std::uint32_t>(rulings_.size());
  const std::size_t size = sizeof entry_ + bytes_.size() + rulings_.size() * sizeof(Ruling);
  if (!behind() && ring_[filled_ % batches].size() + size > batch_bytes) hand_over();
  if (behind()) {
    ++overrun_;
    return;
  }
  Batch& batch = ring_[filled_ % batches];
  batch.reserve(batch_bytes);  // once for each: growing would copy
  put(batch, &entry_, 1);
  put(batch, bytes_.data(), bytes_.size());
  put(batch, rulings_.data(), rulings_.size());
}

void Capture::hand_over() {
  ++filled_;
  filled_.notify_one();
}

void Capture::flush() {
  if (!closed_ && !behind() && !ring_[filled_ % batches].empty()) hand_over();
}

/// Who sees it closed has all batches but one, which is empty: the writer may be waiting for another, and so gets it.
/// When it is behind it does not wait.
void Capture::close() {
  if (closed_) return;
  flush();
  closed_ = true;
  if (!behind()) hand_over();
}

CaptureCounts Capture::counts() const {
  return {.packets = packets_,
          .links = links_,
          .bytes = file_bytes_,
          .overrun = overrun_,
          .beyond = beyond_ + too_late_,
          .full = full_,
          .error = error_,
          .done = done_};
}

void Capture::run() {
  os::set_process_name("ws-capture");
  write_out();  // the head
  for (;;) {
    const std::uint32_t next = written_;
    const bool closed = closed_;  // before what came last is looked for
    if (filled_ == next) {
      if (closed) break;
      filled_.wait(next);
      continue;
    }
    Batch& batch = ring_[next % batches];
    write(batch);
    batch.clear();
    ++written_;
  }
  done_ = true;
}

/// Formats a batch's entries, and writes them.
void Capture::write(const Batch& batch) {
  for (std::size_t at = 0; at < batch.size();) {
    Entry entry;
    std::memcpy(&entry, batch.data() + at, sizeof entry);
    const std::byte* bytes = batch.data() + at + sizeof entry;
    std::vector<Ruling> rulings(entry.rulings);
    if (!rulings.empty()) std::memcpy(rulings.data(), bytes + entry.kept, rulings.size() * sizeof(Ruling));
    at += sizeof entry + entry.kept + entry.rulings * sizeof(Ruling);
    if (!append(entry, {bytes, entry.kept}, rulings)) ++beyond_;
  }
  write_out();
}

/// False when the file has no room for it, or takes nothing any more.
bool Capture::append(const Entry& entry, std::span<const std::byte> bytes, std::span<const Ruling> rulings) {
  if (ended_) return false;
  const std::size_t before = out_.size();
  const auto links = interfaces_.size();
  const std::uint32_t number = interface(entry.link);
  const auto comments = comments_on(entry.part, rulings);
  pcapng::append_packet(out_, number, entry.read + since_1970_, entry.length, bytes, comments);
  if (file_bytes_ + out_.size() > settings_.limit) {
    out_.resize(before);
    if (interfaces_.size() > links) interfaces_.erase(entry.link);
    full_ = ended_ = true;
    return false;
  }
  ++formatted_;
  return true;
}

/// Links that were never offered a packet are not in the file.
std::uint32_t Capture::interface(core::Link link) {
  const auto [known, added] = interfaces_.try_emplace(link, static_cast<std::uint32_t>(interfaces_.size()));
  if (added) {
    const std::string &from = nodes_.at(link.from), &to = nodes_.at(link.to);
    pcapng::append_interface(out_, from + ">" + to, "from " + from + " to " + to, settings_.snap);
  }
  return known->second;
}

void Capture::write_out() {
  for (std::size_t done = 0; done < out_.size() && error_ == 0;) {
    const auto wrote = os::retry([&] { return ::write(file_.get(), out_.data() + done, out_.size() - done); });
    if (wrote < 0)
      error_ = errno;
    else
      done += static_cast<std::size_t>(wrote);
  }
  if (error_ == 0) {
    file_bytes_ += out_.size();
    packets_ += formatted_;
    links_ = interfaces_.size();
  } else {
    ended_ = true;
    // A full disk takes part of a block: the file ends before what could not be written whole. If not, readers say so.
    [[maybe_unused]] const int cut = ::ftruncate(file_.get(), static_cast<off_t>(file_bytes_.load()));
    beyond_ += formatted_;
  }
  formatted_ = 0;
  out_.clear();
}

}  // namespace withstand::lab::link
