#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/config.hpp"
#include "record/history.hpp"

namespace boost::asio {
class io_context;
}

namespace withstand::load {

/// One operation as a driver sees it.
struct Request {
  enum class Kind {
    read,
    write,   ///< sets a register
    create,  ///< write-once: the key is new, and nobody else writes it
  };
  std::uint64_t id = 0;
  Kind kind = Kind::read;
  std::string key;
  std::string value;  ///< to write; the whole of it
  std::string node;   ///< ask exactly this node (reading back); empty: the driver's choice
};

/// What became of a request, as strictly as the driver can tell.
enum class Fate {
  done,
  refused,   ///< the target said that it did not and will not do it
  not_sent,  ///< no byte of it left
  unknown,   ///< it may have been done, or may be yet
};

struct Response {
  Fate fate = Fate::unknown;
  std::optional<std::string> value;  ///< of a read that is done; none: the key was never written
  std::string node;                  ///< who was asked; may be empty
  std::string error;                 ///< in words; empty when done
};

/// What the history says of it: a read that is not done harmed nothing, so it failed; a write failed only where that is
/// certain.
record::Outcome settle(Request::Kind kind, Fate fate);

/// Speaks to the system under test. Every request goes out at most once: what was sent is never sent again, under no
/// identity, for a write whose fate is unknown must stay so. Single-threaded; works on the io_context it was made with.
class Driver {
 public:
  using Done = std::function<void(Response)>;
  virtual ~Driver() = default;
  /// Calls `ready` once, maybe before it returns, when requests will be taken at once.
  virtual void when_ready(std::function<void()> ready) { ready(); }
  /// `done` is called once, maybe before submit returns, unless the request is abandoned first.
  virtual void submit(const Request& request, Done done) = 0;
  /// Gives up waiting for `id`: its `done` is not called any more and a late answer is ignored. Returns what is certain
  /// of it: not_sent or unknown, and whom it was for.
  virtual Response abandon(std::uint64_t id) = 0;
};

/// The driver that `config.driver` names. `on_broken` is called when the driver itself cannot go on (an exec program
/// that ended), which is an error of the harness and not of the target. Throws std::runtime_error.
std::unique_ptr<Driver> make_driver(const Config& config, boost::asio::io_context& context,
                                    std::function<void(const std::string&)> on_broken);

}  // namespace withstand::load
