#include "lab/dns/sockets.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <string>

#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "os/check.hpp"

namespace withstand::lab::dns {
namespace {

os::Fd bound_socket(int kind, const std::string& what) {
  os::Fd made(os::check("make a socket", ::socket(AF_INET, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server_port);
  ::inet_pton(AF_INET, server_address, &address.sin_addr);
  os::check(fmt::format("take {} port {} for the resolver", what, server_port),
            ::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
  return made;
}

}  // namespace

Sockets open_sockets() {
  Sockets sockets{bound_socket(SOCK_DGRAM, "UDP"), bound_socket(SOCK_STREAM, "TCP")};
  os::check("listen on TCP port 53", ::listen(sockets.tcp.get(), SOMAXCONN));
  return sockets;
}

std::uint64_t dropped(const os::Fd& udp) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  os::check("ask for a socket's drops", ::getsockopt(udp.get(), SOL_SOCKET, SO_MEMINFO, info.data(), &size));
  return size > SK_MEMINFO_DROPS * sizeof info[0] ? info[SK_MEMINFO_DROPS] : 0;
}

}  // namespace withstand::lab::dns
