#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/links.hpp"
#include "lab/link/capture.hpp"
#include "lab/link/forwarder.hpp"
#include "os/fd.hpp"

namespace withstand::lab::link::test {

using Bytes = std::vector<std::byte>;
using Impairments = std::vector<std::pair<core::Impairment::Kind, core::LinkSettings>>;

/// A forwarder between sockets instead of devices, which puts a recording through the link from n1 to n2 and takes down
/// what comes out. Its impairments are of the fault "a fault" and the seed 42.
class Replay {
 public:
  explicit Replay(const Impairments& impairments, const Table& table = {}, core::Instant now = core::now());

  Forwarder& forwarder() { return *forwarder_; }
  void send(const Bytes& frame);
  std::vector<Bytes> run(const std::vector<Bytes>& recording);
  /// What came out and was not asked for yet.
  std::vector<Bytes> received();
  core::LinkEffect effect(std::uint64_t handle);

 private:
  os::Fd outside_[2];
  std::unique_ptr<Forwarder> forwarder_;
  std::uint64_t handle_ = 0;
};

/// One UDP packet from n1 to n2, or a TCP one with these flags where they are not 0.
Bytes packet(std::uint16_t from_port, std::uint16_t to_port, std::size_t payload, std::uint8_t tcp_flags = 0);
/// UDP from n1 to n2, of several connections.
std::vector<Bytes> recording(std::size_t packets);

}  // namespace withstand::lab::link::test
