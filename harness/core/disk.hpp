#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/disk_operation.hpp"
#include "core/topology.hpp"

/// What can be asked of the disks of nodes: rules on the file operations of their data directories.
namespace withstand::core {

/// Which operations a rule looks at, which of those it strikes, and what it does to them. An operation is counted when
/// it is one of `operations` on a path that `path` matches, by a process that `process` matches, and touches the range.
struct DiskRule {
  enum class Action {
    error,    ///< answered with `error`; nothing is done
    shorten,  ///< read, write: only the first `keep_ppb` of the bytes are read or written, at least one
    latency,  ///< done later
    stall,    ///< done when the rule ends; its process can be killed meanwhile
    pretend,  ///< fsync, fdatasync, fsyncdir: answered with success; nothing is done
  };
  enum class Spread { constant, uniform, normal, exponential, pareto };
  static constexpr std::uint64_t no_end = std::numeric_limits<std::uint64_t>::max();

  std::string fault;  ///< the injection's name; part of every draw
  std::uint64_t seed = 0;

  DiskOperations operations;
  /// From the data directory. `*` and `?` match within a name, `**` any folders, `[a-z]` one of these, `{a,b}` either;
  /// without a slash it is a name in any folder. Empty: everything.
  std::string path;
  std::string process;  ///< of the command's name as the kernel has it (15 bytes), the same wildcards; empty: any
  std::uint64_t first_byte = 0, end_byte = no_end;  ///< of operations with an offset: any byte in [first, end)

  std::uint64_t first = 1, last = no_end, step = 1;  ///< strikes the first, first + step, ... up to the last counted
  std::int64_t probability_ppb = 1'000'000'000;      ///< ... of those, by chance
  std::uint64_t after_bytes = 0;                     ///< ... once so many bytes were asked for by those counted before

  Action action = Action::error;
  int error = 0;  ///< errno
  std::int64_t keep_ppb = 500'000'000;
  Spread spread = Spread::constant;
  std::chrono::nanoseconds delay{};   ///< latency: the mean
  std::chrono::nanoseconds jitter{};  ///< uniform: half the width; normal: the standard deviation
};

/// One operation that a rule struck.
struct DiskStrike {
  std::chrono::nanoseconds when{};  ///< CLOCK_MONOTONIC
  std::uint64_t ordinal = 0;        ///< of the operations that the rule counted, from 1
  DiskOperation operation = DiskOperation::lookup;
  std::string path;
  std::uint64_t offset = 0, size = 0;
  std::int32_t pid = 0;  ///< as the harness sees it; 0: the kernel itself, of a mapped page
  std::string command;
};

/// What a rule did on one node. What was decided and what came of it are counted by different pieces of code: the
/// latter where replies are written and where waiting ends.
struct DiskEffect {
  NodeId node = 0;
  std::uint64_t counted = 0;   ///< operations that it looked at
  std::uint64_t decided = 0;   ///< of those, struck
  std::uint64_t answered = 0;  ///< error, pretend: replies that the kernel took; shorten: operations cut
  std::uint64_t waited = 0;    ///< latency, stall: operations whose waiting is over
  std::uint64_t waiting = 0;   ///< the same, still waiting
  std::uint64_t died = 0;      ///< waited until their process was killed
  std::chrono::nanoseconds asked_mean{}, waited_mean{}, waited_min{}, waited_max{};  ///< of those that waited
  std::vector<DiskStrike> strikes;                                                   ///< the first thousand
  std::vector<std::string> nearest;  ///< when nothing was counted: paths that its operations touched, likest first
  std::uint64_t unseen =
      0;  ///< files it matches whose data cannot be seen, for they were renamed after they were opened
};

/// Power that goes: of what was not durable, what the disk has when it comes back. What programs made durable is there
/// under every model.
struct PowerLoss {
  enum class Model {
    strict_posix,  ///< all that POSIX does not promise may be lost: any page of any write, any name, in any order that
                   ///< leaves the tree whole
    ext4_ordered,  ///< names and attributes survive in their order up to some point; what was written over survives
                   ///< page by page, what was appended in order
    prefix,  ///< everything up to some operation
    lazyfs,  ///< names, attributes and cuts survive, data do not: what LazyFS does
  };
  std::string fault;  ///< the injection's name; part of every draw
  std::uint64_t seed = 0;
  Model model = Model::strict_posix;
  std::optional<std::int64_t> keep_ppb{};  ///< of what may be lost, about how much is kept; nothing: drawn, too
  std::uint64_t variant = 0;               ///< another state of the same cut
  /// A file to write, with a line for each operation of which something is lost. Whoever asks leaves it empty: the
  /// disks choose one in the node's folder of logs.
  std::string manifest{};
};

/// What a node's disk lost.
struct PowerLossEffect {
  NodeId node = 0;
  std::chrono::nanoseconds cut{};  ///< CLOCK_MONOTONIC: from here on nothing became durable and nobody got an answer
  std::uint64_t unanswered = 0;    ///< requests that were under way or came later
  std::uint64_t operations = 0, bytes = 0;  ///< that nobody had made durable at the cut
  std::uint64_t lost = 0, torn = 0;         ///< of those operations: of which nothing survives, and only a part
  std::uint64_t lost_bytes = 0;             ///< of what they wrote
  std::uint64_t written_back = 0;  ///< operations that were made durable earlier since too much was to be remembered
  std::uint64_t digest = 0;        ///< equal for equal choices of what survives
  std::string manifest;            ///< the file's name, in the node's folder of logs
};

/// The disks of the lab's nodes, as faults see them. Calls return when the disk servers have acknowledged; they throw
/// when one is gone.
class Disks {
 public:
  using Handle = std::uint64_t;
  virtual ~Disks() = default;
  /// In force on all nodes before this returns. Only on nodes, operations and paths that the plan claimed.
  virtual Handle add(const DiskRule& rule, const std::vector<NodeId>& nodes) = 0;
  /// Ends it; what it holds is done now. The effect stays readable.
  virtual void remove(Handle handle) = 0;
  [[nodiscard]] virtual std::vector<DiskEffect> effect(Handle handle) = 0;

  /// A power cut, step by step; only on nodes whose durability the plan claimed. From one instant on, the same on all
  /// of these nodes, nothing becomes durable and nobody gets an answer.
  virtual void cut_power(const std::vector<NodeId>&) { throw std::logic_error("these disks have no power to cut"); }
  /// Their processes have been killed: those that wait for an answer get one, which none of them sees.
  virtual void let_go(const std::vector<NodeId>&) {}
  /// The node's mounts are gone: leaves in its folder what survives, and says what was lost, once, or why it cannot.
  virtual void lose(NodeId, const PowerLoss&, std::function<void(PowerLossEffect, std::string error)> done) {
    done({}, "these disks have no power to cut");
  }
};

}  // namespace withstand::core
