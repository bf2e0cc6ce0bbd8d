#include "spec/read/document.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace withstand::spec {
namespace {

constexpr std::size_t largest_text = std::size_t{1} << 20U;
constexpr int deepest_key = 64;

Position position(const toml::source_position& at) { return {static_cast<int>(at.line), static_cast<int>(at.column)}; }

int length(const toml::source_region& region) {
  if (region.begin.line != region.end.line || region.end.column <= region.begin.column) return 1;
  return static_cast<int>(region.end.column - region.begin.column);
}

int length_of(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool before(const Position& a, const Position& b) { return a.line != b.line ? a.line < b.line : a.column < b.column; }

Item convert(const toml::node& node);

void convert_table(const toml::table& table, Item& out) {
  out.type = Item::Type::table;
  for (const auto& [key, value] : table) {
    out.entries.push_back({std::string(key.str()), position(key.source().begin), length(key.source()), convert(value)});
  }
  // The library iterates alphabetically; a file's order is part of its meaning (ports, kinds) and of our messages.
  std::stable_sort(out.entries.begin(), out.entries.end(),
                   [](const Entry& a, const Entry& b) { return before(a.at, b.at); });
}

Item convert(const toml::node& node) {
  Item out;
  out.at = position(node.source().begin);
  out.length = length(node.source());
  if (const toml::table* table = node.as_table()) {
    convert_table(*table, out);
  } else if (const toml::array* array = node.as_array()) {
    out.type = Item::Type::array;
    for (const toml::node& element : *array) out.items.push_back(convert(element));
  } else if (const auto* text = node.as_string()) {
    out.type = Item::Type::text;
    out.text = text->get();
    out.plain = out.length == length_of(out.text) + 2;
  } else if (const auto* integer = node.as_integer()) {
    out.type = Item::Type::integer;
    out.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.type = Item::Type::number;
    out.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.type = Item::Type::boolean;
    out.boolean = boolean->get();
  } else {
    out.type = Item::Type::date;
    std::ostringstream spelling;
    node.visit([&](const auto& value) {
      if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> ||
                    toml::is_date_time<decltype(value)>) {
        spelling << value.get();
      }
    });
    out.text = spelling.str();
  }
  return out;
}

/// The library's words open with what it was doing ("Error while parsing key-value pair: ..."), which helps nobody.
std::string without_preamble(std::string_view description) {
  constexpr std::string_view preamble = "Error while parsing ";
  if (description.starts_with(preamble)) {
    if (const std::size_t colon = description.find(": "); colon != description.npos)
      description.remove_prefix(colon + 2);
  }
  std::string out(description);
  if (!out.empty() && out.front() >= 'A' && out.front() <= 'Z')
    out.front() = static_cast<char>(out.front() - 'A' + 'a');
  return out;
}

std::string syntax_help(std::string_view description) {
  const auto says = [&](std::string_view words) { return description.find(words) != description.npos; };
  if (says("expected digit") || says("expected a comment or whitespace") || says("could not determine value type")) {
    return "a text or a number with a unit stands in quotes: \"5s\"";
  }
  if (says("unescaped control characters")) return "the text is not closed on its line";
  if (says("utf-8")) return "the file must be UTF-8";
  return "";
}

std::string_view line_at(std::string_view text, int line) {
  for (; line > 1 && !text.empty(); --line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find('\n'));
}

Diagnostic syntax_error(const toml::parse_error& error, std::string_view text, const std::string& file) {
  Diagnostic out{file, position(error.source().begin), 1, without_preamble(error.description()),
                 syntax_help(error.description())};
  // What was defined twice is the key, but the library stops behind it.
  if (out.message.starts_with("cannot redefine")) {
    const std::string_view line = line_at(text, out.at.line);
    const std::size_t start = std::min(line.find_first_not_of(" \t"), line.size());
    const std::string_view key =
        line.substr(start, line.substr(start).find_first_of(line.substr(start, 1) == "[" ? "#\r" : " \t="));
    out.at.column = static_cast<int>(start) + 1;
    out.length = std::max(length_of(key), 1);
  }
  return out;
}

/// A chain of dotted keys nests one table per dot, and the library follows it by recursion.
const char* too_deep_key(std::string_view text) {
  int dots = 0;
  for (const char& c : text) {
    const bool part_of_key = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                             c == '-' || c == '"' || c == '\'' || c == ' ' || c == '\t';
    if (c == '.') {
      if (++dots > deepest_key) return &c;
    } else if (!part_of_key) {
      dots = 0;
    }
  }
  return nullptr;
}

Position position_of(std::string_view text, const char* at) {
  const std::string_view head = text.substr(0, static_cast<std::size_t>(at - text.data()));
  const auto lines = static_cast<int>(std::count(head.begin(), head.end(), '\n'));
  const std::size_t start = head.rfind('\n') == head.npos ? 0 : head.rfind('\n') + 1;
  return {lines + 1, length_of(head.substr(start)) + 1};
}

}  // namespace

const Entry* find_entry(const Item& table, std::string_view key) {
  for (const Entry& entry : table.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::string_view type_word(Item::Type type) {
  switch (type) {
    case Item::Type::boolean:
      return "a boolean";
    case Item::Type::integer:
      return "an integer";
    case Item::Type::number:
      return "a number";
    case Item::Type::text:
      return "a string";
    case Item::Type::date:
      return "a date";
    case Item::Type::array:
      return "an array";
    case Item::Type::table:
      return "a table";
  }
  return {};
}

std::string canonical(const Item& item) {
  switch (item.type) {
    case Item::Type::boolean:
      return item.boolean ? "true" : "false";
    case Item::Type::integer:
      return fmt::format("{}", item.integer);
    case Item::Type::number:
      return fmt::format("{}", item.number);
    case Item::Type::text:
      return fmt::format("\"{}\"", item.text);
    case Item::Type::date:
      return item.text;
    default:
      break;
  }
  std::string out;
  if (item.type == Item::Type::array) {
    for (const Item& element : item.items) out += (out.empty() ? "" : ", ") + canonical(element);
    return "[" + out + "]";
  }
  std::vector<const Entry*> sorted;
  sorted.reserve(item.entries.size());
  for (const Entry& entry : item.entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) { return a->key < b->key; });
  for (const Entry* entry : sorted) {
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", entry->key, canonical(entry->value));
  }
  return "{" + out + "}";
}

Result<Item, Diagnostic> parse_document(std::string_view text, const std::string& file) {
  if (text.size() > largest_text) return Diagnostic{file, {}, 1, "the file is larger than 1 MiB", ""};
  if (const char* at = too_deep_key(text)) {
    return Diagnostic{file, position_of(text, at), 1, fmt::format("a key of more than {} parts", deepest_key), ""};
  }
  try {
    Item root = convert(toml::parse(text, std::string_view(file)));
    root.length = 1;
    return root;
  } catch (const toml::parse_error& error) {
    return syntax_error(error, text, file);
  }
}

}  // namespace withstand::spec
