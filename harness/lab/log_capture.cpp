#include "lab/log_capture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "os/check.hpp"

namespace withstand::lab {
namespace {

constexpr std::size_t most_tail = 20;
constexpr std::size_t read_size = 4096;
constexpr int pipe_size = 256 << 10;  // bursts do not make the target wait
constexpr auto longest_wake_up = std::chrono::microseconds(200);

}  // namespace

LogCapture::LogCapture(core::EventLoop& loop, os::Fd pipe, const std::string& path, core::Instant epoch, OnLine on_line)
    : pipe_(std::move(pipe)),
      file_(os::check("create " + path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644))),
      epoch_(epoch),
      on_line_(std::move(on_line)) {
  os::set_nonblocking(pipe_);
  ::fcntl(pipe_.get(), F_SETPIPE_SZ, pipe_size);  // refused to users who have many: it stays 64 KiB
  readable_ = loop.on_readable(pipe_.get(), [this] {
    const auto until = core::now() + longest_wake_up;
    while (read_some() && core::now() < until) {
    }
    flush();
  });
}

LogCapture::~LogCapture() {
  readable_.reset();
  try {
    if (!partial_.empty()) finish_line(core::now());
    flush();
  } catch (const std::exception&) {  // the disk is full: the last lines are lost, which tear-down must survive
  }
}

void LogCapture::drain() {
  for (std::size_t got = 0; got < pipe_size && read_some(); got += read_size) {
  }
  flush();
}

bool LogCapture::read_some() {
  char buffer[read_size];
  const auto got = os::retry([&] { return ::read(pipe_.get(), buffer, sizeof buffer); });
  if (got < 0 && errno != EAGAIN) throw os::SystemError("read a node's output", errno);
  if (got == 0) readable_.reset();  // every writer is gone
  if (got > 0) take(std::string_view(buffer, static_cast<std::size_t>(got)), core::now());
  return got > 0;
}

void LogCapture::take(std::string_view chunk, core::Instant when) {
  while (!chunk.empty()) {
    const auto end = chunk.find('\n');
    const auto part = chunk.substr(0, end);
    const std::size_t room = longest_line - partial_.size();
    if (!cut_) partial_.append(part.substr(0, room));
    cut_ = cut_ || part.size() > room;
    if (end == std::string_view::npos) return;
    finish_line(when);
    chunk.remove_prefix(end + 1);
  }
}

void LogCapture::finish_line(core::Instant when) {
  std::string line = std::move(partial_);
  partial_.clear();
  cut_ = false;
  if (!truncated()) {
    const double seconds = std::chrono::duration<double>(when - epoch_).count();
    const std::size_t before = pending_.size();
    fmt::format_to(std::back_inserter(pending_), "{:12.6f} {}\n", seconds, line);
    written_ += pending_.size() - before;
    if (truncated())
      fmt::format_to(std::back_inserter(pending_), "{:12.6f} (withstand: more than {} MiB, the rest is left out)\n",
                     seconds, most_bytes >> 20);
  }
  if (tail_.size() == most_tail) tail_.pop_front();
  tail_.push_back(line.substr(0, 512));
  on_line_(when, std::move(line));
}

void LogCapture::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const auto done =
        os::check("write a node's log", os::retry([&] { return ::write(file_.get(), rest.data(), rest.size()); }));
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
  pending_.clear();
}

}  // namespace withstand::lab
