#include "bench/traffic.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cmath>
#include <csignal>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <time.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "bench/shared_memory.hpp"
#include "core/event_loop.hpp"
#include "os/check.hpp"

namespace withstand::bench {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t chunk = std::size_t{256} << 10;  // bytes per call of send and recv

sockaddr_in address_of(const Path& path, int end, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, path.address(end).c_str(), &address.sin_addr);
  return address;
}

/// What the processes at both ends write their results to.
struct Shared {
  std::uint64_t sent = 0, received = 0;
  struct Stream {
    std::uint64_t received = 0;
    nanoseconds first{}, last{};
  };
  std::array<Stream, 64> streams{};
  std::array<std::int64_t, 1 << 20> samples{};
};

/// The two ends of a UDP path, connected to each other.
struct Pair {
  os::Fd ends[2];
};

Pair udp_pair(const Path& path) {
  Pair pair;
  const int size = 8 << 20;
  for (const int end : {0, 1}) {
    pair.ends[end] = path.socket(end, SOCK_DGRAM);
    ::setsockopt(pair.ends[end].get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    const sockaddr_in own = address_of(path, end, 7100);
    os::check("bind", ::bind(pair.ends[end].get(), reinterpret_cast<const sockaddr*>(&own), sizeof own));
  }
  for (const int end : {0, 1}) {
    const sockaddr_in other = address_of(path, 1 - end, 7100);
    os::check("connect", ::connect(pair.ends[end].get(), reinterpret_cast<const sockaddr*>(&other), sizeof other));
  }
  return pair;
}

void stop(int process) {
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
}

std::int64_t nanoseconds_of(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

/// The clock of the kernel's receive time stamps.
std::int64_t wall_clock() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds_of(time);
}

/// From when the next packet was sent, as it says, to when it reached the receiver's kernel: when the receiver's
/// process gets to run on a busy machine is nothing that a network delays.
std::optional<std::int64_t> transit_of(const os::Fd& socket) {
  std::int64_t sent = 0;
  iovec part{&sent, sizeof sent};
  alignas(cmsghdr) std::array<char, 128> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket.get(), &message, 0) != sizeof sent) return {};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec arrived{};
    std::memcpy(&arrived, CMSG_DATA(header), sizeof arrived);
    return nanoseconds_of(arrived) - sent;
  }
  return {};
}

void sleep_until(nanoseconds when) {
  timespec spec{.tv_sec = when.count() / 1'000'000'000, .tv_nsec = when.count() % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &spec, nullptr) == EINTR) {
  }
}

}  // namespace

double tcp_throughput(const Path& path, std::chrono::milliseconds time, int streams) {
  const SharedMemory<Shared> shared;
  const os::Fd listener = path.socket(1, SOCK_STREAM);
  const int yes = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in own = address_of(path, 1, 7101);
  os::check("bind", ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own));
  os::check("listen", ::listen(listener.get(), streams));
  const auto receive = [&](Shared::Stream& of) {
    const int stream = os::check("accept", ::accept(listener.get(), nullptr, nullptr));
    std::vector<char> buffer(chunk);
    of.first = core::now();
    for (;;) {
      const auto got = ::recv(stream, buffer.data(), buffer.size(), 0);
      if (got <= 0) return 0;
      of.received += static_cast<std::uint64_t>(got);
      of.last = core::now();
    }
  };
  const auto send = [&] {
    const os::Fd stream(::socket(AF_INET, SOCK_STREAM, 0));
    os::check("connect", ::connect(stream.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own));
    std::vector<char> buffer(chunk, 'x');
    const auto end = core::now() + time;
    while (core::now() < end) os::check("send", ::send(stream.get(), buffer.data(), buffer.size(), MSG_NOSIGNAL));
    return 0;
  };
  std::vector<int> processes;
  for (int i = 0; i < streams; ++i) {
    Shared::Stream& of = shared->streams.at(static_cast<std::size_t>(i));
    processes.push_back(path.start(1, [&] { return receive(of); }));
    processes.push_back(path.start(0, send));
  }
  for (const int process : processes) ::waitpid(process, nullptr, 0);
  Shared::Stream all = shared->streams[0];
  for (int i = 1; i < streams; ++i) {
    const Shared::Stream& one = shared->streams.at(static_cast<std::size_t>(i));
    all = {all.received + one.received, std::min(all.first, one.first), std::max(all.last, one.last)};
  }
  return static_cast<double>(all.received) * 8 / std::chrono::duration<double>(all.last - all.first).count();
}

