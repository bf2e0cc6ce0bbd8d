#include "lab/log_capture.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "os/check.hpp"

namespace withstand::lab {
namespace {

constexpr std::size_t most_tail = 20;
constexpr std::size_t read_size = 4096;
constexpr int pipe_size = 256 << 10;  // bursts do not make the target wait
constexpr auto longest_wake_up = std::chrono::microseconds(200);

std::string size_text(std::uint64_t bytes) {
  if (bytes >= 10U << 20) return fmt::format("{} MiB", bytes >> 20);
  return fmt::format("{} KiB", (bytes + 1023) >> 10);
}

}  // namespace

LogCapture::LogCapture(core::EventLoop& loop, os::Fd pipe, LogSink sink)
    : pipe_(std::move(pipe)),
      file_(
          os::check("create " + sink.path, ::open(sink.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644))),
      nowhere_(os::check("open /dev/null", ::open("/dev/null", O_WRONLY | O_CLOEXEC))),
      sink_(std::move(sink)) {
  os::set_nonblocking(pipe_);
  ::fcntl(pipe_.get(), F_SETPIPE_SZ, pipe_size);  // refused to users who have many: it stays 64 KiB
  readable_ = loop.on_readable(pipe_.get(), [this] { on_readable(); });
}

LogCapture::~LogCapture() {
  readable_.reset();
  if (!partial_.empty()) finish_line(core::now());
  if (full_) end_file();
  flush();
}

void LogCapture::on_readable() {
  const auto until = core::now() + longest_wake_up;
  bool more = true;
  while (more && core::now() < until) more = read_some();
  if (more && (full_ || failed_)) throw_away();
  flush();
}

void LogCapture::drain() {
  for (std::size_t got = 0; got < pipe_size && read_some(); got += read_size) {
  }
  flush();
}

bool LogCapture::read_some() {
  char buffer[read_size];
  const auto got = os::retry([&] { return ::read(pipe_.get(), buffer, sizeof buffer); });
  if (got < 0 && errno == EAGAIN) return false;
  if (got < 0) fail("read what goes to", errno);
  if (got <= 0) readable_.reset();  // every writer is gone
  if (got > 0) take(std::string_view(buffer, static_cast<std::size_t>(got)), core::now());
  return got > 0;
}

/// What is in the pipe, at no cost (splice(2) to /dev/null copies nothing); the line that it tears apart goes with it.
void LogCapture::throw_away() {
  const auto gone =
      os::retry([&] { return ::splice(pipe_.get(), nullptr, nowhere_.get(), nullptr, pipe_size, SPLICE_F_NONBLOCK); });
  if (gone <= 0) return;
  left_out_ += static_cast<std::uint64_t>(gone) + partial_.size();
  partial_.clear();
  cut_ = false;
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
  if (full_ || failed_)
    left_out_ += line.size() + 1;
  else
    write_line(when, line);
  if (tail_.size() == most_tail) tail_.pop_front();
  tail_.push_back(line.substr(0, 512));
  sink_.on_line(when, std::move(line));
}

void LogCapture::write_line(core::Instant when, const std::string& line) {
  const double seconds = std::chrono::duration<double>(when - sink_.epoch).count();
  const std::size_t before = pending_.size();
  fmt::format_to(std::back_inserter(pending_), "{:12.6f} {}\n", seconds, line);
  written_ += pending_.size() - before;
  full_ = written_ >= sink_.limit;
  if (!full_) return;
  fmt::format_to(std::back_inserter(pending_),
                 "{:12.6f} (withstand: this log has reached its limit of {}; only its end follows)\n", seconds,
                 size_text(sink_.limit));
  if (sink_.on_limit) sink_.on_limit();
}

void LogCapture::end_file() {
  if (left_out_ == 0) return;
  fmt::format_to(std::back_inserter(pending_), "(withstand: {} were left out; the last lines of them were)\n",
                 size_text(left_out_));
  for (const auto& line : tail_) fmt::format_to(std::back_inserter(pending_), "{}\n", line);
}

void LogCapture::flush() {
  std::string_view rest = pending_;
  while (!rest.empty() && !failed_) {
    const auto done = os::retry([&] { return ::write(file_.get(), rest.data(), rest.size()); });
    if (done < 0)
      fail("write", errno);
    else
      rest.remove_prefix(static_cast<std::size_t>(done));
  }
  pending_.clear();
}

void LogCapture::fail(const char* attempt, int error) {
  if (!std::exchange(failed_, true) && sink_.on_failure) sink_.on_failure(attempt, error);
}

}  // namespace withstand::lab
