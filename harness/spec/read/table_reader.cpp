#include "spec/read/table_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace withstand::spec {
namespace {

std::string quoted(std::string_view key) { return fmt::format("'{}'", key); }

}  // namespace

TableReader::TableReader(const Item& table, std::string where, Report& report)
    : table_(table), where_(std::move(where)), report_(report) {}

const Entry* TableReader::entry(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return find_entry(table_, key);
}

const Item* TableReader::find(std::string_view key) {
  const Entry* found = entry(key);
  return found == nullptr ? nullptr : &found->value;
}

const Item* TableReader::require(std::string_view key, const std::string& help) {
  const Item* found = find(key);
  if (found == nullptr) report_.error(table_, fmt::format("key '{}' is missing in {}", key, where_), help);
  return found;
}

void TableReader::allow(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) entry(key);
}

void TableReader::not_built_yet(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const Entry* found = find_entry(table_, key);
    if (found == nullptr || !refused_.emplace(key).second) continue;
    report_.error(*found, fmt::format("'{}' in {} is not built yet", key, where_));
  }
}

std::optional<std::string> TableReader::text(std::string_view key) {
  const Item* item = find(key);
  return item == nullptr ? std::nullopt : as_text(*item, quoted(key), report_);
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  const Item* item = find(key);
  return item == nullptr ? std::nullopt : as_boolean(*item, quoted(key), report_);
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, Range<std::int64_t> range) {
  const Item* item = find(key);
  return item == nullptr ? std::nullopt : as_integer(*item, quoted(key), report_, range);
}

std::optional<double> TableReader::number(std::string_view key) {
  const Item* item = find(key);
  return item == nullptr ? std::nullopt : as_number(*item, quoted(key), report_);
}

std::optional<Duration> TableReader::duration(std::string_view key, Range<Duration> range) {
  const Item* item = find(key);
  return item == nullptr ? std::nullopt : as_duration(*item, quoted(key), report_, range);
}

std::optional<Ratio> TableReader::ratio(std::string_view key) {
  const Item* item = find(key);
  return item == nullptr ? std::nullopt : as_ratio(*item, quoted(key), report_);
}

std::optional<Bytes> TableReader::bytes(std::string_view key, Range<Bytes> range) {
  const Item* item = find(key);
  return item == nullptr ? std::nullopt : as_bytes(*item, quoted(key), report_, range);
}

std::vector<const Item*> TableReader::strings(std::string_view key) {
  const Item* item = find(key);
  return item == nullptr ? std::vector<const Item*>{} : as_strings(*item, quoted(key), report_);
}

std::vector<const Item*> TableReader::command(std::string_view key) {
  const Item* item = find(key);
  return item == nullptr ? std::vector<const Item*>{} : as_command(*item, quoted(key), report_);
}

std::vector<std::string> TableReader::texts(std::string_view key) {
  std::vector<std::string> out;
  for (const Item* item : strings(key)) out.push_back(item->text);
  return out;
}

std::vector<const Entry*> TableReader::text_entries(std::string_view key) {
  std::vector<const Entry*> out;
  const Item* item = table(key, fmt::format("{} = {{ NAME = \"...\" }}", key));
  if (item == nullptr) return out;
  for (const Entry& entry : item->entries) {
    if (as_text(entry.value, fmt::format("'{}.{}'", key, entry.key), report_)) out.push_back(&entry);
  }
  return out;
}

const Item* TableReader::table(std::string_view key, std::string_view shape) {
  const Entry* found = entry(key);
  if (found == nullptr) return nullptr;
  if (found->value.type == Item::Type::table) return &found->value;
  const bool array_of_tables = found->value.type == Item::Type::array && !found->value.items.empty() &&
                               found->value.items.front().type == Item::Type::table;
  report_.error(array_of_tables ? found->value.items.front().at : found->value.at, found->value.length,
                fmt::format("'{}' must be a table, not {}", key, type_word(found->value.type)),
                fmt::format("write {}", shape));
  return nullptr;
}

std::vector<const Item*> TableReader::tables(std::string_view key) {
  std::vector<const Item*> out;
  const Entry* found = entry(key);
  if (found == nullptr) return out;
  if (found->value.type != Item::Type::array) {
    report_.error(found->value,
                  fmt::format("'{}' must be an array of tables, not {}", key, type_word(found->value.type)),
                  fmt::format("write [[{}]], once for each", key));
    return out;
  }
  for (const Item& item : found->value.items) {
    if (item.type == Item::Type::table) {
      out.push_back(&item);
    } else {
      report_.error(item, fmt::format("an element of '{}' must be a table, not {}", key, type_word(item.type)),
                    fmt::format("write [[{}]], once for each", key));
    }
  }
  return out;
}

void TableReader::finish() {
  if (everything_) return;
  for (const Entry& entry : table_.entries) {
    if (refused_.contains(entry.key) || std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    report_.error(entry, fmt::format("unknown key '{}' in {}", entry.key, where_),
                  suggestion(entry.key, known_, "keys here"));
  }
}

}  // namespace withstand::spec
