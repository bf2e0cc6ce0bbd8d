#include "record/journal.hpp"

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>
#include <system_error>

#include "record/journal_fields.hpp"

namespace withstand::record {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Each reader leaves `out` alone and says false when the value has another type: a line with a damaged value is not
/// believed in part.
bool read(const json& value, std::string& out) {
  if (!value.is_string()) return false;
  out = value.get<std::string>();
  return true;
}

bool read(const json& value, bool& out) {
  if (!value.is_boolean()) return false;
  out = value.get<bool>();
  return true;
}

bool read(const json& value, std::uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<std::uint64_t>();
  return true;
}

bool read(const json& value, std::int64_t& out) {
  constexpr auto highest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > highest) return false;
  out = value.get<std::int64_t>();
  return true;
}

bool read(const json& value, int& out) {
  std::int64_t wide = 0;
  if (!read(value, wide) || !std::in_range<int>(wide)) return false;
  out = static_cast<int>(wide);
  return true;
}

bool read(const json& value, std::vector<std::string>& out) {
  if (!value.is_array()) return false;
  std::vector<std::string> items(value.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!read(value[i], items[i])) return false;
  }
  out = std::move(items);
  return true;
}

bool read(const json& value, std::map<std::string, std::string>& out) {
  if (!value.is_object()) return false;
  std::map<std::string, std::string> items;
  for (const auto& [key, item] : value.items()) {
    if (!read(item, items[key])) return false;
  }
  out = std::move(items);
  return true;
}

template <class E>
bool read_fields(const json& object, E& event) {
  const auto one = [&](const auto& field) {
    const auto found = object.find(field.key);
    return found == object.end() || read(*found, event.*field.member);
  };
  return std::apply([&](const auto&... field) { return (one(field) && ...); }, Vocabulary<E>::fields);
}

template <std::size_t I = 0>
bool read_event(const std::string& name, const json& object, Event& out) {
  if constexpr (I == std::variant_size_v<Event>) {
    return false;
  } else {
    using E = std::variant_alternative_t<I, Event>;
    if (name != Vocabulary<E>::name) return read_event<I + 1>(name, object, out);
    E event;
    if (!read_fields(object, event)) return false;
    out = std::move(event);
    return true;
  }
}

[[noreturn]] void fail(const std::string& attempt) { throw std::system_error(errno, std::generic_category(), attempt); }

}  // namespace

std::string to_line(const JournalEntry& entry) {
  ordered_json line;
  line["t"] = entry.t;
  std::visit(
      [&](const auto& event) {
        using Known = Vocabulary<std::decay_t<decltype(event)>>;
        line["event"] = Known::name;
        std::apply([&](const auto&... field) { ((line[field.key] = event.*field.member), ...); }, Known::fields);
      },
      entry.event);
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

bool from_line(const std::string& line, JournalEntry& out) {
  const json object = json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  const auto t = object.find("t");
  const auto name = object.find("event");
  JournalEntry entry;
  if (t == object.end() || name == object.end() || !name->is_string() || !read(*t, entry.t)) return false;
  if (!read_event(name->get<std::string>(), object, entry.event)) return false;
  out = std::move(entry);
  return true;
}

JournalWriter::JournalWriter(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) fail("open " + path_);
}

JournalWriter::~JournalWriter() { ::close(fd_); }

void JournalWriter::write(const JournalEntry& entry) {
  const std::string line = to_line(entry) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t wrote = ::write(fd_, line.data() + done, line.size() - done);
    if (wrote < 0 && errno != EINTR) fail("write " + path_);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
}

}  // namespace withstand::record
