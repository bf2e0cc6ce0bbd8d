#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spec/read/document.hpp"
#include "spec/read/report.hpp"
#include "spec/units.hpp"

namespace withstand::spec {

/// Inclusive bounds of a value.
template <class T>
struct Range {
  T lowest;
  T highest;
};

constexpr Range<std::int64_t> any_integer{std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max()};
constexpr Range<Duration> not_negative{Duration::zero(), Duration::max()};
constexpr Range<Duration> above_zero{Duration(1), Duration::max()};
constexpr Range<Bytes> any_size{Bytes{std::numeric_limits<std::int64_t>::min()},
                                Bytes{std::numeric_limits<std::int64_t>::max()}};

/// A value as a certain type; `what` names it in messages ("'delay'"). All report and return nothing when it is not
/// that.
std::optional<std::string> as_text(const Item& item, const std::string& what, Report& report);
std::optional<bool> as_boolean(const Item& item, const std::string& what, Report& report);
std::optional<std::int64_t> as_integer(const Item& item, const std::string& what, Report& report,
                                       Range<std::int64_t> range = any_integer);
std::optional<double> as_number(const Item& item, const std::string& what, Report& report);
std::optional<Duration> as_duration(const Item& item, const std::string& what, Report& report,
                                    Range<Duration> range = not_negative);
std::optional<Ratio> as_ratio(const Item& item, const std::string& what, Report& report);
std::optional<Bytes> as_bytes(const Item& item, const std::string& what, Report& report, Range<Bytes> range = any_size);
std::optional<Rate> as_rate(const Item& item, const std::string& what, Report& report);
std::optional<Bandwidth> as_bandwidth(const Item& item, const std::string& what, Report& report);
/// Elements that are strings; the others are reported.
std::vector<const Item*> as_strings(const Item& item, const std::string& what, Report& report);
/// The same for a command: one that is written as a line is shown as the array it must be.
std::vector<const Item*> as_command(const Item& item, const std::string& what, Report& report);

/// One table of a file: hands out its values by key and type, remembers which keys were asked for, and reports every
/// other key at the end. Lives no longer than the document and the report.
class TableReader {
 public:
  /// `where` ends messages: "[load]", "fault 'slow'", or "the file".
  TableReader(const Item& table, std::string where, Report& report);

  [[nodiscard]] const Item& item() const { return table_; }
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] Report& report() { return report_; }

  /// The entry, or nullptr; from now on the key is known.
  const Entry* entry(std::string_view key);
  const Item* find(std::string_view key);
  /// Reports when it is missing.
  const Item* require(std::string_view key, const std::string& help = "");
  /// Keys that exist here, whether or not they are asked for.
  void allow(std::initializer_list<std::string_view> keys);
  /// Keys that are planned: refused as such.
  void not_built_yet(std::initializer_list<std::string_view> keys);
  /// From now on every key counts as known: the table cannot be judged.
  void allow_everything() { everything_ = true; }

  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, Range<std::int64_t> range);
  std::optional<double> number(std::string_view key);
  std::optional<Duration> duration(std::string_view key, Range<Duration> range = not_negative);
  std::optional<Ratio> ratio(std::string_view key);
  std::optional<Bytes> bytes(std::string_view key, Range<Bytes> range);
  std::vector<const Item*> strings(std::string_view key);
  std::vector<const Item*> command(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  /// A table whose values are all strings.
  std::vector<const Entry*> text_entries(std::string_view key);
  /// The value if it is a table; `shape` is shown to whoever wrote something else: "[load]".
  const Item* table(std::string_view key, std::string_view shape);
  /// The elements of an array of tables; `[key]` instead of `[[key]]` is explained.
  std::vector<const Item*> tables(std::string_view key);

  /// Reports every key that nobody asked for.
  void finish();

 private:
  const Item& table_;
  std::string where_;
  Report& report_;
  std::vector<std::string> known_;
  std::set<std::string, std::less<>> refused_;
  bool everything_ = false;
};

}  // namespace withstand::spec
