#include "lab/link/waiter.hpp"

#include <algorithm>
#include <array>

#include <sys/timerfd.h>

#include "os/check.hpp"

namespace withstand::lab::link {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr std::uint32_t timer_tag = UINT32_MAX;

// Polling may take one part in eight of one processor, and 2 ms of it in a row.
constexpr std::int64_t share = 8;
constexpr nanoseconds most_allowance = 2ms;
constexpr nanoseconds least_lead = 5us, most_lead = 150us, first_lead = 60us;

}  // namespace

Waiter::Waiter()
    : epoll_(os::check("make an epoll instance", ::epoll_create1(EPOLL_CLOEXEC))),
      timer_(os::check("make a timer", ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK))),
      lead_(first_lead),
      allowance_at_(core::now()) {
  // Edge-triggered: setting the timer again clears it, so it need not be read.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u32 = timer_tag}};
  os::check("watch the timer", ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &event));
}

void Waiter::watch(int fd, std::uint32_t tag) {
  epoll_event event{.events = EPOLLIN, .data = {.u32 = tag}};
  os::check("watch a descriptor", ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event));
}

std::span<epoll_event> Waiter::wait(core::Instant due, core::Instant latest) {
  const core::Instant now = core::now();
  if (due <= now || latest <= now) return poll_until(now, now);
  allowance_ = std::min(most_allowance, allowance_ + (now - allowance_at_) / share);
  allowance_at_ = now;
  const bool precise = due < latest + most_lead && allowance_ > lead_;
  if (!precise) return block_until(std::min(due, latest), false);
  if (due - lead_ <= now) return poll_until(due, now);
  return block_until(std::min(due - lead_, latest), due - lead_ < latest);
}

std::span<epoll_event> Waiter::poll_until(core::Instant due, core::Instant start) {
  core::Instant now = start;
  int count = 0;
  do {
    count = os::check("poll", os::retry([&] {
                        return ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), 0);
                      }));
    now = core::now();
  } while (ready(count).empty() && now < due);
  allowance_ -= now - start;
  return ready(count);
}

std::span<epoll_event> Waiter::block_until(core::Instant when, bool measures) {
  if (when != armed_) {
    armed_ = when;
    itimerspec spec{};
    spec.it_value.tv_sec = when.count() / 1'000'000'000;
    spec.it_value.tv_nsec = when.count() % 1'000'000'000;
    os::check("set the timer", ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr));
  }
  const int count = os::check("wait", os::retry([&] {
                                return ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), -1);
                              }));
  const auto events = ready(count);
  if (measures && events.empty()) {
    // A step towards the 90th percentile of the timer's lateness: nine times as far up as down.
    const bool late = core::now() - when > lead_;
    lead_ = std::clamp(lead_ + (late ? 1800ns : -200ns), least_lead, most_lead);
  }
  return events;
}

/// Without the timer's own event.
std::span<epoll_event> Waiter::ready(int count) {
  const auto end = std::remove_if(events_.begin(), events_.begin() + count,
                                  [](const epoll_event& event) { return event.data.u32 == timer_tag; });
  return {events_.begin(), end};
}

}  // namespace withstand::lab::link
