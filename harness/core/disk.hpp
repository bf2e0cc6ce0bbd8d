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
    error,     ///< answered with `error`; nothing is done
    shorten,   ///< read, write: only the first `keep_ppb` of the bytes are read or written, at least one
    latency,   ///< done later
    stall,     ///< done when the rule ends; its process can be killed meanwhile
    pretend,   ///< fsync, fdatasync, fsyncdir: answered with success; nothing is done
    throttle,  ///< done when a bucket of `burst_bytes` that fills at `bytes_per_second` has what it reads or writes
    limit,     ///< there is only so much space: `space`; operations, path and counts do not apply
    damage,    ///< what is read, written or stored is not what it should be: `damage`
  };
  enum class Spread { constant, uniform, normal, exponential, pareto };
  static constexpr std::uint64_t no_end = std::numeric_limits<std::uint64_t>::max();

  /// How much there is left when the rule comes into force. What is there already takes the space it has on the file
  /// system below (st_blocks); hard links count once, and what is unlinked but open counts until it is closed.
  struct Space {
    std::string folder;  ///< from the data directory; empty: the whole of it, which ends with ENOSPC; else EDQUOT
    std::uint64_t free_bytes = no_end, free_inodes = no_end;  ///< no_end: no limit
  };

  /// What becomes of data. All but `bad_sector` damage one block of each operation that is struck.
  struct Damage {
    enum class Kind {
      bits,         ///< `bits` of its bits are flipped
      zeros,        ///< it is zero
      noise,        ///< it is random
      stale,        ///< read: as it was before it was last written while the rule lasts; written: it is not
      misdirected,  ///< read: another of the file's blocks comes in its place; written: it goes to another's place
      bad_sector,   ///< reading it ends with EIO until it is written whole
    };
    enum class Place { read, write, rest };  ///< rest: what is stored, once, when the rule comes into force
    Kind kind = Kind::bits;
    Place place = Place::read;
    std::uint32_t bits = 1;
    std::uint64_t block = 4096;  ///< bytes, from the file's begin
    /// So many bytes in a row of each file are one node's to be damaged, the next so many the next node's; 0: all are
    /// everybody's.
    std::uint64_t stripe = 0;
    std::uint32_t part = 0, parts = 1;  ///< which of so many nodes this is; `Disks::add` says
  };

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
  bool changing_opens_only = false;   ///< of opens, those for writing or truncating
  bool opened_before = false;         ///< only through descriptors that were open when the rule came into force
  std::uint64_t bytes_per_second = 0, burst_bytes = 0;
  Space space;
  Damage damage;
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
  std::string result;  ///< "EIO", "40ms later", "bit 3 of byte 4711"
};

/// What a rule did on one node. What was decided and what came of it are counted by different pieces of code: the
/// latter where replies are written and where waiting ends.
struct DiskEffect {
  NodeId node = 0;
  std::uint64_t counted = 0;            ///< operations that it looked at
  std::uint64_t decided = 0;            ///< of those, struck
  std::uint64_t answered = 0;           ///< error, pretend: replies that the kernel took; shorten: operations cut
  std::uint64_t waited = 0;             ///< latency, stall: operations whose waiting is over
  std::uint64_t waiting = 0;            ///< the same, still waiting
  std::uint64_t died = 0;               ///< waited until their process was killed
  std::uint64_t missed = 0;             ///< damage: operations that in the end had none of the bytes that were chosen
  std::uint64_t healed = 0;             ///< bad sectors that were written anew
  std::uint64_t carried = 0;            ///< throttle: bytes whose turn has come, ...
  std::chrono::nanoseconds carrying{};  ///< ... and from the first operation until the last of them
  /// limit: the least that was left, and what is left now.
  std::uint64_t least_bytes = 0, least_inodes = 0, left_bytes = 0, left_inodes = 0;
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
    prefix,        ///< everything up to some operation
    lazyfs,        ///< names, attributes and cuts survive, data do not: what LazyFS does
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
  /// The file that a block device is, as rules name it.
  static constexpr const char* device_file = "/device";
  /// Before launch: gives nodes a file system of their own ("ext4", "xfs", "btrfs") on a block device of so many bytes,
  /// mounted at their data directory. From then on rules on `device_file` strike what that file system asks of the
  /// device: read, write, fsync (a flush), fallocate (a discard). Nodes that have the same already keep it. Throws
  /// os::SystemError naming the attempt, std::invalid_argument where a node has another already.
  virtual void make_device(const std::string& file_system, std::uint64_t bytes, const std::vector<NodeId>& nodes) = 0;
  /// In force on all nodes before this returns. Only on nodes, operations and paths that the plan claimed.
  virtual Handle add(const DiskRule& rule, const std::vector<NodeId>& nodes) = 0;
  /// Ends it; what it holds is done now. The effect stays readable.
  virtual void remove(Handle handle) = 0;
  [[nodiscard]] virtual std::vector<DiskEffect> effect(Handle handle) = 0;

  /// A power cut, step by step; only on nodes whose durability the plan claimed. From one instant on, the same on all
  /// of these nodes, nothing becomes durable and nobody gets an answer.
  virtual void cut_power(const std::vector<NodeId>&) { throw std::logic_error("these disks have no power to cut"); }
  /// Not cut, or mounted again since.
  [[nodiscard]] virtual bool has_power(NodeId) const { return false; }
  /// Their processes have been killed: those that wait for an answer get one, which none of them sees.
  virtual void let_go(const std::vector<NodeId>&) {}
  /// The node's mounts are gone: leaves in its folder what survives, and says what was lost, once, or why it cannot.
  virtual void lose(NodeId, const PowerLoss&, std::function<void(PowerLossEffect, std::string error)> done) {
    done({}, "these disks have no power to cut");
  }
};

}  // namespace withstand::core
