#pragma once

#include <cstdint>

#include "os/fd.hpp"

namespace withstand::lab::dns {

/// Where a node's resolver listens: port 53 of the loopback that every node has for itself. 127.0.0.1, because that is
/// where the resolvers of libc, musl and Go ask when there is no /etc/resolv.conf or it names no server.
inline constexpr const char* server_address = "127.0.0.1";
inline constexpr std::uint16_t server_port = 53;

struct Sockets {
  os::Fd udp, tcp;  ///< bound; TCP listens; both non-blocking and close-on-exec
};

/// Runs in a node's first process, with its loopback up and CAP_NET_BIND_SERVICE over its network namespace: targets
/// have no capability, so that port is never theirs. Throws os::SystemError.
Sockets open_sockets();

/// Datagrams that the kernel dropped because nobody read them in time, since the socket was made.
std::uint64_t dropped(const os::Fd& udp);

}  // namespace withstand::lab::dns
