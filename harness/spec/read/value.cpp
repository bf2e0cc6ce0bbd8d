#include <algorithm>

#include <fmt/format.h>

#include "spec/read/scope.hpp"
#include "spec/read/target.hpp"
#include "spec/signals.hpp"

namespace withstand::spec {
namespace {

template <class T>
std::optional<Value> widen(std::optional<T> value) {
  if (!value) return std::nullopt;
  return Value(std::move(*value));
}

std::optional<Value> read_choice(const Item& item, const Parameter& parameter, Report& report) {
  const auto text = as_text(item, fmt::format("'{}'", parameter.name), report);
  if (!text) return std::nullopt;
  if (std::count(parameter.choices.begin(), parameter.choices.end(), *text) != 0) return Value(*text);
  report.error(item, fmt::format("'{}' cannot be '{}'", parameter.name, *text),
               suggestion(*text, parameter.choices, "it is one of"));
  return std::nullopt;
}

std::optional<Value> read_path(const Item& item, const Parameter& parameter, const Scope& scope) {
  const auto path = as_text(item, fmt::format("'{}'", parameter.name), scope.report);
  if (!path) return std::nullopt;
  if (path->empty() || path->front() == '/') return Value(*path);
  return Value(folder_of(scope.experiment.file) + "/" + *path);
}

std::optional<Value> read_signal(const Item& item, const Parameter& parameter, Report& report) {
  if (item.type == Item::Type::integer) {
    return widen(as_integer(item, fmt::format("'{}'", parameter.name), report, {1, 64}));
  }
  const auto text = as_text(item, fmt::format("'{}'", parameter.name), report);
  if (!text) return std::nullopt;
  const Result<int> signal = parse_signal(*text);
  if (signal) return Value(std::int64_t{*signal});
  report.complain(item, signal.error());
  return std::nullopt;
}

std::optional<Value> read_groups(const Item& item, const Parameter& parameter, Scope& scope) {
  const std::string what = fmt::format("'{}'", parameter.name);
  if (item.type != Item::Type::array) {
    scope.report.error(item, fmt::format("{} must be an array of arrays, not {}", what, type_word(item.type)),
                       "write [[\"n1\"], [\"n2\", \"n3\"]]");
    return std::nullopt;
  }
  GroupList groups;
  const std::size_t before = scope.report.count();
  for (const Item& group : item.items) {
    if (group.type != Item::Type::array) {
      scope.report.error(group, fmt::format("a group of {} must be an array of names", what),
                         "write [[\"n1\"], [\"n2\", \"n3\"]]");
      continue;
    }
    groups.emplace_back();
    for (const Item* name : as_strings(group, "a group of " + what, scope.report)) {
      check_selector(*name, scope);
      groups.back().push_back(name->text);
    }
    if (group.items.empty()) scope.report.error(group, fmt::format("a group of {} is empty", what));
  }
  if (scope.report.count() != before) return std::nullopt;
  return Value(std::move(groups));
}

std::optional<Value> read_texts(const Item& item, const Parameter& parameter, Report& report) {
  const std::size_t before = report.count();
  TextList texts;
  for (const Item* text : as_strings(item, fmt::format("'{}'", parameter.name), report)) texts.push_back(text->text);
  if (report.count() != before) return std::nullopt;
  return Value(std::move(texts));
}

std::optional<Value> read_typed(const Item& item, const Parameter& parameter, Scope& scope) {
  const std::string what = fmt::format("'{}'", parameter.name);
  Report& report = scope.report;
  switch (parameter.type) {
    case ValueType::boolean:
      return widen(as_boolean(item, what, report));
    case ValueType::integer:
      return widen(as_integer(item, what, report));
    case ValueType::number:
      return widen(as_number(item, what, report));
    case ValueType::text:
      return widen(as_text(item, what, report));
    case ValueType::file:
      return read_path(item, parameter, scope);
    case ValueType::choice:
      return read_choice(item, parameter, report);
    case ValueType::signal:
      return read_signal(item, parameter, report);
    case ValueType::duration:
      return widen(as_duration(item, what, report, {Duration::min(), Duration::max()}));
    case ValueType::ratio:
      return widen(as_ratio(item, what, report));
    case ValueType::bytes:
      return widen(as_bytes(item, what, report));
    case ValueType::rate:
      return widen(as_rate(item, what, report));
    case ValueType::bandwidth:
      return widen(as_bandwidth(item, what, report));
    case ValueType::text_list:
      return read_texts(item, parameter, report);
    case ValueType::groups:
      return read_groups(item, parameter, scope);
  }
  return std::nullopt;
}

}  // namespace

std::string value_text(const Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::int64_t> || std::is_same_v<T, double>) {
          return fmt::format("{}", v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else if constexpr (std::is_same_v<T, TextList>) {
          return "[" + joined(v) + "]";
        } else if constexpr (std::is_same_v<T, GroupList>) {
          TextList groups;
          for (const TextList& group : v) groups.push_back("[" + joined(group) + "]");
          return "[" + joined(groups) + "]";
        } else {
          return to_text(v);
        }
      },
      value);
}

std::optional<Value> lowest(const Parameter& parameter) {
  if (parameter.minimum) return parameter.minimum;
  if (parameter.type == ValueType::duration) return Value(Duration::zero());
  return std::nullopt;
}

std::optional<Value> highest(const Parameter& parameter) {
  if (parameter.maximum) return parameter.maximum;
  if (parameter.type == ValueType::ratio) return Value(Ratio{1'000'000'000});
  return std::nullopt;
}

std::optional<Value> read_value(const Item& item, const Parameter& parameter, Scope& scope) {
  std::optional<Value> value = read_typed(item, parameter, scope);
  if (!value) return std::nullopt;
  const std::optional<Value> least = lowest(parameter);
  const std::optional<Value> most = highest(parameter);
  if (least && least->index() == value->index() && *value < *least) {
    scope.report.error(item, fmt::format("'{}' is {}, below the least it can be: {}", parameter.name,
                                         value_text(*value), value_text(*least)));
    return std::nullopt;
  }
  if (most && most->index() == value->index() && *value > *most) {
    scope.report.error(item, fmt::format("'{}' is {}, above the most it can be: {}", parameter.name, value_text(*value),
                                         value_text(*most)));
    return std::nullopt;
  }
  return value;
}

}  // namespace withstand::spec
