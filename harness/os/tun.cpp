#include "os/tun.hpp"

#include <cstring>
#include <fcntl.h>
#include <net/if.h>

#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

// Linux 6.2; Debian 12's headers are older.
constexpr unsigned long tun_f_uso4 = 0x20;
constexpr unsigned long tun_f_uso6 = 0x40;

void enable_offloads(const Fd& tun) {
  constexpr unsigned long since_always = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  if (::ioctl(tun.get(), TUNSETOFFLOAD, since_always | tun_f_uso4 | tun_f_uso6) == 0) return;
  check("set the TUN device's offloads", ::ioctl(tun.get(), TUNSETOFFLOAD, since_always));
}

}  // namespace

Fd create_tun(const std::string& name) {
  Fd tun(check("open /dev/net/tun", ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)));
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) throw SystemError("create TUN device " + name, ENAMETOOLONG);
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
  check("create TUN device " + name, ::ioctl(tun.get(), TUNSETIFF, &request));
  int header = static_cast<int>(vnet_header_bytes);
  check("set the TUN device's header size", ::ioctl(tun.get(), TUNSETVNETHDRSZ, &header));
  enable_offloads(tun);
  check("tie the TUN device to its namespace", ::ioctl(tun.get(), TUNSETPERSIST, 1));
  return tun;
}

void set_carrier(const Fd& tun, bool present) {
  const int value = present ? 1 : 0;
  check(present ? "plug a TUN device in" : "unplug a TUN device", ::ioctl(tun.get(), TUNSETCARRIER, &value));
}

}  // namespace withstand::os
