#include "run/experiment_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <system_error>

#include "lab/programs.hpp"
#include "load/arrivals.hpp"
#include "load/config.hpp"
#include "load/driver.hpp"
#include "run/requirements.hpp"
#include "spec/names.hpp"
#include "spec/recognize.hpp"

namespace withstand::run {
namespace fs = std::filesystem;

namespace {

/// The parser refuses texts above 1 MiB; so much more than that is never read of a file without end.
constexpr std::size_t most_text = 1U << 20;

struct Text {
  std::optional<std::string> text;
  std::error_code error;  ///< why there is none
};

Text read_text(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return {{}, std::make_error_code(std::errc::is_a_directory)};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return {{}, {errno, std::generic_category()}};
  std::string text(most_text + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return {text, {}};
}

bool is_absent(const std::error_code& error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

std::string cannot_read(const fs::path& path, const std::error_code& error) {
  return fmt::format("cannot read the target file '{}': {}", path.string(), error.message());
}

/// The folders in which a targets/ may stand, nearest first.
std::vector<fs::path> roots(const fs::path& experiment) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::path folder = fs::absolute(experiment, error).parent_path();; folder = folder.parent_path()) {
    found.push_back(folder);
    if (folder == folder.parent_path()) break;
  }
  found.push_back(fs::current_path(error));
  // Beside the program: the source tree's build/PRESET/withstand, or an installed bin/withstand.
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  found.push_back(program.parent_path().parent_path());
  found.push_back(program.parent_path() / "share" / "withstand");
  return found;
}

class TargetFolders : public spec::TargetSource {
 public:
  explicit TargetFolders(const std::optional<std::string>& kept) : kept_(kept) {}
  [[nodiscard]] const std::string& differs() const { return differs_; }

  [[nodiscard]] Found find(std::string_view use, std::string_view from) const override {
    const std::string name(use);
    const fs::path experiment{std::string(from)};
    if (name.find('/') != std::string::npos || name.ends_with(".toml")) {
      const fs::path path = (experiment.parent_path() / name).lexically_normal();
      const auto read = read_text(path);
      if (read.text || kept_) return found(path, read);
      return {path.string(), {}, cannot_read(path, read.error), "the path starts at the experiment's folder"};
    }
    std::set<std::string> known;
    for (const auto& root : roots(experiment)) {
      const fs::path path = root / "targets" / name / "target.toml";
      const auto read = read_text(path);
      if (read.text) return found(path, read);
      if (!is_absent(read.error)) return {path.string(), {}, cannot_read(path, read.error), {}};
      collect(root / "targets", known);
    }
    return none_named(name, experiment, known);
  }

  [[nodiscard]] std::string why_no_program(const spec::Target& target, const std::string& program) const override {
    const lab::Programs programs(target.folder, target.name);
    constexpr std::string_view beside = "{target}/";
    if (!program.starts_with(beside)) return run::why_no_program(program, programs);
    return run::why_no_program(programs.target_folder() + "/" + program.substr(beside.size()), programs);
  }

  [[nodiscard]] std::string why_no_load_program(const spec::Target& target, const std::string& from,
                                                const std::string& program) const override {
    const fs::path folder = fs::path(from).parent_path();
    return run::why_no_load_program(program, folder.empty() ? "." : folder.string(),
                                    lab::Programs(target.folder, target.name));
  }

  [[nodiscard]] std::vector<spec::Complaint> option_complaints(const spec::Experiment& experiment,
                                                               const std::string& driver, const std::string& option,
                                                               const std::string& value) const override {
    load::Config config;
    config.driver = driver;
    config.driver_options = {{option, value}};
    for (const auto& kind : experiment.target.kinds) {
      if (!kind.serves_clients) continue;
      for (const auto& node : spec::node_names(experiment.target, experiment.nodes))
        if (node.kind == kind.name) config.endpoints.push_back({node.name, "", 0});
    }
    return load::option_objections(config);
  }

  [[nodiscard]] std::vector<spec::Complaint> load_complaints(const spec::Experiment& experiment,
                                                             const spec::LoadSpec& load,
                                                             const std::string& driver) const override {
    auto found = load::driver_objections(driver, load.workload);
    if (load.shape.trace.empty()) return found;
    try {
      (void)load::read_trace(load::trace_path(experiment.file, load.shape.trace));
    } catch (const std::runtime_error& error) {
      found.push_back({error.what(), "seconds from the start of the load, one a line, in ascending order"});
    }
    return found;
  }

 private:
  [[nodiscard]] Found found(const fs::path& path, const Text& read) const {
    if (kept_ && !read.text) differs_ = fmt::format("'{}' is gone", path.string());
    if (kept_ && read.text && *read.text != *kept_) differs_ = fmt::format("'{}' has changed", path.string());
    return {path.string(), kept_ ? *kept_ : *read.text, {}, {}};
  }

