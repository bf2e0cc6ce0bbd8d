// Rules that damage data.
#include <algorithm>
#include <fcntl.h>
#include <re2/re2.h>
#include <set>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "lab/disk/rules.hpp"
#include "lab/disk/walk.hpp"

namespace withstand::lab::disk {
namespace {

using Kind = core::DiskRule::Damage::Kind;
using Place = core::DiskRule::Damage::Place;

/// Of blocks as they were before they were written last, for one rule.
constexpr std::uint64_t most_remembered_bytes = 64 << 20;
constexpr std::size_t most_damage_strikes = 1000, most_passed_by = 500;

std::vector<std::byte> read_at(int file, Extent bytes) {
  std::vector<std::byte> data(bytes.size());
  const ssize_t got = ::pread(file, data.data(), data.size(), static_cast<off_t>(bytes.begin));
  data.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return data;
}

Extent block_at(std::uint64_t number, std::uint64_t size) { return {number * size, (number + 1) * size}; }

/// Nothing of a block that is written like this has to be read first.
bool is_written_whole(Extent block, Extent written, std::uint64_t file_size) {
  if (block.begin >= file_size) return true;
  return written.begin <= block.begin && written.end >= std::min(block.end, file_size);
}

}  // namespace

void Rules::judge_damage(Rule& rule, const Request& request, Verdict& verdict) {
  const auto& asked = rule.rule.damage;
  const bool writing = request.operation == Operation::write;
  const std::uint64_t size = files_->size_of(files_->inodes().at(request.header->nodeid));
  Extent bytes{request.offset, request.offset + request.size};
  if (!writing) bytes.end = std::min(bytes.end, size);
  if (bytes.begin >= bytes.end) return;
  if (asked.kind == Kind::bad_sector) return judge_bad_sectors(rule, request, bytes, size, verdict);
  if (writing != (asked.place == Place::write)) {
    if (asked.kind == Kind::stale) remember(rule, request, bytes, size);
    return;
  }
  if (damageable(rule.rule, bytes).empty()) return;
  const auto ordinal = choose(rule, bytes.size());
  if (!ordinal) return;
  auto drawn = draw_damage(rule.rule, rule.size, *ordinal, bytes, size);
  if (!drawn || (!writing && !find_instead(rule, request, *drawn))) return;
  drawn->rule = rule.handle;
  core::DiskStrike what;
  what.offset = concerned(*drawn).begin;
  what.size = concerned(*drawn).size();
  what.result = to_text(*drawn);
  note(rule, *ordinal, request, std::move(what));
  verdict.damages.push_back(std::move(*drawn));
}

bool Rules::is_bad(Rule& rule, const Inode& inode, std::uint64_t block) {
  if (damageable(rule.rule, block_at(block, rule.rule.damage.block)).empty()) return false;
  const std::lock_guard lock(rule.mutex);
  if (rule.healed.contains({inode.device, inode.number, block})) return false;
  const auto salt = rule.salts.find({inode.device, inode.number});
  return salt != rule.salts.end() && core::DrawStream{salt->second}.chance(block, rule.rule.probability_ppb);
}

void Rules::judge_bad_sectors(Rule& rule, const Request& request, Extent bytes, std::uint64_t size, Verdict& verdict) {
  Inode& inode = files_->inodes().at(request.header->nodeid);
  {
    const std::string path = files_->inodes().path(inode);
    const std::lock_guard lock(rule.mutex);
    rule.salts.try_emplace({inode.device, inode.number},
                           core::draw_stream(rule.rule.seed, rule.rule.fault, node_ + ":" + path, "disk: sectors").key);
  }
  const std::uint64_t unit = rule.rule.damage.block;
  std::optional<std::uint64_t> first_bad;
  std::vector<Rule::Block> written_anew;
  for (std::uint64_t block = bytes.begin / unit; block * unit < bytes.end; ++block) {
    if (!is_bad(rule, inode, block)) continue;
    const bool heals = request.operation == Operation::write && is_written_whole(block_at(block, unit), bytes, size);
    if (heals) written_anew.push_back({inode.device, inode.number, block});
    if (!heals && !first_bad) first_bad = block;
  }
  if (request.operation == Operation::write && !first_bad) {
    const std::lock_guard lock(rule.mutex);
    rule.healed.insert(written_anew.begin(), written_anew.end());
    return;
  }
  const auto ordinal = choose(rule, bytes.size());
  if (!ordinal || !first_bad) return;
  if (!verdict.answer) verdict.answer = Answer{rule.handle, EIO};
  core::DiskStrike what;
  what.offset = *first_bad * unit;
  what.size = unit;
  what.result = "EIO";
  note(rule, *ordinal, request, std::move(what));
}

/// Blocks that are being written, as they are before.
void Rules::remember(Rule& rule, const Request& request, Extent bytes, std::uint64_t size) {
  Inode& inode = files_->inodes().at(request.header->nodeid);
  const os::Fd file(files_->reopen(inode, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return;
  const std::uint64_t unit = rule.rule.damage.block;
  for (std::uint64_t number = bytes.begin / unit; number * unit < std::min(bytes.end, size); ++number) {
    const Rule::Block block{inode.device, inode.number, number};
    auto old = read_at(file.get(), block_at(number, unit));
    const std::lock_guard lock(rule.mutex);
    if (!rule.before.contains(block)) rule.before_in_order.push_back(block);
    rule.before[block] = std::move(old);
    if (rule.before_in_order.size() * unit <= most_remembered_bytes) continue;
    rule.before.erase(rule.before_in_order.front());
    rule.before_in_order.pop_front();
  }
}

/// What a read gets in place of what is there; false when there is nothing else.
bool Rules::find_instead(Rule& rule, const Request& request, Damage& damage) {
  Inode& inode = files_->inodes().at(request.header->nodeid);
  const std::uint64_t number = damage.where.begin / damage.block, within = damage.where.begin % damage.block;
  if (damage.kind == Kind::misdirected) {
    const os::Fd file(files_->reopen(inode, O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return false;
    damage.instead = read_at(file.get(), {damage.other + within, damage.other + within + damage.where.size()});
  }
  if (damage.kind != Kind::stale) return true;
  const std::lock_guard lock(rule.mutex);
  const auto old = rule.before.find({inode.device, inode.number, number});
  if (old == rule.before.end()) return false;
  const auto& bytes = old->second;
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(within, bytes.size()));
  damage.instead.assign(begin, bytes.end());
  return true;
}

bool damage_write(FileSystem& files, Damage how, Request& request) {
  Inode& inode = files.inodes().at(request.header->nodeid);
  const auto data = request.bytes.subspan(sizeof(fuse_in_header) + sizeof(fuse_write_in), request.size);
  const Extent common{std::max(how.where.begin, request.offset),
                      std::min(how.where.end, request.offset + request.size)};
  const bool moves = how.kind == Kind::misdirected || how.kind == Kind::stale;
  if (moves && common.begin < common.end) {
    const os::Fd file(files.reopen(inode, (how.kind == Kind::stale ? O_RDONLY : O_RDWR) | O_CLOEXEC));
    if (!file.valid()) return false;
    how.instead = read_at(file.get(), how.where);
    if (how.kind == Kind::misdirected) {
      const auto moved = data.subspan(common.begin - request.offset, common.size());
      const auto place = static_cast<off_t>(how.other + common.begin % how.block);
      if (::pwrite(file.get(), moved.data(), moved.size(), place) != static_cast<ssize_t>(moved.size())) return false;
    }
  }
  return damage(how, data, request.offset);
}

void Rules::damage_what_is_stored(Rule& rule) {
  std::set<std::pair<dev_t, ino_t>> seen;
  const int root = files_->inodes().root().path();
  walk(root, [&](const std::string& path, const struct stat& status) {
    if (!S_ISREG(status.st_mode)) return;
    if (!RE2::FullMatch(path, *rule.path)) {
      if (rule.passed_by.size() < most_passed_by) rule.passed_by.push_back(path);
      return;
    }
    if (!seen.insert({status.st_dev, status.st_ino}).second) return;
    const os::Fd file(
        ::openat(files_->descriptors(), fmt::format("{}/{}", root, path).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (!file.valid()) return;
    damage_stored_file(rule, path, file.get());
    Inode* known = files_->inodes().look_up(status);
    if (known == nullptr) return;
    if (changed_) changed_(files_->inodes().id(*known));
    files_->inodes().forget(*known, 1);
  });
}

/// It is read back: what the file holds is the evidence.
void Rules::damage_stored_file(Rule& rule, const std::string& path, int file) {
  struct stat status {};
  if (::fstat(file, &status) < 0) return;
  const auto size = static_cast<std::uint64_t>(status.st_size), unit = rule.rule.damage.block;
  const auto stream = core::draw_stream(rule.rule.seed, rule.rule.fault, node_ + ":" + path, "disk: stored");
  for (std::uint64_t number = 0; number * unit < size; ++number) {
    const Extent block{number * unit, std::min(size, (number + 1) * unit)};
    if (damageable(rule.rule, block).empty()) continue;
    const std::uint64_t ordinal = ++rule.counted;
    if (!stream.chance(number, rule.rule.probability_ppb)) continue;
    auto drawn = draw_damage(rule.rule, stream.within(1), number, block, size);
    if (!drawn) continue;
    if (drawn->kind == Kind::misdirected) {
      const std::uint64_t from = drawn->other + drawn->where.begin % unit;
      drawn->instead = read_at(file, {from, from + drawn->where.size()});
    }
    auto data = read_at(file, block);
    if (!damage(*drawn, data, block.begin)) continue;
    ++rule.decided;
    const bool written =
        ::pwrite(file, data.data(), data.size(), static_cast<off_t>(block.begin)) == static_cast<ssize_t>(data.size());
    if (written && read_at(file, block) == data) ++rule.answered;
    if (rule.strikes.size() >= most_damage_strikes) continue;
    const Extent where = concerned(*drawn);
    rule.strikes.push_back({std::chrono::steady_clock::now().time_since_epoch(), ordinal, Operation::write, path,
                            where.begin, where.size(), ::getpid(), "withstand", to_text(*drawn)});
  }
}

}  // namespace withstand::lab::disk
