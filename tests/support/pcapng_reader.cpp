#include "support/pcapng_reader.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace withstand::support {
namespace {

/// A part of the file that is read from front to back.
class Bytes {
 public:
  Bytes(std::span<const std::byte> bytes, std::size_t offset) : rest_(bytes), offset_(offset) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error(fmt::format("at byte {}: {}", offset_, why));
  }
  void expect(bool holds, const std::string& what) const {
    if (!holds) refuse(what);
  }
  std::span<const std::byte> take(std::size_t count) {
    expect(count <= rest_.size(), fmt::format("{} bytes wanted, {} there", count, rest_.size()));
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    offset_ += count;
    return taken;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  Bytes part(std::size_t count) {
    const std::size_t at = offset_;
    return {take(count), at};
  }
  /// Up to the next whole 32-bit word, in zeros.
  std::span<const std::byte> take_padded(std::size_t count) {
    const auto taken = take(count);
    for (const std::byte pad : take((4 - count % 4) % 4)) expect(pad == std::byte{0}, "padding that is not zero");
    return taken;
  }

 private:
  std::span<const std::byte> rest_;
  std::size_t offset_;
};

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Option {
  std::uint16_t code = 0;
  std::span<const std::byte> value;
};

/// None at all, or an end after them and nothing behind it.
std::vector<Option> options(Bytes& body) {
  std::vector<Option> found;
  while (!body.empty()) {
    const auto code = body.number<std::uint16_t>(), length = body.number<std::uint16_t>();
    if (code == 0) {
      body.expect(length == 0 && body.empty(), "something behind the end of options");
      return found;
    }
    found.push_back({code, body.take_padded(length)});
  }
  body.expect(found.empty(), "options without an end");
  return found;
}

class Reader {
 public:
  CapturedFile read(Bytes file) {
    while (!file.empty()) block(file);
    file.expect(begun_, "no section");
    return std::move(out_);
  }

 private:
  void block(Bytes& file) {
    const auto type = file.number<std::uint32_t>(), length = file.number<std::uint32_t>();
    file.expect(length % 4 == 0 && length >= 12, fmt::format("a block of {} bytes", length));
    Bytes body = file.part(length - 12);
    file.expect(file.number<std::uint32_t>() == length, "a block's second length is not its first");
    file.expect(begun_ != (type == 0x0a0d0d0a), "a section that is not the first block, or none");
    switch (type) {
      case 0x0a0d0d0a:
        return section(body);
      case 1:
        return interface(body);
      case 6:
        return packet(body);
      default:
        body.refuse(fmt::format("a block of type {}", type));
    }
  }

  void section(Bytes body) {
    begun_ = true;
    body.expect(body.number<std::uint32_t>() == 0x1a2b3c4d, "another byte order");
    body.expect(body.number<std::uint16_t>() == 1 && body.number<std::uint16_t>() == 0, "another version");
    body.expect(body.number<std::int64_t>() == -1, "a section with a length");
    for (const Option& option : options(body)) {
      if (option.code == 1) out_.comment = text(option.value);
      if (option.code == 4) out_.application = text(option.value);
    }
  }

  void interface(Bytes body) {
    body.expect(body.number<std::uint16_t>() == 101, "another link type");
    body.expect(body.number<std::uint16_t>() == 0, "a reserved field in use");
    snaps_.push_back(body.number<std::uint32_t>());
    std::string name;
    bool nanoseconds = false;
    for (const Option& option : options(body)) {
      if (option.code == 2) name = text(option.value);
      if (option.code == 9) nanoseconds = option.value.size() == 1 && option.value[0] == std::byte{9};
    }
    body.expect(!name.empty() && nanoseconds, "an interface without a name, or with another clock");
    body.expect(std::find(out_.links.begin(), out_.links.end(), name) == out_.links.end(), "a second " + name);
    out_.links.push_back(name);
  }

  void packet(Bytes body) {
    CapturedPacket packet;
    const auto number = body.number<std::uint32_t>();
    body.expect(number < out_.links.size(), "a packet before its interface");
    packet.link = out_.links[number];
    const std::uint64_t high = body.number<std::uint32_t>(), low = body.number<std::uint32_t>();
    packet.time = std::chrono::nanoseconds(static_cast<std::int64_t>(high << 32 | low));
    body.expect(out_.packets.empty() || packet.time >= out_.packets.back().time, "time runs backwards");
    const auto kept = body.number<std::uint32_t>();
    packet.length = body.number<std::uint32_t>();
    body.expect(kept == std::min(packet.length, snaps_[number]), "neither the whole packet nor the snap length");
    const auto bytes = body.take_padded(kept);
    packet.bytes.assign(bytes.begin(), bytes.end());
    for (const Option& option : options(body)) {
      body.expect(option.code == 1, "an option that is no comment");
      packet.comments.push_back(text(option.value));
    }
    out_.packets.push_back(std::move(packet));
  }

  CapturedFile out_;
  std::vector<std::uint32_t> snaps_;
  bool begun_ = false;
};

}  // namespace

bool CapturedPacket::says(const std::string& beginning) const {
  return std::any_of(comments.begin(), comments.end(),
                     [&](const std::string& comment) { return comment.starts_with(beginning); });
}

std::uint64_t CapturedPacket::wire_packets() const {
  if (comments.empty() || !comments.front().ends_with(" sent as one")) return 1;
  const char* words = comments.front().c_str();
  unsigned long first = 0, last = 0, of = 0;
  if (std::sscanf(words, "packets %lu to %lu of %lu", &first, &last, &of) == 3) return last - first + 1;
  if (std::sscanf(words, "%lu packets", &of) == 1) return of;
  return 1;
}

std::uint64_t CapturedFile::that_say(const std::string& beginning) const {
  return static_cast<std::uint64_t>(
      std::count_if(packets.begin(), packets.end(), [&](const auto& packet) { return packet.says(beginning); }));
}

CapturedFile read_pcapng(std::span<const std::byte> bytes) { return Reader().read({bytes, 0}); }

CapturedFile read_pcapng(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  return read_pcapng(std::as_bytes(std::span(content)));
}

}  // namespace withstand::support
