#include "run/experiment_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "lab/programs.hpp"
#include "run/requirements.hpp"

namespace withstand::run {
namespace fs = std::filesystem;

namespace {

/// The parser refuses texts above 1 MiB; so much more than that is never read of a file without end.
constexpr std::size_t most_text = 1U << 20;

std::optional<std::string> read_text(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(most_text + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
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
  [[nodiscard]] Found find(std::string_view use, std::string_view from) const override {
    const std::string name(use);
    const fs::path experiment{std::string(from)};
    if (name.find('/') != std::string::npos || name.ends_with(".toml")) {
      const fs::path path = (experiment.parent_path() / name).lexically_normal();
      if (auto text = read_text(path)) return {path.string(), *text, {}};
      return {path.string(), {}, fmt::format("cannot read the target file '{}'", path.string())};
    }
    std::set<std::string> known;
    for (const auto& root : roots(experiment)) {
      const fs::path path = root / "targets" / name / "target.toml";
      if (auto text = read_text(path)) return {path.string(), *text, {}};
      collect(root / "targets", known);
    }
    const std::string near = spec::nearest(name, {known.begin(), known.end()});
    std::string error = fmt::format("no target is named '{}'", name);
    if (!near.empty()) error += fmt::format(" (did you mean '{}'?)", near);
    return {{}, {}, error};
  }

  [[nodiscard]] std::string why_no_program(const spec::Target& target, const std::string& program) const override {
    return run::why_no_program(program, lab::Programs(target.folder, target.name));
  }

 private:
  static void collect(const fs::path& folder, std::set<std::string>& names) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (fs::exists(entry.path() / "target.toml", error)) names.insert(entry.path().filename());
  }
};

}  // namespace

LoadedExperiment load_experiment(const std::string& path, const core::Catalog& catalog) {
  return load_experiment_as(path, path, catalog);
}

LoadedExperiment load_experiment_as(const std::string& text_path, const std::string& path,
                                    const core::Catalog& catalog) {
  LoadedExperiment loaded;
  loaded.file.path = path;
  const auto text = read_text(text_path);
  if (!text) {
    std::error_code error;
    loaded.problems = fmt::format(
        "{}: error: {}\n", text_path,
        fs::is_directory(text_path, error) ? "this is a folder, not one experiment file" : "the file cannot be read");
    return loaded;
  }
  loaded.file.text = *text;
  auto reading = spec::read_experiment(*text, path, catalog, TargetFolders());
  for (const auto& diagnostic : reading.diagnostics) {
    const auto source = reading.sources.find(diagnostic.file);
    loaded.problems += spec::render(diagnostic, source == reading.sources.end() ? *text : source->second);
  }
  loaded.file.experiment = std::move(reading.value);
  const auto target = reading.sources.find(loaded.file.experiment.target.file);
  if (target != reading.sources.end() && target->first != path) loaded.file.target_text = target->second;
  return loaded;
}

std::vector<std::string> find_experiments(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const auto& path : paths) {
    if (!fs::exists(path)) throw std::runtime_error(fmt::format("there is no file or folder '{}'", path));
    if (!fs::is_directory(path)) {
      found.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file() && entry.path().extension() == ".toml" && entry.path().filename() != "target.toml")
        inside.push_back(entry.path().string());
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
  }
  std::vector<std::string> once;
  for (auto& path : found)
    if (std::find(once.begin(), once.end(), path) == once.end()) once.push_back(std::move(path));
  return once;
}

}  // namespace withstand::run
