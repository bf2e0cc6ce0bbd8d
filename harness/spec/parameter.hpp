#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spec/units.hpp"

/// What a fault kind accepts: one table from which the parser, `describe`, the JSON Schema and the documentation are
/// made.
namespace withstand::spec {

using TextList = std::vector<std::string>;
using GroupList = std::vector<std::vector<std::string>>;

/// A parameter's value after parsing. The alternative is decided by Parameter::type alone.
using Value =
    std::variant<bool, std::int64_t, double, std::string, Duration, Ratio, Bytes, Rate, Bandwidth, TextList, GroupList>;

/// For people and for the plan: "40ms", "5%", "[[n1], [n2, n3]]".
std::string value_text(const Value& value);

enum class ValueType {
  boolean,
  integer,
  number,
  text,
  file,    ///< the path of a file, from the experiment's folder; kept as std::string, as the harness can open it
  choice,  ///< a text out of Parameter::choices
  signal,  ///< "KILL", "SIGKILL" or a number; kept as std::int64_t
  duration,
  ratio,
  bytes,
  rate,
  bandwidth,
  text_list,  ///< array of strings
  groups,     ///< array of arrays of selectors: [["n1"], ["n2", "n3"]]
};

struct FaultSpec;

struct Parameter {
  std::string name;
  ValueType type = ValueType::text;
  std::string summary;  ///< one sentence, shown by `describe` and in the schema
  bool required = false;
  std::optional<Value> fallback;  ///< used when the file says nothing; shown as the default
  std::optional<Value> minimum;   ///< inclusive, same alternative as the value
  std::optional<Value> maximum;   ///< inclusive
  TextList choices;               ///< for ValueType::choice
  /// Whether the default says anything of this fault, which does not give the parameter: no direction where the shape
  /// has none. Empty: always. Pure.
  std::function<bool(const FaultSpec&)> default_matters{};
};

/// The bounds in force: those the parameter states, else 0 for durations and 100% for ratios; nothing: unbounded.
std::optional<Value> lowest(const Parameter& parameter);
std::optional<Value> highest(const Parameter& parameter);

/// How a fault says whom it hits.
enum class Targeting {
  nodes,           ///< `on` is required
  links,           ///< `from` and `to` are required
  nodes_or_links,  ///< `on`, or `from` and `to`, or a parameter of its own (network.partition); the kind checks the
                   ///< combination
};

struct KindSchema {
  std::string kind;     ///< "network.latency"
  std::string summary;  ///< one sentence
  Targeting targeting = Targeting::nodes;
  bool lasts = true;  ///< false: an instant (process.kill); `for` is then refused unless the kind gives it a meaning
  std::vector<Parameter> parameters;
  /// While it is active, the nodes it hits serve nobody (killed, paused): it counts towards `[limits] down`.
  bool takes_down = false;
  /// For an instant that takes nodes down: the parameter (a duration) after which they are back. Empty, or the
  /// parameter not given: down until the end of `during`.
  std::string back_after{};
  /// Of such a fault with that parameter: how long it may take until the nodes are back for good, and what this is made
  /// of, in words ("grace 10s and restart 1s"). Empty: as the parameter says. Pure.
  struct Downtime {
    Duration length{};
    std::string made_of;
  };
  std::function<Downtime(const FaultSpec&)> downtime{};
};

struct Experiment;

/// The fault catalogue as the parser sees it; implemented where the faults are known. Thread-safe when const.
class KindTable {
 public:
  virtual ~KindTable() = default;
  /// nullptr when there is no such kind.
  [[nodiscard]] virtual const KindSchema* find(std::string_view kind) const = 0;
  /// Alphabetical.
  [[nodiscard]] virtual std::vector<std::string> kinds() const = 0;
  /// What no single parameter's schema can say (combinations). `parameter` of a complaint names the key to point at, or
  /// is empty.
  struct Objection {
    std::string parameter;
    Complaint complaint;
  };
  [[nodiscard]] virtual std::vector<Objection> objections(const FaultSpec& fault) const = 0;
  /// What is wrong with it among this experiment's nodes: it would hit nobody. Asked once it is well by itself and the
  /// target, the number of nodes and the clients are known.
  [[nodiscard]] virtual std::vector<Objection> misfits(const FaultSpec&, const Experiment&) const { return {}; }
};

}  // namespace withstand::spec
