#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "os/fd.hpp"

namespace withstand::os {

/// One message of a SOCK_SEQPACKET socket with the descriptors that came with it.
struct FdMessage {
  std::vector<std::byte> bytes;  ///< empty at end of file
  std::vector<Fd> fds;           ///< close-on-exec
};

/// Sends one message, with descriptors (at most 16) as SCM_RIGHTS (unix(7)). Never raises SIGPIPE. Blocks while the
/// socket's buffer is full, unless the socket is non-blocking. Throws SystemError.
void send_message(const Fd& socket, std::span<const std::byte> bytes, std::span<const int> fds = {});

/// Receives one message of at most `capacity` bytes; throws SystemError, also (EMSGSIZE) when it was longer.
FdMessage receive_message(const Fd& socket, std::size_t capacity);

}  // namespace withstand::os