  static Found none_named(const std::string& name, const fs::path& experiment, const std::set<std::string>& known) {
    std::error_code error;
    const std::string near = spec::nearest(name, {known.begin(), known.end()});
    std::string help = near.empty() ? "" : fmt::format("did you mean '{}'? ", near);
    help += fmt::format(
        "targets/{}/target.toml was looked for in {} and each folder above it, in the current folder, "
        "and beside the program; ",
        name, fs::absolute(experiment, error).lexically_normal().parent_path().string());
    help += known.empty() ? "no target is there: " : fmt::format("what is there: {}; else ", fmt::join(known, ", "));
    help += "write use = \"PATH/target.toml\" with a path from the experiment, or describe the target in [target]";
    return {{}, {}, fmt::format("no target is named '{}'", name), help};
  }

  static void collect(const fs::path& folder, std::set<std::string>& names) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (fs::exists(entry.path() / "target.toml", error)) names.insert(entry.path().filename());
  }

  const std::optional<std::string>& kept_;
  mutable std::string differs_;
};

}  // namespace

std::optional<std::string> kept_target_text(const std::string& run_directory) {
  return read_text(fs::path(run_directory) / "target.toml").text;
}

LoadedExperiment load_experiment(const std::string& path, const core::Catalog& catalog) {
  return load_experiment_as(path, path, catalog);
}

LoadedExperiment load_experiment_as(const std::string& text_path, const std::string& path, const core::Catalog& catalog,
                                    const std::optional<std::string>& target_text) {
  LoadedExperiment loaded;
  loaded.file.path = path;
  const auto [text, why] = read_text(text_path);
  if (!text) {
    loaded.problems = fmt::format("{}: error: {}\n", text_path,
                                  why == std::errc::is_a_directory ? "this is a folder, not one experiment file"
                                                                   : "the file cannot be read: " + why.message());
    return loaded;
  }
  loaded.file.text = *text;
  const TargetFolders targets(target_text);
  auto reading = spec::read_experiment(*text, path, catalog, targets);
  loaded.target_differs = targets.differs();
  for (const auto& diagnostic : reading.diagnostics) {
    const auto source = reading.sources.find(diagnostic.file);
    loaded.problems += spec::render(diagnostic, source == reading.sources.end() ? *text : source->second);
  }
  loaded.file.experiment = std::move(reading.value);
  const auto target = reading.sources.find(loaded.file.experiment.target.file);
  if (target != reading.sources.end() && target->first != path) loaded.file.target_text = target->second;
  return loaded;
}

namespace {

/// What a run left: its experiment.toml is a copy, not one more experiment.
bool is_run_directory(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "journal.jsonl", ignored);
}

/// What cannot be read is left for the reader to say.
bool may_be_experiment(const fs::path& path) {
  const auto [text, why] = read_text(path.string());
  return !text || spec::may_be_experiment(*text);
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// A folder that cannot be searched ends the search: experiments that nobody saw must not look like passes.
void search(const fs::path& folder, std::vector<std::string>& found, std::vector<std::string>& left_out) {
  std::error_code error, ignored;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& path = entries->path();
    if (is_hidden(path)) continue;
    if (entries->is_directory(ignored)) {
      if (!entries->is_symlink(ignored) && !is_run_directory(path)) search(path, found, left_out);
    } else if (path.extension() == ".toml" && path.filename() != "target.toml" && entries->is_regular_file(ignored)) {
      (may_be_experiment(path) ? found : left_out).push_back(path.string());
    }
  }
  if (error)
    throw std::runtime_error(fmt::format("the folder '{}' cannot be searched: {}; name the files or folders you mean",
                                         folder.string(), error.message()));
}

std::vector<FoundExperiment> experiments_in(const std::string& path, std::vector<std::string>& left_out) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    throw std::runtime_error(fmt::format("there is no file or folder '{}'", path));
  if (error) throw std::runtime_error(fmt::format("'{}' cannot be looked at: {}", path, error.message()));
  if (!fs::is_directory(status)) return {{path, fs::path(path).filename().string()}};
  if (is_run_directory(path))
    throw std::runtime_error(
        fmt::format("'{0}' is the directory of an earlier run; `withstand replay {0}` runs it again", path));
  std::vector<std::string> inside;
  search(path, inside, left_out);
  std::sort(inside.begin(), inside.end());
  std::vector<FoundExperiment> found;
  for (auto& each : inside) {
    auto from_folder = fs::path(each).lexically_relative(path).string();
    found.push_back({std::move(each), std::move(from_folder)});
  }
  return found;
}

}  // namespace

std::vector<FoundExperiment> find_experiments(const std::vector<std::string>& paths,
                                              std::vector<std::string>& left_out) {
  std::vector<FoundExperiment> found;
  std::set<std::string> known;
  for (const auto& path : paths)
    for (auto& each : experiments_in(path, left_out))
      if (known.insert(each.path).second) found.push_back(std::move(each));
  return found;
}

}  // namespace withstand::run
