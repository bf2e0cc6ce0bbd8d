#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/config.hpp"
#include "load/summary.hpp"
#include "record/journal.hpp"

/// What the orchestrator and a load process say to each other: one JSON object per SOCK_SEQPACKET message.
namespace withstand::load {

struct Command {
  enum class Kind { configure, start, stop, final_reads, exit };
  Kind kind = Kind::exit;
  Config config;                   ///< configure
  std::int64_t at = 0;             ///< start: absolute, ns
  std::vector<std::string> nodes;  ///< final_reads
  std::int64_t within = 0;         ///< final_reads: ns from when it is received
};

struct Message {
  enum class Kind { ready, seconds, finished, final_reads, broken };
  Kind kind = Kind::broken;
  std::vector<record::LoadSecond> seconds;
  Summary summary;
  FinalReads final_reads;
  std::string text;  ///< broken: why it cannot go on
};

std::string to_text(const Command& command);
std::string to_text(const Message& message);
/// Both throw std::runtime_error when the text is none of ours: the two ends are one binary.
Command command_from(const std::string& text);
Message message_from(const std::string& text);

/// Receives one message of any length from a SOCK_SEQPACKET socket.
enum class Received { message, nothing, hung_up };
Received receive(int socket, std::string& out);
/// False when the socket is full just now. A peer that is gone counts as sent: its end shows on receive().
bool send(int socket, const std::string& text);

}  // namespace withstand::load
