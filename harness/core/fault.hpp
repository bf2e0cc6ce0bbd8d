#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/disk_operation.hpp"
#include "core/evidence.hpp"
#include "core/lab.hpp"
#include "spec/experiment.hpp"
#include "spec/parameter.hpp"

/// The seam between the harness and the faults: describe, claims, prepare, inject, observe, revert. A fault is
/// immutable and shared by all its injections; an injection is one active instance. Everything runs on the event loop's
/// thread and must not block.
namespace withstand::core {

/// Operations on files that a rule may strike.
struct DiskConcern {
  DiskOperations operations;
  std::string path;  ///< as DiskRule::path
};

/// What a fault needs of the lab from the start.
struct Claim {
  enum class Medium { process, link, names, disk, clock, filter };
  Medium medium = Medium::process;
  std::vector<NodeId> nodes;         ///< process, names, disk, clock, filter: every node it may ever hit
  std::vector<Link> links;           ///< link: every link it may ever impair
  bool streams = false;              ///< link: TCP connections on them, which must be followed from the start
  bool http = false;                 ///< link: HTTP messages on those connections, which must be read from the start
  std::vector<DiskConcern> files{};  ///< disk: on every one of the nodes
  bool durability = false;           ///< disk: what is not durable is known from the start, so that it can be lost
};

/// Whom an injection hits: resolved when it starts, then fixed.
struct Aim {
  std::vector<NodeId> on;   ///< from `on`
  std::vector<Link> links;  ///< from `from` and `to`: every pair, self links left out
};

/// An aim that hits nobody: the file's doing, or of what was drawn or asked for; never the harness's own failure. An
/// experiment in which this is sure beforehand is refused; at injection the fault counts as one that had no effect.
class CannotAim : public std::invalid_argument {
 public:
  /// `parameter`: the key of the fault to point at.
  explicit CannotAim(const std::string& why, std::string parameter = {})
      : std::invalid_argument(why), parameter_(std::move(parameter)) {}
  [[nodiscard]] const std::string& parameter() const { return parameter_; }

 private:
  std::string parameter_;
};

struct Context {
  Lab& lab;
  const spec::FaultSpec& fault;
  std::uint64_t seed;
  Aim aim;
};

class Injection {
 public:
  virtual ~Injection() = default;
  /// What has been seen so far; asked again until the run ends, the last time after revert. Never counts what it
  /// decided itself.
  [[nodiscard]] virtual Evidence observe() = 0;
  /// Ends the fault. Idempotent; throws when it cannot.
  virtual void revert() = 0;
  /// When the fault itself ended without a revert (a killed node that was started again); recovery is measured from the
  /// last such instant.
  [[nodiscard]] virtual std::optional<Instant> ended() const { return std::nullopt; }
};

struct Documentation {
  std::string text;      ///< what it does, how, and what it cannot; paragraphs of plain text
  std::string evidence;  ///< what proves it
  std::string example;   ///< a [[fault]] table that parses
  std::vector<std::string>
      requirements;  ///< names of doctor's features without which it cannot run: "tun", "namespaces"
};

class Fault {
 public:
  virtual ~Fault() = default;
  [[nodiscard]] virtual const spec::KindSchema& schema() const = 0;
  [[nodiscard]] virtual const Documentation& documentation() const = 0;
  /// Combinations of parameters that cannot be.
  [[nodiscard]] virtual std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec&) const { return {}; }
  /// Why it cannot be done to attached nodes: nothing of them is ours but the packets of an interface, and those only
  /// as core/kernel_limits.hpp says. Empty where it can.
  [[nodiscard]] virtual std::vector<spec::KindTable::Objection> objections_when_attached(
      const spec::FaultSpec& fault) const;
  /// What it needs there beside what every fault on attached nodes does: names of doctor's features.
  [[nodiscard]] virtual std::vector<std::string> requirements_when_attached(const spec::FaultSpec&) const { return {}; }
  /// A fault with parameters of its own for aiming (network.partition's `groups`) says here which links it concerns, at
  /// most.
  [[nodiscard]] virtual std::vector<Claim> claims(const spec::FaultSpec& fault, const Topology& topology) const = 0;
  /// Which links it will impair, given its aim: what `plan` shows and what is injected. Pure; the same arguments give
  /// the same links. May throw CannotAim.
  [[nodiscard]] virtual std::vector<Link> links(const spec::FaultSpec&, const Topology&, std::uint64_t /*seed*/,
                                                const Aim& aim) const {
    return aim.links;
  }
  /// Before launch: whatever must be in place when the nodes start.
  virtual void prepare(const spec::FaultSpec&, Lab&) const {}
  [[nodiscard]] virtual std::unique_ptr<Injection> inject(const Context& context) const = 0;
};

/// A fault whose description is made once, with it.
class DescribedFault : public Fault {
 public:
  DescribedFault(spec::KindSchema schema, Documentation documentation)
      : schema_(std::move(schema)), documentation_(std::move(documentation)) {}
  [[nodiscard]] const spec::KindSchema& schema() const override { return schema_; }
  [[nodiscard]] const Documentation& documentation() const override { return documentation_; }

 private:
  spec::KindSchema schema_;
  Documentation documentation_;
};

/// Every kind this build has, alphabetical; also the parser's KindTable.
class Catalog : public spec::KindTable {
 public:
  explicit Catalog(
      std::vector<std::unique_ptr<Fault>> faults);  ///< throws when two share a kind or the order is not alphabetical
  [[nodiscard]] const Fault* fault(std::string_view kind) const;
  [[nodiscard]] const spec::KindSchema* find(std::string_view kind) const override;
  [[nodiscard]] std::vector<std::string> kinds() const override;
  [[nodiscard]] std::vector<Objection> objections(const spec::FaultSpec& fault) const override;
  /// Aims that cannot hit anything, whatever is drawn. Of roles nothing is known yet.
  [[nodiscard]] std::vector<Objection> misfits(const spec::FaultSpec& fault,
                                               const spec::Experiment& experiment) const override;

 private:
  std::vector<std::unique_ptr<Fault>> faults_;
};

}  // namespace withstand::core
