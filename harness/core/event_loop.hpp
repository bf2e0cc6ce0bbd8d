#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace withstand::core {

/// CLOCK_MONOTONIC, nanoseconds since the machine's start. The only clock the harness measures with.
using Instant = std::chrono::nanoseconds;
Instant now();

/// The orchestrator's single-threaded event loop (Boost.Asio inside). Callbacks run on the thread that calls run*();
/// nothing here is thread-safe. An exception that leaves a callback leaves run*().
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Ends its registration when destroyed; the callback is not called afterwards.
  class Registration {
   public:
    Registration() = default;
    explicit Registration(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    ~Registration() { reset(); }
    Registration(Registration&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
    Registration& operator=(Registration&& other) noexcept {
      if (this != &other) {
        reset();
        cancel_ = std::exchange(other.cancel_, nullptr);
      }
      return *this;
    }
    void reset() {
      if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
    }
    explicit operator bool() const { return static_cast<bool>(cancel_); }

   private:
    std::function<void()> cancel_;
  };

  /// Called whenever `fd` is readable (or hung up) until the registration ends. The descriptor stays the caller's.
  [[nodiscard]] Registration on_readable(int fd, std::function<void()> callback);
  /// Called once at `when` (at once if that is past). Late by the kernel's timer slack only. What is due at the same
  /// instant is called in the order of these calls.
  [[nodiscard]] Registration at(Instant when, std::function<void()> callback);
  /// The same to some microseconds, for what must happen at its instant: it wakes a little early and watches the clock,
  /// in which nothing else is called.
  [[nodiscard]] Registration at_precisely(Instant when, std::function<void()> callback);
  /// As long as it lasts, callbacks run with the priority that core/priority.hpp describes.
  [[nodiscard]] Registration hurry();
  /// Called after the current callback returned.
  void post(std::function<void()> callback);

  /// Runs callbacks until `done` is true or `deadline` has come; returns done().
  bool run_until(const std::function<bool()>& done, Instant deadline);
  void run_for(std::chrono::nanoseconds time);

  /// The boost::asio::io_context underneath, for those who include asio themselves.
  [[nodiscard]] void* asio_context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::core
