#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "catalog/catalog.hpp"
#include "core/fault.hpp"
#include "os/check.hpp"
#include "support/kernel_rig.hpp"
#include "support/rig_lab.hpp"

namespace withstand::faults::testing {

/// Faults on the link from n1 to n2, two attached network namespaces; their effect is seen by sockets that live there.
class KernelNetTest : public ::testing::Test {
 protected:
  static constexpr core::Link link{0, 1}, back{1, 0};

  void SetUp() override {
    if (!support::KernelRig::unavailable().empty()) GTEST_SKIP() << support::KernelRig::unavailable();
    rig_ = std::make_unique<support::KernelRig>();
    rig_->attach("test");
    lab_ = std::make_unique<support::RigLab>(rig_->loop(), rig_->topology(), rig_->links());
  }
  void TearDown() override { injections_.clear(); }

  core::Injection& inject(const std::string& kind, std::map<std::string, spec::Value> parameters,
                          std::vector<core::Link> links = {link}) {
    auto spec = std::make_unique<spec::FaultSpec>();
    spec->name = kind + "-" + std::to_string(specs_.size());
    spec->kind = kind;
    spec->parameters = std::move(parameters);
    injections_.push_back(catalog_.fault(kind)->inject({*lab_, *spec, 42, {{}, std::move(links)}}));
    specs_.push_back(std::move(spec));
    return *injections_.back();
  }

  [[nodiscard]] sockaddr_in address(core::NodeId node, std::uint16_t port = 7000) const {
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(port);
    ::inet_pton(AF_INET, rig_->topology().at(node).address.c_str(), &there.sin_addr);
    return there;
  }

  [[nodiscard]] os::Fd udp(core::NodeId node, std::uint16_t port = 7000) const {
    os::Fd socket = rig_->socket(node, AF_INET, SOCK_DGRAM);
    const int size = 64 << 20;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    const sockaddr_in own = address(node, port);
    os::check("bind", ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own));
    return socket;
  }

  void send(const os::Fd& from, core::NodeId to, std::uint32_t number, std::size_t bytes = 4,
            std::uint16_t port = 7000) const {
    std::string text(bytes, 'x');
    std::memcpy(text.data(), &number, sizeof number);
    const sockaddr_in there = address(to, port);
    os::check("send", ::sendto(from.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&there),
                               sizeof there));
  }

  /// The numbers of what comes until nothing has come for a while; the loop goes on meanwhile.
  std::vector<std::uint32_t> receive(const os::Fd& at, std::chrono::milliseconds patience) {
    std::vector<std::uint32_t> numbers;
    for (;;) {
      pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return numbers;
      std::uint32_t number = 0;
      os::check("receive", ::recv(at.get(), &number, sizeof number, 0));
      numbers.push_back(number);
    }
  }

  /// How often each of so many packets arrives; they are sent some at a time, so that no queue of the machine
  /// overflows.
  std::vector<int> arrivals(std::uint32_t packets, std::chrono::milliseconds last = std::chrono::milliseconds(1000)) {
    const os::Fd from = udp(0), at = udp(1);
    std::vector<int> times(packets);
    const auto take = [&](std::chrono::milliseconds patience) {
      for (const auto number : receive(at, patience)) ++times.at(number);
    };
    for (std::uint32_t i = 0; i < packets; ++i) {
      send(from, 1, i);
      if (i % 100 == 99) take(std::chrono::milliseconds(0));
    }
    take(last);
    return times;
  }

  static std::vector<bool> lost(const std::vector<int>& arrivals) {
    std::vector<bool> out;
    for (const int times : arrivals) out.push_back(times == 0);
    return out;
  }

  /// The rows of one injection's evidence, for messages.
  static std::string words(core::Injection& injection) {
    std::string text;
    for (const auto& row : injection.observe().rows)
      text += row.what + ": " + row.requested + " | " + row.measured + " | " + row.source + "\n";
    return text;
  }

  core::Catalog catalog_ = catalog();
  std::unique_ptr<support::KernelRig> rig_;
  std::unique_ptr<support::RigLab> lab_;
  std::vector<std::unique_ptr<spec::FaultSpec>> specs_;
  std::vector<std::unique_ptr<core::Injection>> injections_;
};

inline spec::Value percent(double share) {
  return spec::Value(spec::Ratio{static_cast<std::int64_t>(share * 10'000'000)});
}
inline spec::Value text(const std::string& value) { return spec::Value(value); }
inline spec::Value milliseconds(std::int64_t value) {
  return spec::Value(spec::Duration(std::chrono::milliseconds(value)));
}

}  // namespace withstand::faults::testing
