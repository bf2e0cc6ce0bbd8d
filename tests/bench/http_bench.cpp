#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "bench/path.hpp"
#include "bench/shared_memory.hpp"
#include "core/event_loop.hpp"
#include "lab/link/fabric.hpp"
#include "os/check.hpp"

/// What one HTTP request costs: over a veth pair, over the fabric, where connections are followed and where HTTP is
/// read, and with a rule of one millisecond. One connection that is kept alive, one small request after the other; all
/// in one run and in turn, so that whatever else the machine does hits all of them. Beside it, the way that proxies go:
/// a relay in user space at the server's end of the veth pair. HAProxy is tried where it is installed, Toxiproxy where
/// TOXIPROXY in the environment names its server program.
///   bench_http [rounds, default 5] [requests per round, default 5000]
namespace withstand::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t port = 7103, relay_port = 7104;
constexpr std::string_view request = "GET /kv/a HTTP/1.1\r\nHost: n2:7103\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n",
                           response = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

struct Shared {
  std::array<std::int64_t, 1 << 18> samples{};
};

void be_prompt(int stream) {
  const int yes = 1;
  os::check("set TCP_NODELAY", ::setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
}

/// Reads exactly so much; false at the end.
bool hear(int stream, std::size_t bytes) {
  std::array<char, 4096> room{};
  while (bytes > 0) {
    const auto got = ::recv(stream, room.data(), std::min(room.size(), bytes), 0);
    if (got <= 0) return false;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

int serve(const os::Fd& listener) {
  const int stream = os::check("accept", ::accept(listener.get(), nullptr, nullptr));
  be_prompt(stream);
  while (hear(stream, request.size()))
    os::check("send", ::send(stream, response.data(), response.size(), MSG_NOSIGNAL));
  return 0;
}

/// A program between client and server, at the server's end.
struct Relay {
  std::string name;
  std::vector<std::string> command;  ///< its last word is the file of its settings
  std::string settings;              ///< LISTEN and UPSTREAM stand for addresses
};

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

class RunningRelay {
 public:
  RunningRelay(const Path& path, const Relay& relay) {
    const std::string address = path.address(1);
    std::ofstream(relay.command.back()) << replaced(
        replaced(relay.settings, "LISTEN", fmt::format("{}:{}", address, relay_port)), "UPSTREAM",
        fmt::format("{}:{}", address, port));
    process_ = path.start(1, [&] {
      std::vector<char*> words;
      for (const auto& word : relay.command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      const int nowhere = ::open("/dev/null", O_RDWR);
      for (int stream = 0; stream < 3; ++stream) ::dup2(nowhere, stream);
      ::execv(words[0], words.data());
      return 127;
    });
  }
  ~RunningRelay() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  RunningRelay(const RunningRelay&) = delete;
  RunningRelay& operator=(const RunningRelay&) = delete;

 private:
  int process_;
};

struct Folder {
  std::string path = "/tmp/bench_http.XXXXXX";
  Folder() {
    if (!::mkdtemp(path.data())) throw os::SystemError("make a folder", errno);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

/// The relays there are on this machine; their settings go into `folder`.
std::vector<Relay> relays(const std::string& folder) {
  std::vector<Relay> found;
  if (::access("/usr/sbin/haproxy", X_OK) == 0)
    found.push_back({"veth pair, HAProxy between (mode tcp)",
                     {"/usr/sbin/haproxy", "-db", "-f", folder + "/haproxy.cfg"},
                     "global\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n"
                     "  timeout server 60s\nlisten bench\n  bind LISTEN\n  server there UPSTREAM\n"});
  if (const char* server = std::getenv("TOXIPROXY"))
    found.push_back({"veth pair, Toxiproxy between (no toxic)",
                     {server, "-config", folder + "/toxiproxy.json"},
                     R"([{"name":"bench","listen":"LISTEN","upstream":"UPSTREAM","enabled":true}])"});
  return found;
}

/// Connects as soon as somebody listens; gives up after five seconds.
void connect_when_open(int& stream, const sockaddr_in& there) {
  for (int attempt = 0;; ++attempt) {
    stream = os::check("make a socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(stream, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0) return;
    if (attempt == 500) throw os::SystemError("connect", errno);
    ::close(stream);
    ::usleep(10'000);
  }
}

/// Microseconds of each request, sorted.
std::vector<double> requests_over(const Path& path, int count, const Relay* relay) {
  const SharedMemory<Shared> shared;
  const os::Fd listener = path.socket(1, SOCK_STREAM);
  const int yes = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(port);
  ::inet_pton(AF_INET, path.address(1).c_str(), &there.sin_addr);
  os::check("bind", ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
  os::check("listen", ::listen(listener.get(), 1));
  const int server = path.start(1, [&] { return serve(listener); });
  std::optional<RunningRelay> between;
  if (relay) between.emplace(path, *relay);
  if (relay) there.sin_port = htons(relay_port);
  const int client = path.start(0, [&] {
    int connected = -1;
    connect_when_open(connected, there);
    const os::Fd stream(connected);
    be_prompt(stream.get());
    for (int i = 0; i < count; ++i) {
      const auto begin = core::now();
      os::check("send", ::send(stream.get(), request.data(), request.size(), MSG_NOSIGNAL));
      if (!hear(stream.get(), response.size())) return 1;
      shared->samples[static_cast<std::size_t>(i)] = (core::now() - begin).count();
    }
    return 0;
  });
  ::waitpid(client, nullptr, 0);
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  std::vector<double> sorted;
  for (int i = 0; i < count; ++i)
    sorted.push_back(static_cast<double>(shared->samples[static_cast<std::size_t>(i)]) / 1e3);
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

/// One way to get from one end to the other.
struct Way {
  std::string name;
  const Path* path = nullptr;
  std::function<std::uint64_t()> add{};  ///< what is asked of its link meanwhile; empty: nothing
  lab::link::Fabric* fabric = nullptr;
  double share = 1;  ///< of the requests: slow ones need not be so many
  std::optional<Relay> relay{};
  std::vector<double> p50{}, p99{};
};

void print(const std::vector<Way>& ways) {
  fmt::print("{:<56} {:>8} {:>8} {:>10}\n", "us per request (median over the rounds)", "p50", "p99", "p50 added");
  const double bare = median(ways.front().p50);
  for (const Way& way : ways)
    fmt::print("{:<56} {:8.1f} {:8.1f} {:10.1f}   (p50 {:.1f} to {:.1f})\n", way.name, median(way.p50), median(way.p99),
               median(way.p50) - bare, *std::min_element(way.p50.begin(), way.p50.end()),
               *std::max_element(way.p50.begin(), way.p50.end()));
}

/// The three networks that the ways lead over.
struct Networks {
  support::NetRig plain{2}, followed{2}, read{2};
  std::unique_ptr<Path> veth = veth_path(), over_plain = fabric_path(plain), over_followed = fabric_path(followed),
                        over_read = fabric_path(read);
  Networks() {
    followed.fabric().watch_streams();
    read.fabric().watch_http();
  }
};

std::vector<Way> ways_over(Networks& to) {
  const core::Link link{0, 1};
  const auto rule = [&to, link](core::HttpSettings settings, core::HttpMatch match) {
    return to.read.fabric().add_http({.fault = "bench", .seed = 1, .settings = settings, .match = std::move(match)},
                                     {link});
  };
  std::vector<Way> ways;
  ways.push_back({.name = "veth pair", .path = to.veth.get()});
  ways.push_back({.name = "fabric, connections not followed", .path = to.over_plain.get()});
  ways.push_back({.name = "network.stream on the link, no connection chosen",
                  .path = to.over_followed.get(),
                  .add =
                      [&to, link] {
                        return to.followed.fabric().add_stream({.fault = "bench", .seed = 1, .settings = {.port = 9}},
                                                               {link});
                      },
                  .fabric = &to.followed.fabric()});
  ways.push_back({.name = "network.http claimed, no fault active", .path = to.over_read.get()});
  ways.push_back({.name = "network.http on the link, no request matches",
                  .path = to.over_read.get(),
                  .add = [rule] { return rule({.action = core::HttpSettings::Action::abort}, {.path = "/none/*"}); },
                  .fabric = &to.read.fabric()});
  ways.push_back({.name = "network.http, each request delayed by 1 ms",
                  .path = to.over_read.get(),
                  .add = [rule] { return rule({.delay = {.delay = 1ms}}, {.path = "/kv/*"}); },
                  .fabric = &to.read.fabric(),
                  .share = 0.2});
  return ways;
}

int run(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  const int count = argc > 2 ? std::clamp(std::atoi(argv[2]), 100, 1 << 18) : 5000;
  double load[3] = {};
  ::getloadavg(load, 3);
  fmt::print("load average before {:.2f} on {} processors\n", load[0], ::sysconf(_SC_NPROCESSORS_ONLN));
  Networks networks;
  std::vector<Way> ways = ways_over(networks);
  const Folder folder;
  for (auto& relay : relays(folder.path))
    ways.push_back({.name = relay.name, .path = networks.veth.get(), .relay = relay});
  for (int i = 0; i < rounds; ++i)
    for (Way& way : ways) {
      const auto handle = way.add ? way.add() : 0;
      const auto sorted =
          requests_over(*way.path, static_cast<int>(count * way.share), way.relay ? &*way.relay : nullptr);
      if (way.add) way.fabric->remove(handle);
      way.p50.push_back(sorted[sorted.size() / 2]);
      way.p99.push_back(sorted[sorted.size() * 99 / 100]);
    }
  print(ways);
  if (!std::getenv("TOXIPROXY"))
    fmt::print(
        "Toxiproxy's own benchmark adds 273 us to a small GET (2.0, test/e2e/benchmark_test.go); TOXIPROXY=<its server "
        "program> measures it here.\n");
  return 0;
}

}  // namespace
}  // namespace withstand::bench

int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == std::string_view("__fabric")) return withstand::lab::link::fabric_main();
  return withstand::bench::run(argc, argv);
}
