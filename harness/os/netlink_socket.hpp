#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace withstand::os {

/// A NETLINK_ROUTE socket for messages that libnl has no words for. It belongs to the network namespace it was opened
/// in, whoever uses it from wherever. Not thread-safe; move-only.
class NetlinkSocket {
 public:
  NetlinkSocket();  ///< in the caller's network namespace; throws std::runtime_error
  ~NetlinkSocket();
  NetlinkSocket(NetlinkSocket&&) noexcept;
  NetlinkSocket& operator=(NetlinkSocket&&) noexcept;

  /// Sends one message (RTM_..., NLM_F_... beside REQUEST and ACK, all behind the header) and waits for the kernel's
  /// answer: the payloads that came with it. With NLM_F_DUMP those of the whole list, asked again when it changed
  /// meanwhile. Throws SystemError with the attempt, the kernel's own words where it has any, and its errno.
  std::vector<std::vector<std::byte>> request(const std::string& attempt, std::uint16_t type, std::uint16_t flags,
                                              std::span<const std::byte> body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::os
