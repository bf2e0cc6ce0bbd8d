#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.hpp"

namespace withstand::os {

/// One datagram of a SOCK_SEQPACKET socket, with the descriptors that came along (SCM_RIGHTS; unix(7)).
struct Message {
  std::string data;
  std::vector<Fd> descriptors;
  bool end = false;  ///< the peer closed its end
};

/// At most 32 descriptors. Never raises SIGPIPE. False when the peer is gone (EPIPE, ECONNRESET); throws otherwise.
bool send_message(int socket, std::string_view data, const std::vector<int>& descriptors = {});

/// Waits for one message unless `wait` is false; nothing when none is there. Longer ones than `limit` bytes are an
/// error, not cut. Descriptors arrive close-on-exec.
std::optional<Message> receive_message(int socket, bool wait = true, std::size_t limit = 65536);

}  // namespace withstand::os
