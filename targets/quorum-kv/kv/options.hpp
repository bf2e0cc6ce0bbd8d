#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "kv/bugs.hpp"
#include "kv/policy.hpp"

namespace quorum_kv {

struct Member {
  std::string name;
  boost::asio::ip::tcp::endpoint endpoint;  ///< where its peer port is
};

struct Options {
  std::string name;
  boost::asio::ip::tcp::endpoint listen;
  boost::asio::ip::tcp::endpoint peer_listen;
  std::vector<Member> members;  ///< sorted by name, this node included
  std::uint32_t self = 0;       ///< own index in members
  std::filesystem::path data;
  bool init = false;
  Bugs bugs;
  Timing timing;

  [[nodiscard]] std::vector<std::string> member_names() const;
};

/// From the command line. Nothing after --help, with the text printed. Throws Refusal (usage).
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace quorum_kv
