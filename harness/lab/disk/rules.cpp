#include "lab/disk/rules.hpp"

#include <algorithm>
#include <re2/re2.h>
#include <re2/set.h>

#include <fmt/format.h>

#include "lab/disk/caller_name.hpp"
#include "lab/disk/delay.hpp"
#include "lab/disk/glob.hpp"
#include "lab/disk/likeness.hpp"

namespace withstand::lab::disk {
namespace {

constexpr std::size_t most_strikes = 1000;
constexpr std::size_t most_touched = 200;
/// Of all patterns of a set together; a set that does not fit is matched pattern by pattern.
constexpr std::int64_t pattern_memory = 256 << 20;

RE2::Options pattern_options(std::int64_t memory) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);  // names are bytes
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(memory);
  return options;
}

std::chrono::nanoseconds now() { return std::chrono::steady_clock::now().time_since_epoch(); }

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool touches(const core::DiskRule& rule, const Request& request) {
  if (rule.first_byte == 0 && rule.end_byte == core::DiskRule::no_end) return true;
  const std::uint64_t end = request.offset + std::max<std::uint64_t>(request.size, 1);
  return request.offset < rule.end_byte && end > rule.first_byte;
}

}  // namespace

struct ClaimedFiles::Each {
  Operations operations;
  std::unique_ptr<RE2> folders;
};

ClaimedFiles::ClaimedFiles(const std::vector<core::DiskConcern>& concerns) {
  for (const auto& each : concerns) {
    const auto regex = folders_of_glob(each.path);
    concerns_.push_back({each.operations, std::make_unique<RE2>(regex, pattern_options(8 << 20))});
    if (!concerns_.back().folders->ok()) throw BadGlob(fmt::format("\"{}\" is too large", each.path));
    anywhere_.add(each.operations);
  }
}

ClaimedFiles::~ClaimedFiles() = default;

Operations ClaimedFiles::of(const std::vector<std::string>& paths) const {
  Operations operations;
  for (const auto& each : concerns_)
    for (const auto& path : paths)
      if (RE2::FullMatch(folder_of(path), *each.folders)) operations.add(each.operations);
  return operations;
}

/// A rule in force or ended, and what it did.
struct Rules::Rule {
  Handle handle = 0;
  core::DiskRule rule;
  core::DrawStream chance, size;
  std::unique_ptr<RE2> path, process;
  std::atomic<std::uint64_t> counted{0}, bytes{0}, decided{0}, answered{0}, waiting{0}, died{0};
  mutable std::mutex mutex;  ///< guards the rest
  std::uint64_t waited = 0;
  std::chrono::nanoseconds asked_sum{}, waited_sum{}, waited_min{std::chrono::nanoseconds::max()}, waited_max{};
  std::vector<core::DiskStrike> strikes;
  std::deque<std::string> touched;
  std::uint64_t unseen = 0;
};

/// All rules in force; not changed once it is published.
struct Rules::Set {
  Set(std::uint64_t its_number, Matched its_rules) : number(its_number), rules(std::move(its_rules)) {}

  const std::uint64_t number;  ///< which set it is, from 0
  const Matched rules;

 private:
  mutable std::once_flag compiled_;
  mutable std::unique_ptr<RE2::Set> patterns_;  ///< of the rules, in their order; none where they are too many for it

  /// When the first path is matched, so that many rules can be added in a row.
  void compile() const {
    auto patterns = std::make_unique<RE2::Set>(pattern_options(pattern_memory), RE2::ANCHOR_BOTH);
    for (const auto& each : rules)
      if (patterns->Add(each->path->pattern(), nullptr) < 0) return;
    if (!rules.empty() && patterns->Compile()) patterns_ = std::move(patterns);
  }

 public:
  [[nodiscard]] Matched of(const std::vector<std::string>& paths) const {
    std::call_once(compiled_, [this] { compile(); });
    std::vector<bool> wanted(rules.size(), false);
    for (const auto& path : paths) {
      std::vector<int> found;
      RE2::Set::ErrorInfo error{};
      if (patterns_ && (patterns_->Match(path, &found, &error) || error.kind == RE2::Set::kNoError)) {
        for (const int each : found) wanted[static_cast<std::size_t>(each)] = true;
        continue;
      }
      for (std::size_t i = 0; i < rules.size(); ++i)
        if (RE2::FullMatch(path, *rules[i]->path)) wanted[i] = true;
    }
    Matched matched;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (wanted[i]) matched.push_back(rules[i]);
    return matched;
  }
};

