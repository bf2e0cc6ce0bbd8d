#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "catalog/catalog.hpp"
#include "core/fault.hpp"
#include "lab/spawn.hpp"
#include "os/check.hpp"
#include "support/rig_lab.hpp"

namespace withstand::faults::testing {

/// Three nodes of nothing but network. Faults on the link from the first to the second; their effect is seen by sockets
/// that live in the two.
class PacketFaultTest : public ::testing::Test {
 protected:
  static constexpr core::Link link{0, 1};

  void SetUp() override {
    lab::set_own_program(WITHSTAND_BINARY_DIR "/withstand");
    if (!support::NetRig::unavailable().empty()) GTEST_SKIP() << support::NetRig::unavailable();
    rig_ = std::make_unique<support::NetRig>(3);
    lab_ = std::make_unique<support::RigLab>(*rig_);
  }
  void TearDown() override { injections_.clear(); }

  core::Injection& inject(const std::string& kind, std::map<std::string, spec::Value> parameters,
                          core::Aim aim = {{}, {link}}) {
    auto spec = std::make_unique<spec::FaultSpec>();
    spec->name = kind + "-" + std::to_string(specs_.size());
    spec->kind = kind;
    for (const auto& [name, value] : parameters) EXPECT_TRUE(knows(kind, name)) << kind << " has no '" << name << "'";
    spec->parameters = std::move(parameters);
    injections_.push_back(catalog_.fault(kind)->inject({*lab_, *spec, 42, std::move(aim)}));
    specs_.push_back(std::move(spec));
    return *injections_.back();
  }

  [[nodiscard]] bool knows(const std::string& kind, const std::string& name) const {
    const auto& known = catalog_.find(kind)->parameters;
    return std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.name == name; });
  }

  [[nodiscard]] sockaddr_in address(core::NodeId node, std::uint16_t port) const {
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(port);
    ::inet_pton(AF_INET, rig_->topology().at(node).address.c_str(), &there.sin_addr);
    return there;
  }

  /// A UDP socket of a node, bound to a port, with room for all that a test sends.
  [[nodiscard]] os::Fd udp(core::NodeId node, std::uint16_t port = 7000) const {
    os::Fd socket = rig_->socket(node, AF_INET, SOCK_DGRAM);
    const int size = 64 << 20;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    const sockaddr_in own = address(node, port);
    os::check("bind", ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own));
    return socket;
  }

  void send(const os::Fd& from, core::NodeId to, const std::string& text, std::uint16_t port = 7000) const {
    const sockaddr_in there = address(to, port);
    os::check("send", ::sendto(from.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&there),
                               sizeof there));
  }
  /// A datagram of `bytes`, which begins with its number.
  void send_numbered(const os::Fd& from, core::NodeId to, std::uint32_t number, std::size_t bytes = 4) const {
    std::string text(bytes, 'x');
    std::memcpy(text.data(), &number, sizeof number);
    send(from, to, text);
  }

  static std::optional<std::string> receive(const os::Fd& at, std::chrono::milliseconds patience) {
    pollfd wanted{.fd = at.get(), .events = POLLIN, .revents = 0};
    if (os::check("poll", os::retry([&] { return ::poll(&wanted, 1, static_cast<int>(patience.count())); })) == 0)
      return {};
    std::string text(65536, '\0');
    text.resize(static_cast<std::size_t>(os::check("receive", ::recv(at.get(), text.data(), text.size(), 0))));
    return text;
  }
  static std::optional<std::uint32_t> receive_number(const os::Fd& at, std::chrono::milliseconds patience) {
    const auto text = receive(at, patience);
    if (!text) return {};
    std::uint32_t number = 0;
    std::memcpy(&number, text->data(), sizeof number);
    return number;
  }
  /// Everything that still comes, until nothing has come for a while.
  static std::vector<std::uint32_t> receive_all(const os::Fd& at,
                                                std::chrono::milliseconds patience = std::chrono::milliseconds(300)) {
    std::vector<std::uint32_t> numbers;
    while (const auto number = receive_number(at, patience)) numbers.push_back(*number);
    return numbers;
  }

  core::Catalog catalog_ = catalog();
  std::unique_ptr<support::NetRig> rig_;
  std::unique_ptr<support::RigLab> lab_;
  std::vector<std::unique_ptr<spec::FaultSpec>> specs_;
  std::vector<std::unique_ptr<core::Injection>> injections_;
};

inline spec::Value ratio(std::int64_t percent) { return spec::Value(spec::Ratio{percent * 10'000'000}); }
inline spec::Value bytes(std::int64_t count) { return spec::Value(spec::Bytes{count}); }
inline spec::Value number(std::int64_t value) { return spec::Value(value); }
inline spec::Value text(const std::string& value) { return spec::Value(value); }
inline spec::Value mbits(std::int64_t value) { return spec::Value(spec::Bandwidth{value * 1'000'000}); }
inline spec::Value milliseconds(std::int64_t value) {
  return spec::Value(spec::Duration(std::chrono::milliseconds(value)));
}

}  // namespace withstand::faults::testing
