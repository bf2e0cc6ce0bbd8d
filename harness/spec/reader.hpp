#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spec/diagnostic.hpp"
#include "spec/experiment.hpp"
#include "spec/parameter.hpp"
#include "spec/target.hpp"

/// From TOML text to structs. Everything wrong is found in one pass. Reads no file: the caller brings the texts.
/// Thread-safe.
namespace withstand::spec {

/// Finds target definitions by the name or path an experiment uses; implemented where files may be read.
class TargetSource {
 public:
  struct Found {
    std::string file;  ///< path for messages; its folder becomes Target::folder
    std::string text;
    std::string error;   ///< set when there is none: "no target is named 'redsi'"
    std::string help{};  ///< goes with an error: what to do
  };
  virtual ~TargetSource() = default;
  /// `use` as written; `from` is the experiment file that says it (relative paths start at its folder).
  [[nodiscard]] virtual Found find(std::string_view use, std::string_view from) const = 0;
  /// Why the program of a node's command cannot be started here, "there is no such file"; empty when it can, or nobody
  /// looked. `target` is known by name and folder.
  [[nodiscard]] virtual std::string why_no_program(const Target& target, const std::string& program) const;
  /// The same for the program of a load of one's own, which may hold placeholders; a relative path starts at the folder
  /// of the experiment file `from`.
  [[nodiscard]] virtual std::string why_no_load_program(const Target& target, const std::string& from,
                                                        const std::string& program) const;
  /// What is wrong with one option of the driver that speaks to the experiment's target; nothing where nobody looked.
  [[nodiscard]] virtual std::vector<Complaint> option_complaints(const Experiment& experiment,
                                                                 const std::string& driver, const std::string& option,
                                                                 const std::string& value) const;
  /// What is wrong with a load as a whole: a workload whose operations the driver cannot do, a trace that cannot be
  /// read.
  [[nodiscard]] virtual std::vector<Complaint> load_complaints(const Experiment& experiment, const LoadSpec& load,
                                                               const std::string& driver) const;
};

template <class T>
struct Reading {
  T value;                                     ///< complete only when `diagnostics` is empty
  std::vector<Diagnostic> diagnostics;         ///< in file order; those of the experiment before those of its target
  std::map<std::string, std::string> sources;  ///< every text that was read, by file: what `render` takes
  [[nodiscard]] bool ok() const { return diagnostics.empty(); }
};

/// `known` lists what this build understands; a key that the design has but this build lacks is refused as "not built
/// yet".
Reading<Experiment> read_experiment(std::string_view text, const std::string& file, const KindTable& kinds,
                                    const TargetSource& targets);
Reading<Target> read_target(std::string_view text, const std::string& file);

/// JSON Schema (draft-04, as taplo takes it) of the experiment file, made from the catalogue. Stable text.
std::string experiment_schema(const KindTable& kinds);
/// The same for target.toml.
std::string target_schema();

}  // namespace withstand::spec
