#include "core/event_loop.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <time.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/priority.hpp"
#include "os/check.hpp"

namespace withstand::core {
namespace asio = boost::asio;

Instant now() {
  timespec value{};
  os::check("read the monotonic clock", ::clock_gettime(CLOCK_MONOTONIC, &value));
  return std::chrono::seconds(value.tv_sec) + std::chrono::nanoseconds(value.tv_nsec);
}

namespace {

/// More than an idle processor needs to wake up for a timer; short enough to be of no consequence to anything else.
constexpr std::chrono::microseconds early{200};

/// libstdc++'s steady_clock is CLOCK_MONOTONIC with the same zero, so an Instant converts without a second reading.
std::chrono::steady_clock::time_point to_steady(Instant when) {
  return std::chrono::steady_clock::time_point(std::chrono::duration_cast<std::chrono::steady_clock::duration>(when));
}

/// Waits for readability again and again; kept alive by its own pending wait, silenced by `active`.
struct Watch : std::enable_shared_from_this<Watch> {
  Watch(asio::io_context& context, int fd, std::function<void()> on_ready)
      : descriptor(context, fd), callback(std::move(on_ready)) {}

  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (error || !self->active) return;
                            self->callback();
                            if (self->active) self->wait();
                          });
  }

  asio::posix::stream_descriptor descriptor;
  std::function<void()> callback;
  bool active = true;
};

/// All timers, on one of asio's: those due at the same instant run in the order in which they were made, which asio's
/// own heap does not promise.
class Timers : public std::enable_shared_from_this<Timers> {
 public:
  using Key = std::pair<Instant, std::uint64_t>;

  explicit Timers(asio::io_context& context) : wake_(context) {}

  Key add(Instant when, std::function<void()> callback) {
    const Key key{when, made_++};
    waiting_.emplace(key, std::move(callback));
    arm();
    return key;
  }
  void cancel(const Key& key) { waiting_.erase(key); }

 private:
  void arm() {
    if (waiting_.empty() || waiting_.begin()->first.first >= armed_) return;
    armed_ = waiting_.begin()->first.first;
    wake_.expires_at(to_steady(armed_));
    wake_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      if (const auto timers = self.lock(); timers && !error) timers->run_first();
    });
  }

  /// One at a time, so that what else is ready gets its turn between two.
  void run_first() {
    armed_ = Instant::max();
    std::function<void()> callback;
    if (!waiting_.empty() && waiting_.begin()->first.first <= now()) {
      callback = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
    }
    arm();
    if (callback) callback();
  }

  asio::steady_timer wake_;
  std::map<Key, std::function<void()>> waiting_;
  std::uint64_t made_ = 0;
  Instant armed_ = Instant::max();
};

}  // namespace

struct EventLoop::Impl {
  asio::io_context context{1};
  std::shared_ptr<Timers> timers = std::make_shared<Timers>(context);
  std::weak_ptr<Priority> priority;
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

EventLoop::Registration EventLoop::on_readable(int fd, std::function<void()> callback) {
  auto watch = std::make_shared<Watch>(impl_->context, fd, std::move(callback));
  watch->wait();
  return Registration([watch] {
    watch->active = false;
    watch->descriptor.release();  // cancels the wait, and leaves the descriptor open: it is the caller's
  });
}

EventLoop::Registration EventLoop::at(Instant when, std::function<void()> callback) {
  const auto key = impl_->timers->add(when, std::move(callback));
  return Registration([key, timers = std::weak_ptr(impl_->timers)] {
    if (const auto held = timers.lock()) held->cancel(key);
  });
}

EventLoop::Registration EventLoop::at_precisely(Instant when, std::function<void()> callback) {
  return at(when - early, [when, callback = std::move(callback)] {
    while (now() < when) {
    }
    callback();
  });
}

EventLoop::Registration EventLoop::hurry() {
  auto priority = impl_->priority.lock();
  if (!priority) impl_->priority = priority = std::make_shared<Priority>();
  return Registration([priority]() mutable { priority.reset(); });
}

void EventLoop::post(std::function<void()> callback) { asio::post(impl_->context, std::move(callback)); }

bool EventLoop::run_until(const std::function<bool()>& done, Instant deadline) {
  impl_->context.restart();
  bool expired = false;
  const auto wake = at(deadline, [&] { expired = true; });
  while (!done() && !expired) {
    impl_->context.run_one();
    if (const auto priority = impl_->priority.lock()) priority->review(now());
  }
  return done();
}

void EventLoop::run_for(std::chrono::nanoseconds time) {
  run_until([] { return false; }, now() + time);
}

void* EventLoop::asio_context() { return &impl_->context; }

}  // namespace withstand::core
