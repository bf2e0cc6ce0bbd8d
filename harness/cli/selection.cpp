#include "cli/selection.hpp"

#include <algorithm>
#include <charconv>
#include <fnmatch.h>
#include <iostream>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/session.hpp"
#include "core/draw.hpp"
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

}  // namespace

void ExperimentSelection::add_options(CLI::App& command) {
  command.add_option("paths", paths, "Experiment files, or folders of them")->required();
  command.add_option("--filter", filter, "Only paths that match this glob; with a leading '-', only those that do not");
  command.add_option("--tag", tags, "Only experiments with one of these tags; '!TAG' leaves out")->delimiter(',');
  command.add_option("--shard", shard, "Only part INDEX of COUNT, as in 2/4; stable when files are added");
}

std::vector<run::ExperimentFile> ExperimentSelection::load(const core::Catalog& catalog) const {
  std::string problems;
  auto files = load_good(catalog, problems);
  if (!problems.empty()) throw UsageError("these experiments cannot be run:\n" + problems);
  return files;
}

std::vector<run::ExperimentFile> ExperimentSelection::load_good(const core::Catalog& catalog,
                                                                std::string& problems) const {
  const Shard part = parse_shard(shard);
  std::vector<std::string> found;
  try {
    std::vector<std::string> left_out;
    found = run::find_experiments(paths, left_out);
    for (const auto& path : left_out)
      std::cerr << fmt::format("withstand: left out '{}': it has no table of an experiment\n", path);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
  std::vector<run::ExperimentFile> files;
  std::set<std::string> known_tags;
  for (const auto& path : found) {
    if (!matches(filter, path)) continue;
    if (core::draw_stream(0, path, "", "shard").key % part.count != part.index - 1) continue;
    auto loaded = run::load_experiment(path, catalog);
    if (!loaded.ok()) {
      problems += loaded.problems;
      continue;
    }
    const auto& its_tags = loaded.file.experiment.tags;
    known_tags.insert(its_tags.begin(), its_tags.end());
    if (tagged(tags, its_tags)) files.push_back(std::move(loaded.file));
  }
  if (part.count == 1 && problems.empty()) tell_unknown_tags(tags, known_tags);  // another part may have them
  return files;
}

}  // namespace withstand::cli
