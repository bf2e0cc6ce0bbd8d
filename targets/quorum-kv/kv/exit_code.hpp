#pragma once

#include <stdexcept>
#include <string>

namespace quorum_kv {

/// Why the process ended. The README's table says the same.
enum class ExitCode {
  ok = 0,
  unexpected = 1,
  usage = 2,
  not_initialised = 3,      ///< nothing in the data directory, and no --init
  damaged = 4,              ///< acknowledged state is missing or damaged, or belongs to another node or cluster
  storage_error = 5,        ///< the disk failed a read, a write or a sync
  already_initialised = 6,  ///< --init where state exists
  cannot_listen = 7,
};

/// The node does not serve, and says why.
class Refusal : public std::runtime_error {
 public:
  Refusal(ExitCode code, const std::string& why) : std::runtime_error(why), code_(code) {}
  [[nodiscard]] ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace quorum_kv
