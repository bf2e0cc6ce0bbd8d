#include "cli/selection.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fnmatch.h>
#include <iostream>
#include <numeric>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/session.hpp"
#include "record/exit_code.hpp"
#include "spec/diagnostic.hpp"

namespace withstand::cli {

namespace {

bool matches(const std::string& glob, const std::string& path) {
  if (glob.empty()) return true;
  const bool leave_out = glob.front() == '-';
  const std::string pattern = leave_out ? glob.substr(1) : glob;
  // A glob without a slash is meant for any part of the path, as in "*partition*".
  const bool hit = ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0 ||
                   ::fnmatch(("*" + pattern + "*").c_str(), path.c_str(), 0) == 0;
  return hit != leave_out;
}

bool tagged(const std::vector<std::string>& wishes, const std::vector<std::string>& tags) {
  bool any_wanted = false, wanted = false;
  for (const auto& wish : wishes) {
    const bool without = wish.starts_with('!');
    const bool has = std::find(tags.begin(), tags.end(), without ? wish.substr(1) : wish) != tags.end();
    if (without && has) return false;
    if (without) continue;
    any_wanted = true;
    wanted = wanted || has;
  }
  return wanted || !any_wanted;
}

/// A mistyped tag selects nothing, or leaves nothing out: said, with the tags that there are.
void tell_unknown_tags(const std::vector<std::string>& wishes, const std::set<std::string>& known) {
  for (const auto& wish : wishes) {
    const std::string tag = wish.starts_with('!') ? wish.substr(1) : wish;
    if (known.contains(tag)) continue;
    const auto near = spec::nearest(tag, {known.begin(), known.end()});
    std::cerr << fmt::format("withstand: no experiment here has the tag '{}'{}; {}\n", tag,
                             near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                             known.empty() ? "none has any" : fmt::format("there are: {}", fmt::join(known, ", ")));
  }
}

struct Shard {
  std::uint64_t index = 1, count = 1;
};

Shard parse_shard(const std::string& text) {
  Shard shard;
  if (text.empty()) return shard;
  const auto slash = text.find('/');
  const auto read = [&](std::size_t from, std::size_t to, std::uint64_t& into) {
    const auto result = std::from_chars(text.data() + from, text.data() + to, into);
    return result.ec == std::errc{} && result.ptr == text.data() + to;
  };
  if (slash == std::string::npos || !read(0, slash, shard.index) || !read(slash + 1, text.size(), shard.count) ||
      shard.index < 1 || shard.index > shard.count)
    throw UsageError(fmt::format("--shard '{}' is not INDEX/COUNT with INDEX from 1, as in 2/4", text));
  return shard;
}

/// Which of `count` experiments this part gets, in turn over their names from the folder that was given, so that parts
/// are equally large and the same on every machine.
template <class NameOf>
std::vector<std::size_t> dealt(std::size_t count, const Shard& part, const NameOf& name_of) {
  std::vector<std::size_t> order(count), mine;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return name_of(a) < name_of(b); });
  for (std::size_t i = 0; i < count; ++i)
    if (i % part.count == part.index - 1) mine.push_back(order[i]);
  std::sort(mine.begin(), mine.end());  // they run in the order in which they were named
  return mine;
}

}  // namespace

void ExperimentSelection::add_options(CLI::App& command) {
  command.add_option("paths", paths, "Experiment files, or folders of them")->required();
  command.add_option("--filter", filter, "Only paths that match this glob; with a leading '-', only those that do not");
  command.add_option("--tag", tags, "Only experiments with one of these tags; '!TAG' leaves out")->delimiter(',');
  command.add_option(
      "--shard", shard,
      "Only part INDEX of COUNT, as in 2/4: dealt in turn over what is selected, by path from the folder given, "
      "so the same on every machine; a part that gets nothing is no failure");
}

ExperimentSelection::Selected ExperimentSelection::load(const core::Catalog& catalog) const {
  auto selected = load_good(catalog);
  const bool one = paths.size() == 1 && !std::filesystem::is_directory(paths.front());
  if (!selected.problems.empty())
    throw UsageError((one ? "this experiment cannot be run:\n" : "these experiments cannot be run:\n") +
                     selected.problems);
  return selected;
}

ExperimentSelection::Selected ExperimentSelection::load_good(const core::Catalog& catalog) const {
  const Shard part = parse_shard(shard);
  std::vector<run::FoundExperiment> found;
  try {
    std::vector<std::string> left_out;
    found = run::find_experiments(paths, left_out);
    for (const auto& path : left_out)
      std::cerr << fmt::format("withstand: left out '{}': it has no table of an experiment\n", path);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
  struct Candidate {
    std::string inside;
    run::LoadedExperiment loaded;
  };
  std::vector<Candidate> candidates;
  std::set<std::string> known_tags;
  bool all_good = true;
  for (auto& [path, inside] : found) {
    if (!matches(filter, path)) continue;
    auto loaded = run::load_experiment(path, catalog);
    const auto& its_tags = loaded.file.experiment.tags;
    known_tags.insert(its_tags.begin(), its_tags.end());
    all_good = all_good && loaded.ok();
    // What cannot be read may have any tag: the shard that it falls to tells what is wrong with it.
    if (!loaded.ok() || tagged(tags, its_tags)) candidates.push_back({std::move(inside), std::move(loaded)});
  }
  if (all_good) tell_unknown_tags(tags, known_tags);
  Selected selected;
  for (const auto index : dealt(candidates.size(), part, [&](std::size_t i) { return candidates[i].inside; })) {
    auto& loaded = candidates[index].loaded;
    if (loaded.ok())
      selected.files.push_back(std::move(loaded.file));
    else
      selected.problems += loaded.problems;
  }
  selected.others_have_all = selected.files.empty() && selected.problems.empty() && !candidates.empty();
  return selected;
}

int tell_nothing_selected(const ExperimentSelection& selection, const ExperimentSelection::Selected& selected) {
  if (selected.others_have_all) {
    std::cerr << fmt::format(
        "withstand: shard {} is empty: the selection has fewer experiments than there are shards\n", selection.shard);
    return static_cast<int>(record::ExitCode::as_it_should_be);
  }
  std::cerr << "withstand: no experiment was selected\n";
  return static_cast<int>(record::ExitCode::nothing_selected);
}

}  // namespace withstand::cli