Rules::Rules(FileSystem& files, std::string node)
    : files_(&files), node_(std::move(node)), set_(std::make_shared<Set>(0, Matched())) {}
Rules::~Rules() = default;

void Rules::add(Handle handle, const core::DiskRule& rule) {
  auto added = std::make_shared<Rule>();
  added->handle = handle;
  added->rule = rule;
  added->chance = core::draw_stream(rule.seed, rule.fault, node_, "disk: chance");
  added->size = core::draw_stream(rule.seed, rule.fault, node_, "disk: delay");
  added->path = std::make_unique<RE2>(glob_to_regex(rule.path), pattern_options(8 << 20));
  if (!added->path->ok()) throw BadGlob(fmt::format("\"{}\" is too large", rule.path));
  if (!rule.process.empty())
    added->process = std::make_unique<RE2>(name_glob_to_regex(rule.process), pattern_options(8 << 20));
  const std::unique_lock lock(mutex_);
  all_[handle] = added;
  Matched rules = set_->rules;
  rules.push_back(std::move(added));
  publish(std::move(rules));
}

void Rules::serve(FileSystem& files) {
  const std::unique_lock lock(mutex_);
  files_ = &files;
}

void Rules::remove(Handle handle) {
  const std::unique_lock lock(mutex_);
  Matched rules = set_->rules;
  std::erase_if(rules, [&](const auto& each) { return each->handle == handle; });
  publish(std::move(rules));
}

/// Called with mutex_ held.
void Rules::publish(Matched rules) {
  Operations operations;
  for (const auto& each : rules) operations.add(each->rule.operations);
  set_ = std::make_shared<Set>(set_->number + 1, std::move(rules));
  operations_ = operations.bits();
}

std::shared_ptr<const Rules::Set> Rules::current() const {
  const std::shared_lock lock(mutex_);
  return set_;
}

std::shared_ptr<Rules::Rule> Rules::find(Handle handle) const {
  const std::shared_lock lock(mutex_);
  const auto found = all_.find(handle);
  return found == all_.end() ? nullptr : found->second;
}

std::vector<std::string> Rules::paths_of(const Request& request) {
  InodeTable& inodes = files_->inodes();
  Inode& inode = inodes.at(request.header->nodeid);
  if (request.name.empty()) return inodes.paths(inode);
  std::vector<std::string> paths;
  if (request.operation == Operation::link) {
    paths = inodes.paths(inodes.at(request.second_node));
    paths.push_back(inodes.path(inode, request.name));
    return paths;
  }
  paths.push_back(inodes.path(inode, request.name));
  if (!request.second_name.empty()) paths.push_back(inodes.path(inodes.at(request.second_node), request.second_name));
  return paths;
}

/// What passes through is not seen; a file comes to a rule that way only by a new name.
void Rules::count_unseen(Inode& inode, const Matched& matched) {
  {
    const std::lock_guard lock(inode.opening);
    if (inode.way != Inode::Way::passthrough) return;
  }
  for (const auto& each : matched) {
    const std::lock_guard lock(each->mutex);
    each->unseen += each->rule.operations.meets({Operation::read, Operation::write}) ? 1U : 0U;
  }
}

/// What the rules say of an inode is kept with it, as long as they and its path stay the same.
Rules::Matched Rules::of_inode(const Set& set, Inode& inode, Operation operation) {
  const std::uint64_t epoch = (set.number << 32U) | (files_->renamed_folders() & 0xffffffffU);
  if (inode.matched_epoch == epoch && !Operations(inode.matched_operations).has(operation)) return {};
  const std::lock_guard lock(inode.matching);
  if (inode.matched_epoch != epoch) {
    const auto paths = files_->inodes().paths(inode);
    auto matched = std::make_shared<Matched>(set.of(paths));
    Operations operations;
    for (const auto& each : *matched) operations.add(each->rule.operations);
    count_unseen(inode, *matched);
    if (!operations.has(operation)) note_near(set, operation, paths);
    inode.matched = std::move(matched);
    inode.matched_operations = operations.bits();
    inode.matched_epoch = epoch;
  }
  return inode.matched ? *static_cast<const Matched*>(inode.matched.get()) : Matched();
}

Rules::Matched Rules::matching(const Set& set, const Request& request) {
  if (request.name.empty()) return of_inode(set, files_->inodes().at(request.header->nodeid), *request.operation);
  const auto paths = paths_of(request);
  auto matched = set.of(paths);
  if (matched.empty()) note_near(set, *request.operation, paths);
  return matched;
}

