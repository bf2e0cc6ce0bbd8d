#include "lab/disk/rule.hpp"

#include <algorithm>
#include <re2/re2.h>
#include <re2/set.h>
#include <unordered_map>

#include <fmt/format.h>

#include "core/glob.hpp"

namespace withstand::lab::disk {
namespace {

constexpr std::int64_t memory_of_a_pattern = 8 << 20;
/// Of all patterns of a set together; a set that does not fit is matched pattern by pattern.
constexpr std::int64_t memory_of_patterns = 256 << 20;

RE2::Options pattern_options(std::int64_t memory) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);  // names are bytes
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(memory);
  return options;
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::unique_ptr<RE2> compile_path(const std::string& regex, const std::string& glob) {
  auto compiled = std::make_unique<RE2>(regex, pattern_options(memory_of_a_pattern));
  if (!compiled->ok()) throw core::BadGlob(fmt::format("\"{}\" is too large", glob));
  return compiled;
}

Rule::Rule(Handle its_handle, const core::DiskRule& its_rule, const std::string& node)
    : handle(its_handle),
      rule(its_rule),
      chance(core::draw_stream(rule.seed, rule.fault, node, "disk: chance")),
      size(core::draw_stream(rule.seed, rule.fault, node, "disk: delay")),
      path(compile_path(core::glob_to_regex(rule.path), rule.path)),
      bucket(std::max<std::uint64_t>(1, rule.bytes_per_second), rule.burst_bytes) {
  if (!rule.process.empty()) process = compile_path(core::name_glob_to_regex(rule.process), rule.process);
}

Rule::~Rule() = default;

core::DiskEffect Rule::effect() const {
  core::DiskEffect effect;
  effect.counted = counted;
  effect.decided = decided;
  effect.answered = answered;
  effect.waiting = waiting;
  effect.died = died;
  effect.missed = missed;
  const std::lock_guard lock(mutex);
  effect.waited = waited;
  if (waited > 0) {
    const auto count = static_cast<std::int64_t>(waited);
    effect.asked_mean = asked_sum / count;
    effect.waited_mean = waited_sum / count;
    effect.waited_min = waited_min;
    effect.waited_max = waited_max;
  }
  effect.carried = carried;
  effect.carrying = last_carried - first_carried;
  effect.healed = healed.size();
  effect.strikes = strikes;
  effect.unseen = unseen;
  return effect;
}

struct RuleIndex::Tables {
  using Numbers = std::vector<std::size_t>;
  using ByText = std::unordered_map<std::string, Numbers>;

  explicit Tables(const Matched& all) : rules(all) {
    auto set = std::make_unique<RE2::Set>(pattern_options(memory_of_patterns), RE2::ANCHOR_BOTH);
    bool fits = true;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const auto key = core::key_of_glob(rules[i]->rule.path);
      if (key.kind == core::GlobKey::Kind::path) by_path[key.text].push_back(i);
      if (key.kind == core::GlobKey::Kind::folder) by_folder[key.text].push_back(i);
      if (key.kind == core::GlobKey::Kind::name) by_name[key.text].push_back(i);
      if (key.kind != core::GlobKey::Kind::unknown) continue;
      rest.push_back(i);
      fits = fits && set->Add(rules[i]->path->pattern(), nullptr) >= 0;
    }
    if (!rest.empty() && fits && set->Compile()) patterns = std::move(set);
  }

  void look_up(const ByText& table, std::string_view text, Numbers& found) const {
    const auto at = table.find(std::string(text));
    if (at != table.end()) found.insert(found.end(), at->second.begin(), at->second.end());
  }
  void try_all(const Numbers& candidates, const std::string& path, Numbers& found) const {
    for (const std::size_t each : candidates)
      if (RE2::FullMatch(path, *rules[each]->path)) found.push_back(each);
  }

  void find(const std::string& path, Numbers& found) const {
    if (!by_path.empty()) look_up(by_path, path, found);
    if (!by_name.empty()) look_up(by_name, name_of(path), found);
    if (!by_folder.empty()) {
      Numbers candidates;
      look_up(by_folder, folder_of(path), candidates);
      try_all(candidates, path, found);
    }
    if (rest.empty()) return;
    std::vector<int> matches;
    RE2::Set::ErrorInfo error{};
    if (!patterns || (!patterns->Match(path, &matches, &error) && error.kind != RE2::Set::kNoError))
      return try_all(rest, path, found);
    for (const int each : matches) found.push_back(rest[static_cast<std::size_t>(each)]);
  }

  const Matched& rules;
  ByText by_path, by_folder, by_name;
  Numbers rest;
  std::unique_ptr<RE2::Set> patterns;  ///< of the rest; none where they are too many for it
};

RuleIndex::RuleIndex(std::uint64_t its_number, Matched its_rules) : number(its_number), rules(std::move(its_rules)) {}
RuleIndex::~RuleIndex() = default;

const RuleIndex::Tables& RuleIndex::tables() const {
  std::call_once(made_, [this] { tables_ = std::make_unique<Tables>(rules); });
  return *tables_;
}

Matched RuleIndex::of(const std::vector<std::string>& paths) const {
  if (rules.empty()) return {};
  Tables::Numbers found;
  for (const auto& path : paths) tables().find(path, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  Matched matched;
  for (const std::size_t each : found) matched.push_back(rules[each]);
  return matched;
}

}  // namespace withstand::lab::disk
