#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/disk.hpp"
#include "core/fault.hpp"

/// What the orchestrator and a node's disk server say to each other over a SOCK_SEQPACKET socket: one request, one
/// reply, in turn, as JSON texts. A reply that cannot be given is {"error": "why"}.
namespace withstand::lab::disk {

struct Command {
  enum class Kind {
    start,  ///< with the file of the node's clock domain, where it has one
    add,
    remove,
    effect,
    settle,  ///< everything that was done so far is durable
    cut,     ///< the power, at `at`
    let_go,  ///< those who wait for an answer
    lose,    ///< waits for the end of the mount, then leaves in the folder what survives; reply: a PowerLossEffect
    mount,   ///< serves the folder again; comes with /dev/fuse, mounted
  };
  Kind kind = Kind::start;
  std::string node;                         ///< start: its name
  bool passthrough = false;                 ///< start: where the kernel can
  bool durability = false;                  ///< start: what is not durable is recorded
  std::vector<core::DiskConcern> concerns;  ///< start: all that will ever be asked
  core::Disks::Handle handle = 0;           ///< add, remove, effect
  core::DiskRule rule;                      ///< add
  std::chrono::nanoseconds at{};            ///< cut: CLOCK_MONOTONIC
  core::PowerLoss loss;                     ///< lose
};

/// A message is small enough for any socket buffer: of an effect's strikes, the first ones that fit.
inline constexpr std::size_t message_capacity = 128 * 1024;
inline constexpr std::size_t strikes_per_message = 200;

[[nodiscard]] std::string encode(const Command& command);
/// Throws std::runtime_error.
[[nodiscard]] Command decode_command(std::string_view text);
[[nodiscard]] std::string encode(const core::DiskEffect& effect);
/// Throws std::runtime_error with what the server said when it is no effect.
[[nodiscard]] core::DiskEffect decode_effect(std::string_view text);
[[nodiscard]] std::string encode(const core::PowerLossEffect& effect);
/// Throws std::runtime_error with what the server said when it is none.
[[nodiscard]] core::PowerLossEffect decode_power_loss(std::string_view text);
/// Without data. `error`: empty when all is well.
[[nodiscard]] std::string encode_done(const std::string& error);
/// Throws std::runtime_error with what the server said.
void check_done(std::string_view text);

/// In the process that serves one node's disk: descriptor 3 is the control socket, 4 the folder to mirror (O_PATH), 5
/// /dev/fuse, mounted. Returns the exit status when the socket or the mount ends.
int server_main();

}  // namespace withstand::lab::disk