/// For a rule that in the end has struck nothing: what it might have meant.
void Rules::note_near(const Set& set, Operation operation, const std::vector<std::string>& paths) {
  for (const auto& each : set.rules) {
    if (each->counted > 0 || !each->rule.operations.has(operation)) continue;
    const std::lock_guard lock(each->mutex);
    for (const auto& path : paths) {
      if (std::find(each->touched.begin(), each->touched.end(), path) != each->touched.end()) continue;
      each->touched.push_back(path);
      if (each->touched.size() > most_touched) each->touched.pop_front();
    }
  }
}

Verdict Rules::judge(Request& request) {
  Verdict verdict;
  if (!Operations(operations_).has(*request.operation)) return verdict;
  const auto set = current();
  for (const auto& each : matching(*set, request)) {
    Rule& rule = *each;
    if (!rule.rule.operations.has(*request.operation) || !touches(rule.rule, request)) continue;
    if (rule.process && !RE2::FullMatch(command_of(request.header->pid).name, *rule.process)) continue;
    const std::uint64_t ordinal = ++rule.counted;
    const std::uint64_t before = rule.bytes.fetch_add(request.size);
    if (ordinal < rule.rule.first || ordinal > rule.rule.last) continue;
    if ((ordinal - rule.rule.first) % rule.rule.step != 0 || before < rule.rule.after_bytes) continue;
    if (!rule.chance.chance(ordinal, rule.rule.probability_ppb)) continue;
    strike(rule, ordinal, request, verdict);
  }
  return verdict;
}

void Rules::strike(Rule& rule, std::uint64_t ordinal, Request& request, Verdict& verdict) {
  using Action = core::DiskRule::Action;
  ++rule.decided;
  {
    const std::lock_guard lock(rule.mutex);
    if (rule.strikes.size() < most_strikes) {
      const auto paths = paths_of(request);
      const CallingProcess command = command_of(request.header->pid);
      rule.strikes.push_back({now(), ordinal, *request.operation, paths.empty() ? "" : paths.front(), request.offset,
                              request.size, command.pid, command.name});
    }
  }
  switch (rule.rule.action) {
    case Action::error:
      if (!verdict.answer) verdict.answer = Answer{rule.handle, rule.rule.error};
      return;
    case Action::pretend:
      if (!verdict.answer) verdict.answer = Answer{rule.handle, 0};
      return;
    case Action::latency: {
      const auto delay = draw_delay(rule.rule, rule.size, ordinal);
      verdict.delays.push_back({rule.handle, delay});
      ++rule.waiting;
      return;
    }
    case Action::stall:
      verdict.held_by.push_back(rule.handle);
      ++rule.waiting;
      return;
    case Action::shorten:
      if (request.shorten(rule.rule.keep_ppb)) ++rule.answered;
      return;
  }
}

void Rules::answered(Handle handle) {
  if (const auto rule = find(handle)) ++rule->answered;
}

void Rules::waited(Handle handle, std::chrono::nanoseconds asked, std::chrono::nanoseconds took) {
  const auto rule = find(handle);
  if (!rule) return;
  --rule->waiting;
  const std::lock_guard lock(rule->mutex);
  ++rule->waited;
  rule->asked_sum += asked;
  rule->waited_sum += took;
  rule->waited_min = std::min(rule->waited_min, took);
  rule->waited_max = std::max(rule->waited_max, took);
}

void Rules::died(Handle handle) {
  const auto rule = find(handle);
  if (!rule) return;
  --rule->waiting;
  ++rule->died;
}

std::optional<core::DiskEffect> Rules::effect(Handle handle) const {
  const auto rule = find(handle);
  if (!rule) return std::nullopt;
  core::DiskEffect effect;
  effect.counted = rule->counted;
  effect.decided = rule->decided;
  effect.answered = rule->answered;
  effect.waiting = rule->waiting;
  effect.died = rule->died;
  const std::lock_guard lock(rule->mutex);
  effect.waited = rule->waited;
  if (rule->waited > 0) {
    const auto count = static_cast<std::int64_t>(rule->waited);
    effect.asked_mean = rule->asked_sum / count;
    effect.waited_mean = rule->waited_sum / count;
    effect.waited_min = rule->waited_min;
    effect.waited_max = rule->waited_max;
  }
  effect.strikes = rule->strikes;
  effect.unseen = rule->unseen;
  if (effect.counted == 0) effect.nearest = likest(rule->rule.path, {rule->touched.begin(), rule->touched.end()});
  return effect;
}

}  // namespace withstand::lab::disk
