#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/diagnostic.hpp"
#include "spec/result.hpp"

/// A TOML text as a plain tree in file order, with the place of every key and value. The only part of the project that
/// knows the TOML library is document.cpp.
namespace withstand::spec {

struct Entry;

struct Item {
  enum class Type { boolean, integer, number, text, date, array, table };
  Type type = Type::table;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;            ///< Type::text; for a date its spelling
  std::vector<Item> items;     ///< Type::array
  std::vector<Entry> entries;  ///< Type::table, in file order
  Position at;                 ///< of the value, or of a table's [header]
  int length = 1;              ///< in characters, on the first line
  bool plain = false;          ///< a text whose characters stand in the file as they are, one column each
};

struct Entry {
  std::string key;
  Position at;
  int length = 1;
  Item value;
};

/// The entry of that key, or nullptr; the address is stable as long as the table is.
const Entry* find_entry(const Item& table, std::string_view key);

/// "a string", "an integer", ...
std::string_view type_word(Item::Type type);

/// A value in one line, keys sorted: the same for two texts that mean the same. For digests, and for help texts.
std::string canonical(const Item& item);

/// The root table, or the first syntax error. Refuses texts above 1 MiB and keys of absurd depth.
Result<Item, Diagnostic> parse_document(std::string_view text, const std::string& file);

}  // namespace withstand::spec
