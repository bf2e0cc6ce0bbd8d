#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/config.hpp"
#include "record/history.hpp"

namespace boost::asio {
class io_context;
}

namespace withstand::load {

/// One step of a transaction.
struct Step {
  enum class Kind { read, write, append };
  Kind kind = Kind::read;
  std::string key;
  std::uint64_t value = 0;  ///< written or appended
};

/// One operation as a driver sees it. README.md of this folder says what each kind means and gives.
struct Request {
  enum class Kind {
    read,
    write,        ///< sets a register
    create,       ///< write-once: the key is new, and nobody else writes it
    cas,          ///< sets a register to `value` where it holds `expected`
    add,          ///< adds `value` to a set
    members,      ///< reads a whole set
    increment,    ///< adds `value`, a number, to a counter
    count,        ///< reads a counter
    raise,        ///< adds one to a counter and says what it is then
    enqueue,      ///< puts `value` at the end of a queue
    dequeue,      ///< takes what is at its head
    generate,     ///< gives a value that nobody else gets
    acquire,      ///< takes a lock; gives a fencing token
    release,      ///< gives it back; `value` is the token
    transaction,  ///< does `steps`, all of them at once or none
    transfer,     ///< moves `value` from account `key` to account `expected`, unless there is less
    balances,     ///< reads every account at once
    insert,       ///< of the two sides of `key` makes its own, `value`, unless one of them is there already
  };
  std::uint64_t id = 0;
  Kind kind = Kind::read;
  std::string key;
  std::string value;  ///< to write; the whole of it
  std::string node;   ///< ask exactly this node (reading back); empty: the driver's choice
  std::string expected{};
  std::vector<Step> steps{};
  std::string_view op{};  ///< what the history calls it; static. Empty: op_name(kind)
  std::string shown{};    ///< what the history says it was given, as JSON; empty: `value` as a text
};

/// "read", "write", "cas", ...
std::string_view op_name(Request::Kind kind);
/// Whether it changes nothing, whatever becomes of it.
bool is_harmless(Request::Kind kind);
bool is_harmless(const Request& request);

/// What became of a request, as strictly as the driver can tell.
enum class Fate {
  done,
  refused,   ///< the target said that it did not and will not do it
  not_sent,  ///< no byte of it left
  unknown,   ///< it may have been done, or may be yet
};

struct Response {
  Fate fate = Fate::unknown;
  std::optional<std::string> value;   ///< of a read that is done; none: the key was never written
  std::string node;                   ///< who was asked; may be empty
  std::string error;                  ///< in words; empty when done
  std::optional<std::string> json{};  ///< what it gave, as JSON, where it gives more than a register's text
  bool declined = false;  ///< with `refused`: as it should be (the comparison did not match, the queue was empty)
};

/// What the history says of it: a read that is not done harmed nothing, so it failed; a write failed only where that is
/// certain.
record::Outcome settle(bool harmless, Fate fate);
inline record::Outcome settle(Request::Kind kind, Fate fate) { return settle(is_harmless(kind), fate); }

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

/// Whether the driver can do what the workload asks for; else why not, and what can.
std::vector<spec::Complaint> driver_objections(const std::string& driver, const std::string& workload);

/// The driver that `config.driver` names. `on_broken` is called when the driver itself cannot go on (an exec program
/// that ended), which is an error of the harness and not of the target. Throws std::runtime_error.
std::unique_ptr<Driver> make_driver(const Config& config, boost::asio::io_context& context,
                                    std::function<void(const std::string&)> on_broken);

}  // namespace withstand::load
