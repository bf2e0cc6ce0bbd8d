#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/event_loop.hpp"
#include "os/fd.hpp"

namespace withstand::lab {

/// Connects a non-blocking TCP socket to a numeric IPv4 or IPv6 address without blocking the loop. `done` comes once:
/// the connected socket, or an invalid one and why.
void connect_socket(core::EventLoop& loop, os::Fd socket, const std::string& address, std::int64_t port,
                    std::chrono::nanoseconds timeout, std::function<void(os::Fd, std::string error)> done);

/// AF_INET, AF_INET6, or 0 when it is no numeric address.
int family_of(const std::string& address);

}  // namespace withstand::lab
