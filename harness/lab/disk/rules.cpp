#include "lab/disk/rules.hpp"

#include <algorithm>
#include <cstring>
#include <re2/re2.h>

#include <fmt/format.h>

#include "core/glob.hpp"
#include "lab/disk/caller_name.hpp"
#include "lab/disk/delay.hpp"
#include "lab/disk/exchange.hpp"
#include "lab/disk/likeness.hpp"
#include "spec/units.hpp"

namespace withstand::lab::disk {
namespace {

constexpr std::size_t most_strikes = 1000;
constexpr std::int64_t memory_of_a_concern = 8 << 20;

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

std::string error_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

}  // namespace

struct ClaimedFiles::Each {
  Operations operations;
  std::unique_ptr<RE2> folders;
};

ClaimedFiles::ClaimedFiles(const std::vector<core::DiskConcern>& concerns) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);  // names are bytes
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(memory_of_a_concern);
  for (const auto& each : concerns) {
    const auto regex = core::folders_of_glob(each.path);
    concerns_.push_back({each.operations, std::make_unique<RE2>(regex, options)});
    if (!concerns_.back().folders->ok()) throw core::BadGlob(fmt::format("\"{}\" is too large", each.path));
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

Rules::Rules(FileSystem& files, std::string node)
    : files_(&files), node_(std::move(node)), index_(std::make_shared<RuleIndex>(0, Matched())) {
  serve(files);
}
Rules::~Rules() = default;

void Rules::add(Handle handle, const core::DiskRule& rule) {
  using Action = core::DiskRule::Action;
  auto added = std::make_shared<Rule>(handle, rule, node_);
  added->opens_before = files_->opens();
  added->touched_before = touched_.now();
  const bool at_rest = rule.action == Action::damage && rule.damage.place == core::DiskRule::Damage::Place::rest;
  if (at_rest) damage_what_is_stored(*added);
  {
    const std::unique_lock lock(mutex_);
    all_[handle] = added;
    if (rule.action != Action::limit && !at_rest) {
      Matched rules = index_->rules;
      rules.push_back(std::move(added));
      publish(std::move(rules));
    }
  }
  if (rule.action == Action::limit) {
    limits_.insert(handle);
    files_->space().add(handle, rule.space);
  }
}

void Rules::serve(FileSystem& files) {
  const std::unique_lock lock(mutex_);
  files_ = &files;
  files_->space().on_refused([this](std::uint64_t rule, int error, Extent wanted) { refused(rule, error, wanted); });
  for (const Handle limit : limits_) files_->space().add(limit, all_.at(limit)->rule.space);
}

void Rules::remove(Handle handle) {
  files_->space().remove(handle);
  limits_.erase(handle);
  const std::unique_lock lock(mutex_);
  Matched rules = index_->rules;
  std::erase_if(rules, [&](const auto& each) { return each->handle == handle; });
  publish(std::move(rules));
}

/// Called with mutex_ held.
void Rules::publish(Matched rules) {
  Operations operations;
  for (const auto& each : rules) operations.add(each->rule.operations);
  index_ = std::make_shared<RuleIndex>(index_->number + 1, std::move(rules));
  operations_ = operations.bits();
}

std::shared_ptr<const RuleIndex> Rules::current() const {
  const std::shared_lock lock(mutex_);
  return index_;
}

std::shared_ptr<Rule> Rules::find(Handle handle) const {
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

/// What the rules say of an inode is kept with it, as long as they and its path stay the same; so is which operations
/// were noted of it although no rule concerns them.
Matched Rules::of_inode(const RuleIndex& index, Inode& inode, Operation operation) {
  const std::uint64_t epoch = (index.number << 32U) | (files_->renamed_folders() & 0xffffffffU);
  const auto known = [&](std::uint32_t mask) { return Operations(mask).has(operation); };
  if (inode.matched_epoch == epoch && !known(inode.matched_operations) && known(inode.noted_operations)) return {};
  const std::lock_guard lock(inode.matching);
  if (inode.matched_epoch != epoch) {
    auto matched = std::make_shared<Matched>(index.of(files_->inodes().paths(inode)));
    Operations operations;
    for (const auto& each : *matched) operations.add(each->rule.operations);
    count_unseen(inode, *matched);
    inode.matched = std::move(matched);
    inode.matched_operations = operations.bits();
    inode.noted_operations = 0;
    inode.matched_epoch = epoch;
  }
  if (!known(inode.matched_operations)) {
    if (!known(inode.noted_operations)) touched_.note(operation, files_->inodes().paths(inode));
    Operations noted(inode.noted_operations);
    noted.add(operation);
    inode.noted_operations = noted.bits();
    return {};
  }
  return inode.matched ? *static_cast<const Matched*>(inode.matched.get()) : Matched();
}

Matched Rules::matching(const RuleIndex& index, const Request& request) {
  if (request.name.empty()) return of_inode(index, files_->inodes().at(request.header->nodeid), *request.operation);
  const auto paths = paths_of(request);
  auto matched = index.of(paths);
  if (std::none_of(matched.begin(), matched.end(),
                   [&](const auto& each) { return each->rule.operations.has(*request.operation); }))
    touched_.note(*request.operation, paths);
  return matched;
}

bool Rules::concerns(const Rule& rule, const Request& request) const {
  const core::DiskRule& asked = rule.rule;
  if (!asked.operations.has(*request.operation) || !touches(asked, request)) return false;
  if (asked.changing_opens_only && request.operation == Operation::open && !request.changing_open) return false;
  if (asked.opened_before && (request.handle == 0 || open_ordinal(request.handle) > rule.opens_before)) return false;
  return !rule.process || RE2::FullMatch(command_of(request.header->pid).name, *rule.process);
}

std::optional<std::uint64_t> Rules::choose(Rule& rule, std::uint64_t size) {
  const std::uint64_t ordinal = ++rule.counted;
  const std::uint64_t before = rule.bytes.fetch_add(size);
  if (ordinal < rule.rule.first || ordinal > rule.rule.last) return std::nullopt;
  if ((ordinal - rule.rule.first) % rule.rule.step != 0 || before < rule.rule.after_bytes) return std::nullopt;
  // Of bad sectors chance decides which there are, not which operations meet them.
  if (rule.is_damage(core::DiskRule::Damage::Kind::bad_sector)) return ordinal;
  if (!rule.chance.chance(ordinal, rule.rule.probability_ppb)) return std::nullopt;
  return ordinal;
}

Verdict Rules::judge(Request& request) {
  Verdict verdict;
  if (!Operations(operations_).has(*request.operation)) return verdict;
  const auto index = current();
  for (const auto& each : matching(*index, request)) {
    Rule& rule = *each;
    if (!concerns(rule, request)) continue;
    if (rule.rule.action == core::DiskRule::Action::damage) {
      judge_damage(rule, request, verdict);
    } else if (const auto ordinal = choose(rule, request.size)) {
      strike(rule, *ordinal, request, verdict);
    }
  }
  return verdict;
}

/// Completes a strike by who asked for what; offset and size are the operation's unless they are given.
void Rules::note(Rule& rule, std::uint64_t ordinal, const Request& request, core::DiskStrike strike) {
  ++rule.decided;
  const std::lock_guard lock(rule.mutex);
  if (rule.strikes.size() >= most_strikes) return;
  const auto paths = paths_of(request);
  const CallingProcess command = command_of(request.header->pid);
  strike.when = now();
  strike.ordinal = ordinal;
  strike.operation = *request.operation;
  strike.path = paths.empty() ? "" : paths.front();
  strike.pid = command.pid;
  strike.command = command.name;
  if (strike.size == 0) {
    strike.offset = request.offset;
    strike.size = request.size;
  }
  rule.strikes.push_back(std::move(strike));
}

void Rules::strike(Rule& rule, std::uint64_t ordinal, Request& request, Verdict& verdict) {
  using Action = core::DiskRule::Action;
  core::DiskStrike what;
  switch (rule.rule.action) {
    case Action::error:
      if (!verdict.answer) verdict.answer = Answer{rule.handle, rule.rule.error};
      what.result = error_name(rule.rule.error);
      break;
    case Action::pretend:
      if (!verdict.answer) verdict.answer = Answer{rule.handle, 0};
      what.result = "success, and nothing done";
      break;
    case Action::latency: {
      const auto delay = draw_delay(rule.rule, rule.size, ordinal);
      verdict.delays.push_back({rule.handle, delay});
      ++rule.waiting;
      what.result = spec::to_human(delay) + " later";
      break;
    }
    case Action::stall:
      verdict.held_by.push_back(rule.handle);
      ++rule.waiting;
      what.result = "held";
      break;
    case Action::shorten:
      what.offset = request.offset;
      what.size = request.size;
      if (request.shorten(rule.rule.keep_ppb)) {
        ++rule.answered;
        what.result = fmt::format("cut to {}", request.size);
      }
      break;
    case Action::throttle:
      return throttle(rule, ordinal, request, verdict);
    case Action::limit:
    case Action::damage:
      return;
  }
  note(rule, ordinal, request, std::move(what));
}

/// What there is to read may be less than what is asked for.
void Rules::throttle(Rule& rule, std::uint64_t ordinal, const Request& request, Verdict& verdict) {
  std::uint64_t bytes = request.size;
  if (request.operation == Operation::read) {
    const std::uint64_t there = files_->size_of(files_->inodes().at(request.header->nodeid));
    bytes = std::min(bytes, there - std::min(there, request.offset));
  }
  std::chrono::nanoseconds delay{};
  {
    const std::lock_guard lock(rule.mutex);
    const auto begin = now();
    if (rule.first_carried.count() == 0) rule.first_carried = rule.last_carried = begin;
    delay = rule.bucket.take(bytes, begin);
  }
  if (delay.count() == 0) return carried(rule.handle, bytes);
  verdict.delays.push_back({rule.handle, delay, bytes});
  ++rule.waiting;
  core::DiskStrike what;
  what.result = spec::to_human(delay) + " later";
  note(rule, ordinal, request, std::move(what));
}

/// On the thread that carries it out.
void Rules::refused(Handle handle, int error, Extent wanted) {
  const auto rule = find(handle);
  if (!rule) return;
  exchange().refused_by = handle;
  exchange().refused_with = error;
  const Request request = parse_request(exchange().bytes);
  core::DiskStrike what;
  what.result = error == 0 ? "cut to what was left" : error_name(error);
  what.offset = wanted.begin;
  what.size = wanted.size();
  note(*rule, ++rule->counted, request, std::move(what));
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

void Rules::carried(Handle handle, std::uint64_t bytes) {
  const auto rule = find(handle);
  if (!rule) return;
  const std::lock_guard lock(rule->mutex);
  rule->carried += bytes;
  rule->last_carried = now();
}

void Rules::died(Handle handle) {
  const auto rule = find(handle);
  if (!rule) return;
  --rule->waiting;
  ++rule->died;
}

void Rules::damaged(const Damage& damage, bool hit) {
  if (const auto rule = find(damage.rule)) ++(hit ? rule->answered : rule->missed);
}

std::optional<core::DiskEffect> Rules::effect(Handle handle) const {
  const auto rule = find(handle);
  if (!rule) return std::nullopt;
  core::DiskEffect effect = rule->effect();
  files_->space().tell(handle, effect);
  if (effect.counted > 0) return effect;
  std::vector<std::string> near = touched_.since(rule->touched_before, rule->rule.operations);
  near.insert(near.end(), rule->passed_by.begin(), rule->passed_by.end());
  effect.nearest = likest(rule->rule.path, std::move(near));
  return effect;
}

}  // namespace withstand::lab::disk
