#include "kv/log.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kv/exit_code.hpp"

namespace quorum_kv {

namespace {

constexpr const char* log_name = "log";
constexpr const char* fresh_name = "log.new";
constexpr std::size_t rewrite_frame_bytes = 1 << 20;

std::uint64_t draw_epoch() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

/// What counts as state: not a file that was never renamed into place, nor what mkfs leaves in a new file system.
std::vector<std::string> state_in(Directory& directory) {
  std::vector<std::string> names = directory.list();
  std::erase_if(names, [](const std::string& name) { return name == fresh_name || name == "lost+found"; });
  return names;
}

std::vector<Record> newest_per_key(std::vector<Record> records) {
  std::map<std::string, Versioned> newest;
  for (Record& record : records) {
    Versioned& held = newest[record.key];
    if (record.data.tag > held.tag) held = std::move(record.data);
  }
  std::vector<Record> result;
  for (auto& [key, data] : newest) result.push_back({key, std::move(data)});
  return result;
}

void check_owner(const LogHeader& header, const Log::Owner& owner) {
  if (header.name != owner.name) {
    throw Refusal(ExitCode::damaged, fmt::format("this data belongs to {}, not to {}", header.name, owner.name));
  }
  if (header.members != owner.members) {
    throw Refusal(ExitCode::damaged, fmt::format("this data belongs to a cluster of {}, not of {}",
                                                 fmt::join(header.members, ", "), fmt::join(owner.members, ", ")));
  }
}

}  // namespace

Log::Log(std::unique_ptr<Directory> directory, LogHeader header)
    : directory_(std::move(directory)), header_(std::move(header)) {}

Log::Opened Log::create(std::unique_ptr<Directory> directory, const Owner& owner) {
  if (const auto names = state_in(*directory); !names.empty()) {
    throw Refusal(ExitCode::already_initialised,
                  fmt::format("--init is for the first start only, and the data directory holds {}", names.front()));
  }
  Log log(std::move(directory), LogHeader{0, 1, owner.name, owner.members});
  log.rewrite({});
  return {std::move(log), {}, 0};
}

Log::Opened Log::open(std::unique_ptr<Directory> directory, const Owner& owner, Strictness strictness) {
  const auto names = state_in(*directory);
  if (names.empty()) {
    throw Refusal(ExitCode::not_initialised,
                  "the data directory is empty: give --init at a node's very first start, and never again; a node that "
                  "lost its data must not serve, because it may have acknowledged writes that only it still held");
  }
  if (std::find(names.begin(), names.end(), log_name) == names.end()) {
    throw Refusal(ExitCode::damaged, "the data directory is not empty, but its log is missing");
  }
  auto decoded = decode_log(directory->open(log_name)->read_all(), strictness);
  if (const auto* damage = std::get_if<Damage>(&decoded)) {
    throw Refusal(ExitCode::damaged, damage->why + "; this node does not serve");
  }
  auto& contents = std::get<LogContents>(decoded);
  check_owner(contents.header, owner);
  contents.header.boot += 1;
  std::vector<Record> records = newest_per_key(std::move(contents.records));
  Log log(std::move(directory), std::move(contents.header));
  log.rewrite(records);
  return {std::move(log), std::move(records), contents.torn_bytes};
}

void Log::append(std::span<const Record> records) {
  const std::string frame = encode_log_frame(header_.epoch, sequence_ + 1, records);
  file_->write_at(length_, frame);
  file_->sync();
  sequence_ += 1;
  length_ += frame.size();
  file_->write_at(mark_offset(sequence_), encode_mark(header_.epoch, {sequence_, length_}));
  settled_ = false;
}

void Log::settle() {
  file_->sync();
  settled_ = true;
}

void Log::rewrite(const std::vector<Record>& records) {
  // A new epoch: should blocks of the old file show up in the new one, they are not taken for its frames.
  header_.epoch = draw_epoch();
  sequence_ = 0;
  std::string frames;
  for (std::size_t begin = 0; begin < records.size();) {
    std::size_t end = begin;
    for (std::size_t bytes = 0; end < records.size() && bytes < rewrite_frame_bytes; ++end) {
      bytes += records[end].key.size() + records[end].data.value.size();
    }
    frames += encode_log_frame(header_.epoch, ++sequence_, std::span(records).subspan(begin, end - begin));
    begin = end;
  }
  length_ = log_frames_offset + frames.size();
  file_ = directory_->create(fresh_name);
  file_->write_at(0, encode_log_page(header_, {sequence_, length_}) + frames);
  file_->sync();
  directory_->rename(fresh_name, log_name);
  directory_->sync();
  settled_ = true;
}

}  // namespace quorum_kv
