#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <tuple>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "bench/path.hpp"
#include "bench/traffic.hpp"
#include "core/event_loop.hpp"
#include "lab/link/fabric.hpp"
#include "os/check.hpp"

/// The link fabric beside a veth pair, in one run and in turn, so that whatever else the machine does hits both.
/// Prints the median over the rounds, and the worst and best of them.
///   bench_fabric [rounds, default 5] [throughput|packets|latency|delay|growth|mesh|capture ...]
namespace withstand::bench {
namespace {

using namespace std::chrono_literals;

struct Series {
  std::vector<double> values;
  void add(double value) { values.push_back(value); }
  [[nodiscard]] double median() const {
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted.empty() ? 0 : sorted[sorted.size() / 2];
  }
  [[nodiscard]] double least() const { return *std::min_element(values.begin(), values.end()); }
  [[nodiscard]] double most() const { return *std::max_element(values.begin(), values.end()); }
  [[nodiscard]] std::string text(const char* unit, int digits) const {
    return fmt::format("{:.{}f} {} (of {}: {:.{}f} to {:.{}f})", median(), digits, unit, values.size(), least(), digits,
                       most(), digits);
  }
};

void print(const std::string& what, const std::string& value) { fmt::print("{:<42} {}\n", what, value); }

/// One figure of the process's memory in KiB: "Pss:", or "Rss:", which no fork makes less.
long memory_kib(int pid, std::string_view figure) {
  std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string word; rollup >> word;)
    if (word == figure) {
      long value = 0;
      rollup >> value;
      return value;
    }
  return 0;
}

double cpu_seconds(int pid) {
  std::ifstream stat(fmt::format("/proc/{}/schedstat", pid));
  double nanoseconds = 0;
  stat >> nanoseconds;
  return nanoseconds / 1e9;
}

void throughput(int rounds) {
  support::NetRig rig(3);
  const auto fabric = fabric_path(rig), veth = veth_path();
  for (const auto& [streams, name, aim] : {std::tuple{1, "one TCP stream", "0.9"}, {8, "eight TCP streams", "0.8"}}) {
    Series ours, theirs, ratio, cost;
    for (int i = 0; i < rounds; ++i) {
      theirs.add(tcp_throughput(*veth, 2s, streams) / 1e9);
      const double before = cpu_seconds(rig.fabric().pid());
      ours.add(tcp_throughput(*fabric, 2s, streams) / 1e9);
      const double gigabytes = ours.values.back() * 2 / 8;
      cost.add((cpu_seconds(rig.fabric().pid()) - before) * 1e3 / gigabytes);
      ratio.add(ours.values.back() / theirs.values.back());
    }
    print(fmt::format("{}, veth", name), theirs.text("Gbit/s", 2));
    print(fmt::format("{}, fabric", name), ours.text("Gbit/s", 2));
    print(fmt::format("  ratio (aim >= {})", aim), ratio.text("", 2));
    print("  processor time of the fabric", cost.text("ms/GB", 0));
  }
  // Every packet is decided on, one in 10^9 lost.
  const auto handle = rig.fabric().add(
      {.kind = core::Impairment::Kind::loss, .fault = "bench", .seed = 1, .settings = {.loss = {.random = {.ppb = 1}}}},
      {{0, 1}});
  Series decided;
  for (int i = 0; i < rounds; ++i) decided.add(tcp_throughput(*fabric, 2s) / 1e9);
  rig.fabric().remove(handle);
  print("one TCP stream, each packet decided on", decided.text("Gbit/s", 2));
  print("overload", rig.fabric().health().overload);
}

void packets(int rounds) {
  support::NetRig rig(3);
  const auto fabric = fabric_path(rig), veth = veth_path();
  Series ours, theirs, offered;
  for (int i = 0; i < rounds; ++i) {
    theirs.add(udp_flood(*veth, 1s).received / 1e3);
    const Flood flood = udp_flood(*fabric, 1s);
    ours.add(flood.received / 1e3);
    offered.add(flood.sent / 1e3);
  }
  print("UDP 64 bytes received, veth", theirs.text("k/s", 0));
  print("UDP 64 bytes received, fabric (aim >= 300)", ours.text("k/s", 0));
  print("  offered to the fabric", offered.text("k/s", 0));
  print("overload (wanted here)", rig.fabric().health().overload);
}

void latency(int rounds) {
  support::NetRig rig(3);
  const auto fabric = fabric_path(rig), veth = veth_path();
  Series ours50, ours99, theirs50, theirs99, added50, added99;
  for (int i = 0; i < rounds; ++i) {
    const auto theirs = round_trips(*veth, 10'000), ours = round_trips(*fabric, 10'000);
    const auto us = [](const auto& samples, double share) {
      return static_cast<double>(quantile(samples, share)) / 1e3;
    };
    theirs50.add(us(theirs, 0.5));
    theirs99.add(us(theirs, 0.99));
    ours50.add(us(ours, 0.5));
    ours99.add(us(ours, 0.99));
    added50.add(ours50.values.back() - theirs50.values.back());
    added99.add(ours99.values.back() - theirs99.values.back());
  }
  print("round trip p50, veth", theirs50.text("us", 1));
  print("round trip p50, fabric", ours50.text("us", 1));
  print("round trip p99, veth", theirs99.text("us", 1));
  print("round trip p99, fabric", ours99.text("us", 1));
  print("  added p50", added50.text("us", 1));
  print("  added p99", added99.text("us", 1));
}

void delay(int rounds) {
  support::NetRig rig(3);
  const auto fabric = fabric_path(rig), veth = veth_path();
  const auto us = [](std::int64_t ns) { return static_cast<double>(ns) / 1e3; };
  for (const auto& [per_second, count] : {std::pair{1000, 3000}, {50'000, 50'000}}) {
    for (const std::chrono::nanoseconds asked : {500'000ns, 1'000'000ns, 10'000'000ns, 100'000'000ns}) {
      Series over50, over99, veth50, veth99, error50, error99, arrived;
      for (int i = 0; i < rounds; ++i) {
        const auto plain = transits(*veth, count, per_second);
        const auto handle = rig.fabric().add({.kind = core::Impairment::Kind::latency,
                                              .fault = "bench",
                                              .seed = 1,
                                              .settings = {.delay = {.delay = asked}}},
                                             {{0, 1}});
        const auto delayed = transits(*fabric, count, per_second);
        rig.fabric().remove(handle);
        veth50.add(us(quantile(plain, 0.5)));
        veth99.add(us(quantile(plain, 0.99)));
        over50.add(us(quantile(delayed, 0.5) - asked.count()));
        over99.add(us(quantile(delayed, 0.99) - asked.count()));
        error50.add(over50.values.back() - veth50.values.back());
        error99.add(over99.values.back() - veth99.values.back());
        arrived.add(100.0 * static_cast<double>(delayed.size()) / count);
      }
      print(fmt::format("{} packets/s, {} us asked", per_second, asked.count() / 1000),
            fmt::format("over it p50 {}  p99 {}  arrived {}", over50.text("us", 1), over99.text("us", 1),
                        arrived.text("%", 1)));
      print("  veth's own", veth50.text("us", 1) + "  " + veth99.text("us", 1));
      print("  error beyond veth (aim 20 / 250 at 1000/s)", error50.text("us", 1) + "  " + error99.text("us", 1));
    }
  }
  const auto health = rig.fabric().health();
  print("lateness the fabric saw itself",
        fmt::format("p99 {:.1f} us, max {:.1f} us, {}", double(health.lateness_p99_ns) / 1e3,
                    double(health.lateness_max_ns) / 1e3, health.scheduling));
  print("overload", health.overload);
}

/// A delay of its own for each link of a full mesh, and packets on all of them in turn.
void mesh(int rounds) {
  constexpr int per_second = 20'000, packets = 40'000;
  for (const std::size_t nodes : {10u, 25u, 50u}) {
    support::NetRig rig(nodes);
    const long before = memory_kib(rig.fabric().pid(), "Rss:");
    const auto adding = core::now();
    std::size_t links = 0;
    for (core::NodeId from = 0; from < nodes; ++from)
      for (core::NodeId to = 0; to < nodes; ++to) {
        if (from == to) continue;
        const auto delay = 1ms + std::chrono::microseconds(10 * (links++ % 1000));
        rig.fabric().add({.kind = core::Impairment::Kind::latency,
                          .fault = fmt::format("link {}", links),
                          .seed = 1,
                          .settings = {.delay = {.delay = delay}}},
                         {{from, to}});
      }
    const double added = std::chrono::duration<double, std::milli>(core::now() - adding).count();
    const long after = memory_kib(rig.fabric().pid(), "Rss:");
    Series cost, share;
    for (int i = 0; i < rounds; ++i) {
      const double used = cpu_seconds(rig.fabric().pid());
      const auto start = core::now();
      const std::uint64_t sent = mesh_traffic(rig, packets, per_second);
      const double spent = cpu_seconds(rig.fabric().pid()) - used;
      cost.add(spent * 1e6 / static_cast<double>(sent));
      share.add(100 * spent / std::chrono::duration<double>(core::now() - start).count());
    }
    const auto health = rig.fabric().health();
    print(fmt::format("{} nodes, {} links, each its own delay", nodes, links),
          fmt::format("{:.2f} KiB a link ({} KiB in all), set {:.2f} ms a link", double(after - before) / double(links),
                      after, added / double(links)));
    print(fmt::format("  {} packets/s over all links", per_second),
          fmt::format("{} a packet, {} of a processor, late p99 {:.0f} us", cost.text("us", 2), share.text("%", 0),
                      double(health.lateness_p99_ns) / 1e3));
    print("  overload", health.overload);
  }
}

void growth(int rounds) {
  for (const std::size_t nodes : {3u, 10u, 50u}) {
    const auto start = core::now();
    support::NetRig rig(nodes);
    const auto ready = core::now();
    std::vector<core::Link> mesh;
    for (core::NodeId from = 0; from < nodes; ++from)
      for (core::NodeId to = 0; to < nodes; ++to)
        if (from != to) mesh.push_back({from, to});
    const long before = memory_kib(rig.fabric().pid(), "Rss:");
    const auto adding = core::now();
    const auto handle = rig.fabric().add({.kind = core::Impairment::Kind::loss,
                                          .fault = "bench",
                                          .seed = 1,
                                          .settings = {.loss = {.random = {.ppb = 1}}}},
                                         mesh);
    const auto added = core::now();
    const long after = memory_kib(rig.fabric().pid(), "Rss:");
    const double idle = cpu_seconds(rig.fabric().pid());
    rig.loop().run_for(2s);
    const double idle_share = (cpu_seconds(rig.fabric().pid()) - idle) / 2;
    rig.fabric().remove(handle);
    Series rtt;
    const auto path = fabric_path(rig);
    for (int i = 0; i < rounds; ++i) rtt.add(static_cast<double>(quantile(round_trips(*path, 3000), 0.5)) / 1e3);
    print(fmt::format("{} nodes", nodes),
          fmt::format("set-up {:.0f} ms, PSS {} KiB, with all {} links impaired {} KiB ({:.2f} ms), idle CPU {:.2f} %, "
                      "round trip {}",
                      std::chrono::duration<double, std::milli>(ready - start).count(), before, mesh.size(), after,
                      std::chrono::duration<double, std::milli>(added - adding).count(), idle_share * 100,
                      rtt.text("us", 1)));
  }
}

/// Two fabrics in turn, one of which writes all that it forwards into a file without a name.
void capture(int rounds) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  os::Fd file(os::check("make a file", ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)));
  support::NetRig without(2), with(2, lab::link::CaptureFile{std::move(file), {.snap = 512, .limit = 1ULL << 36}});
  struct Figures {
    Series stream, flood, p50, p99;
  };
  Figures figures[2];
  for (int i = 0; i < rounds; ++i) {
    for (const bool captured : {false, true}) {
      const auto path = fabric_path(captured ? with : without);
      Figures& of = figures[captured ? 1 : 0];
      of.stream.add(tcp_throughput(*path, 2s) / 1e9);
      of.flood.add(udp_flood(*path, 1s).received / 1e3);
      const auto trips = round_trips(*path, 10'000);
      of.p50.add(static_cast<double>(quantile(trips, 0.5)) / 1e3);
      of.p99.add(static_cast<double>(quantile(trips, 0.99)) / 1e3);
    }
  }
  const std::string counts = [&] {
    const auto told = with.fabric().end_capture().value_or(lab::link::CaptureCounts{});
    return fmt::format("{} packets, {} MiB, left out {}", told.packets, told.bytes >> 20, told.overrun + told.beyond);
  }();
  for (const bool captured : {false, true}) {
    const Figures& of = figures[captured ? 1 : 0];
    const std::string name = captured ? "with a capture, " : "without a capture, ";
    print(name + "one TCP stream", of.stream.text("Gbit/s", 2));
    print(name + "UDP 64 bytes", of.flood.text("k/s", 0));
    print(name + "round trip p50", of.p50.text("us", 1));
    print(name + "round trip p99", of.p99.text("us", 1));
  }
  print("captured", counts);
}

int run(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  const std::vector<std::string_view> chosen(argv + std::min(argc, 2), argv + argc);
  double load[3] = {};
  ::getloadavg(load, 3);
  print("load average before", fmt::format("{:.2f} on {} processors", load[0], ::sysconf(_SC_NPROCESSORS_ONLN)));
  const std::pair<std::string_view, void (*)(int)> parts[] = {
      {"throughput", throughput}, {"packets", packets}, {"latency", latency}, {"delay", delay},
      {"growth", growth},         {"mesh", mesh},       {"capture", capture}};
  for (const auto& [name, part] : parts) {
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), name) == chosen.end()) continue;
    part(rounds);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace withstand::bench

int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == std::string_view("__fabric")) return withstand::lab::link::fabric_main();
  return withstand::bench::run(argc, argv);
}
