#include "kv/log_format.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kv/bytes.hpp"
#include "kv/policy.hpp"

namespace quorum_kv {

namespace {

constexpr std::uint64_t log_magic = 0x31474F4C564B51ull;  // "QKVLOG1"
constexpr std::uint32_t frame_magic = 0x4D465651u;
constexpr std::size_t mark_offsets[2] = {3072, 3584};
constexpr std::size_t mark_size = 28;
constexpr std::size_t frame_header_bytes = 32;

struct FrameHead {
  std::uint32_t magic = 0;
  std::uint32_t length = 0;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::uint32_t payload_checksum = 0;
  std::uint32_t checksum = 0;  // of the fields before
};

std::string frame_head_fields(const FrameHead& head) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u32(head.magic);
  out.u32(head.length);
  out.u64(head.epoch);
  out.u64(head.sequence);
  out.u32(head.payload_checksum);
  return bytes;
}

struct Frame {
  std::uint64_t sequence = 0;
  std::vector<Record> records;
  std::size_t size = 0;
};

/// The frame that begins where `bytes` begins, if a whole and right one does.
std::optional<Frame> decode_frame(std::string_view bytes, std::uint64_t epoch, bool verify) {
  ByteReader in(bytes.substr(0, std::min(bytes.size(), frame_header_bytes)));
  const FrameHead head{in.u32(), in.u32(), in.u64(), in.u64(), in.u32(), in.u32()};
  if (!in.ok() || head.magic != frame_magic || head.length > bytes.size() - frame_header_bytes) return std::nullopt;
  if (verify && (head.epoch != epoch || crc32c(frame_head_fields(head)) != head.checksum)) return std::nullopt;
  const std::string_view payload = bytes.substr(frame_header_bytes, head.length);
  if (verify && crc32c(payload) != head.payload_checksum) return std::nullopt;
  Frame frame{head.sequence, {}, frame_header_bytes + head.length};
  ByteReader records(payload);
  while (records.ok() && !records.at_end()) frame.records.push_back(records.record());
  if (!records.complete()) return std::nullopt;
  return frame;
}

bool later_frame_exists(std::string_view bytes, std::uint64_t epoch, std::uint64_t expected) {
  std::string magic;
  ByteWriter(magic).u32(frame_magic);
  for (std::size_t at = bytes.find(magic); at != std::string_view::npos; at = bytes.find(magic, at + 1)) {
    const auto frame = decode_frame(bytes.substr(at), epoch, true);
    if (frame && frame->sequence > expected) return true;
  }
  return false;
}

std::optional<LogHeader> decode_header(std::string_view page) {
  ByteReader outer(page);
  const std::uint32_t checksum = outer.u32();
  const std::string body = outer.text(mark_offsets[0]);
  if (!outer.ok() || crc32c(body) != checksum) return std::nullopt;
  ByteReader in(body);
  if (in.u64() != log_magic) return std::nullopt;
  LogHeader header;
  header.epoch = in.u64();
  header.boot = in.u64();
  header.name = in.text(max_key_size);
  const std::size_t members = in.u16();
  if (members > max_members) return std::nullopt;
  for (std::size_t i = 0; i < members; ++i) header.members.push_back(in.text(max_key_size));
  if (!in.complete()) return std::nullopt;
  return header;
}

/// The newer of the two slots; a slot that a power failure cut does not count.
std::optional<Mark> decode_marks(std::string_view page, std::uint64_t epoch) {
  std::optional<Mark> newest;
  for (const std::size_t offset : mark_offsets) {
    const std::string_view slot = page.substr(offset, mark_size);
    ByteReader in(slot);
    const std::uint64_t owner = in.u64();
    const Mark mark{in.u64(), in.u64()};
    if (in.u32() != crc32c(slot.substr(0, mark_size - 4)) || owner != epoch) continue;
    if (!newest || mark.sequence > newest->sequence) newest = mark;
  }
  return newest;
}

/// Why the log may not end at `offset`, after `frames` good frames; nothing if it may.
std::optional<Damage> why_damaged(std::string_view file, std::size_t offset, const LogContents& good,
                                  const Mark& mark) {
  if (offset < mark.length || good.frames < mark.sequence) {
    return Damage{fmt::format("{} at byte {}: {} frames were synced, up to byte {}, and only {} can be read",
                              offset >= file.size() ? "the log ends" : "damaged frame", offset, mark.sequence,
                              mark.length, good.frames)};
  }
  if (later_frame_exists(file.substr(offset), good.header.epoch, good.frames + 1)) {
    return Damage{fmt::format("damaged frame {} at byte {}, with later frames behind it", good.frames + 1, offset)};
  }
  return std::nullopt;
}

}  // namespace

std::string encode_mark(std::uint64_t epoch, const Mark& mark) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u64(epoch);
  out.u64(mark.sequence);
  out.u64(mark.length);
  out.u32(crc32c(bytes));
  return bytes;
}

std::uint64_t mark_offset(std::uint64_t sequence) { return mark_offsets[sequence % 2]; }

std::string encode_log_page(const LogHeader& header, const Mark& mark) {
  std::string body;
  ByteWriter out(body);
  out.u64(log_magic);
  out.u64(header.epoch);
  out.u64(header.boot);
  out.text(header.name);
  out.u16(static_cast<std::uint16_t>(header.members.size()));
  for (const std::string& member : header.members) out.text(member);
  std::string page;
  ByteWriter outer(page);
  outer.u32(crc32c(body));
  outer.text(body);
  if (page.size() > mark_offsets[0]) throw std::length_error("the names of the members are too long for a log header");
  page.resize(log_frames_offset, '\0');
  for (const std::size_t offset : mark_offsets) page.replace(offset, mark_size, encode_mark(header.epoch, mark));
  return page;
}

std::string encode_log_frame(std::uint64_t epoch, std::uint64_t sequence, std::span<const Record> records) {
  std::string payload;
  ByteWriter body(payload);
  for (const Record& record : records) body.record(record);
  const FrameHead head{frame_magic, static_cast<std::uint32_t>(payload.size()), epoch, sequence, crc32c(payload), 0};
  std::string frame = frame_head_fields(head);
  ByteWriter(frame).u32(crc32c(frame));
  return frame += payload;
}

std::variant<LogContents, Damage> decode_log(std::string_view file, Strictness strictness) {
  if (file.size() < log_frames_offset) return Damage{"the log is shorter than its header"};
  const auto header = decode_header(file);
  if (!header) return Damage{"the log's header is damaged"};
  const auto mark = decode_marks(file, header->epoch);
  if (!mark && strictness.refuse_damage) return Damage{"both marks of the log are damaged"};

  LogContents contents{*header, {}, 0, 0};
  std::size_t offset = log_frames_offset;
  while (offset < file.size()) {
    auto frame = decode_frame(file.substr(offset), header->epoch, strictness.verify_checksums);
    if (!frame || frame->sequence != contents.frames + 1) break;
    std::move(frame->records.begin(), frame->records.end(), std::back_inserter(contents.records));
    contents.frames += 1;
    offset += frame->size;
  }
  contents.torn_bytes = file.size() - offset;
  if (strictness.refuse_damage) {
    if (auto damage = why_damaged(file, offset, contents, *mark)) return *damage;
  }
  return contents;
}

}  // namespace quorum_kv