Flood udp_flood(const Path& path, std::chrono::milliseconds time) {
  const SharedMemory<Shared> shared;
  const Pair pair = udp_pair(path);
  constexpr unsigned batch = 64;
  std::array<char, 64> data{};
  iovec part{data.data(), data.size()};
  std::array<mmsghdr, batch> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }
  const int receiver = path.start(1, [&] {
    for (;;) {
      const int got = ::recvmmsg(pair.ends[1].get(), messages.data(), batch, MSG_WAITFORONE, nullptr);
      if (got > 0) shared->received += static_cast<std::uint64_t>(got);
    }
    return 0;
  });
  const int sender = path.start(0, [&] {
    const auto end = core::now() + time;
    while (core::now() < end) {
      const int sent = ::sendmmsg(pair.ends[0].get(), messages.data(), batch, 0);
      if (sent > 0) shared->sent += static_cast<std::uint64_t>(sent);
    }
    return 0;
  });
  ::waitpid(sender, nullptr, 0);
  const double seconds = std::chrono::duration<double>(time).count();
  const Flood flood{static_cast<double>(shared->sent) / seconds, static_cast<double>(shared->received) / seconds};
  stop(receiver);
  return flood;
}

std::vector<std::int64_t> round_trips(const Path& path, int count) {
  const SharedMemory<Shared> shared;
  const Pair pair = udp_pair(path);
  const int echo = path.start(1, [&] {
    std::int64_t value = 0;
    for (;;)
      if (::recv(pair.ends[1].get(), &value, sizeof value, 0) > 0) ::send(pair.ends[1].get(), &value, sizeof value, 0);
    return 0;
  });
  const int caller = path.start(0, [&] {
    for (int i = 0; i < count; ++i) {
      std::int64_t value = i;
      const auto start = core::now();
      os::check("send", ::send(pair.ends[0].get(), &value, sizeof value, 0));
      os::check("receive", ::recv(pair.ends[0].get(), &value, sizeof value, 0));
      shared->samples[static_cast<std::size_t>(i)] = (core::now() - start).count();
    }
    return 0;
  });
  ::waitpid(caller, nullptr, 0);
  stop(echo);
  std::vector<std::int64_t> sorted(shared->samples.begin(), shared->samples.begin() + count);
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::vector<std::int64_t> transits(const Path& path, int count, int per_second, std::chrono::milliseconds patience) {
  const SharedMemory<Shared> shared;
  const Pair pair = udp_pair(path);
  const int yes = 1;
  os::check("ask for time stamps", ::setsockopt(pair.ends[1].get(), SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes));
  const int receiver = path.start(1, [&] {
    for (;;)
      if (const auto time = transit_of(pair.ends[1])) shared->samples[shared->received++] = *time;
    return 0;
  });
  const int sender = path.start(0, [&] {
    ::prctl(PR_SET_TIMERSLACK, 1);
    const auto start = core::now() + std::chrono::milliseconds(50);
    for (int i = 0; i < count; ++i) {
      sleep_until(start + nanoseconds(1'000'000'000LL / per_second * i));
      const std::int64_t now = wall_clock();
      os::check("send", ::send(pair.ends[0].get(), &now, sizeof now, 0));
    }
    return 0;
  });
  ::waitpid(sender, nullptr, 0);
  sleep_until(core::now() + patience);
  stop(receiver);
  std::vector<std::int64_t> sorted(shared->samples.begin(),
                                   shared->samples.begin() + static_cast<std::ptrdiff_t>(shared->received));
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::uint64_t mesh_traffic(support::NetRig& rig, int count, int per_second) {
  const auto& nodes = rig.topology().nodes();
  std::vector<os::Fd> sockets;
  std::vector<sockaddr_in> addresses;
  for (const core::NodeInfo& node : nodes) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(7102);
    ::inet_pton(AF_INET, node.address.c_str(), &address.sin_addr);
    sockets.push_back(rig.socket(node.id, AF_INET, SOCK_DGRAM));
    os::check("bind", ::bind(sockets.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    addresses.push_back(address);
  }
  ::prctl(PR_SET_TIMERSLACK, 1);
  std::uint64_t sent = 0;
  const auto start = core::now();
  const std::size_t size = nodes.size();
  for (int i = 0; i < count; ++i) {
    const std::size_t from = static_cast<std::size_t>(i) % size;
    const std::size_t to = (from + 1 + (static_cast<std::size_t>(i) / size) % (size - 1)) % size;
    if (i % 8 == 0) sleep_until(start + nanoseconds(1'000'000'000LL / per_second * i));
    const char data[64] = {};
    if (::sendto(sockets[from].get(), data, sizeof data, 0, reinterpret_cast<const sockaddr*>(&addresses[to]),
                 sizeof addresses[to]) > 0)
      ++sent;
  }
  sleep_until(core::now() + std::chrono::milliseconds(100));
  return sent;
}

std::int64_t quantile(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace withstand::bench
