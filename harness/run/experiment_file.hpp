#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"
#include "spec/experiment.hpp"
#include "spec/reader.hpp"

namespace withstand::run {

/// An experiment with the texts it was read from.
struct ExperimentFile {
  std::string path;
  std::string text;
  std::string target_text;  ///< empty for an inline target
  spec::Experiment experiment;
};

struct LoadedExperiment {
  ExperimentFile file;
  std::string problems;          ///< rendered diagnostics; empty when the file is good
  std::string target_differs{};  ///< in which way a target file is not what was given for it; empty when it is
  [[nodiscard]] bool ok() const { return problems.empty(); }
};

/// Reads and checks one experiment with its target. A file that cannot be read is a problem like any other.
///
/// `[target] use = "NAME"` is looked for as targets/NAME/target.toml in the folder of the experiment and each folder
/// above it, then in the current folder, then beside the program. A text with a slash or ending in .toml is a path
/// relative to the experiment.
LoadedExperiment load_experiment(const std::string& path, const core::Catalog& catalog);
/// The text of the file `text_path`, read as if it stood at `path`: a run's own copy, whose target is found where it
/// was. With `target_text` the target file says that, whatever it holds by now; `target_differs` tells.
LoadedExperiment load_experiment_as(const std::string& text_path, const std::string& path, const core::Catalog& catalog,
                                    const std::optional<std::string>& target_text = {});

/// The target file's text as a run's directory keeps it; none for an inline target.
std::optional<std::string> kept_target_text(const std::string& run_directory);

struct FoundExperiment {
  std::string path;
  std::string inside;  ///< the path from the folder that was given; a file's own name: the same wherever the tree lies
};

/// Every *.toml below the paths (a file is itself), sorted, each once. Throws std::runtime_error for a path that does
/// not exist, is a run's directory or cannot be searched. What is plainly no experiment is left out of folders:
/// target.toml, hidden files and folders, the directories of earlier runs, and files without any table of an
/// experiment, which are named in `left_out`.
std::vector<FoundExperiment> find_experiments(const std::vector<std::string>& paths,
                                              std::vector<std::string>& left_out);

}  // namespace withstand::run
