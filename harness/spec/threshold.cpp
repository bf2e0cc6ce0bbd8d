#include "spec/threshold.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "spec/diagnostic.hpp"
#include "spec/metrics.hpp"

namespace withstand::spec {
namespace {

bool word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/// Walks over the text; positions are bytes, which are characters wherever the grammar accepts the text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] int offset() const { return static_cast<int>(at_); }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view take_word() {
    const std::size_t start = at_;
    while (!done() && word_character(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }
  std::string_view take_until_space() {
    const std::size_t start = at_;
    while (!done() && text_[at_] != ' ' && text_[at_] != '\t') ++at_;
    return text_.substr(start, at_ - start);
  }
  std::string_view take_operator() {
    const std::size_t start = at_;
    while (!done() && (text_[at_] == '<' || text_[at_] == '>' || text_[at_] == '=' || text_[at_] == '!')) ++at_;
    return text_.substr(start, at_ - start);
  }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  void back_to(int offset) { at_ = static_cast<std::size_t>(offset); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

Complaint located(std::string message, std::string help, int offset, std::size_t length) {
  return {std::move(message), std::move(help), offset, std::max(static_cast<int>(length), 1)};
}

Complaint unknown_metric(std::string_view name, int offset) {
  std::vector<std::string> names{"p50", "p90", "p95", "p99", "p99.9"};
  std::string all;
  for (const MetricInfo& metric : metrics()) {
    if (metric.name != "pNN" && metric.name != "probe.NAME") names.emplace_back(metric.name);
    all += fmt::format("{}{}", all.empty() ? "" : ", ", metric.name);
  }
  const std::string near = nearest(name, names);
  return located(fmt::format("unknown metric '{}'", name),
                 near.empty() ? "metrics: " + all : fmt::format("did you mean '{}'?", near), offset, name.size());
}

/// `{op=read,node=n1}`
std::optional<Complaint> take_filters(Scanner& scan, const MetricInfo& metric, Threshold& out) {
  do {
    scan.skip_space();
    const int at = scan.offset();
    const std::string key(scan.take_word());
    const bool known = (key == "op" && metric.by_op) || (key == "node" && metric.by_node);
    if (!known) {
      const std::string takes = metric.by_op && metric.by_node ? "op and node" : metric.by_op ? "op" : "node";
      const bool none = !metric.by_op && !metric.by_node;
      return located(fmt::format("'{}' cannot be filtered by '{}'", out.metric, key),
                     none ? fmt::format("'{}' takes no filter", out.metric)
                          : fmt::format("'{}' can be filtered by {}", out.metric, takes),
                     at, key.size());
    }
    scan.skip_space();
    if (!scan.take('='))
      return located(fmt::format("'=' is missing after '{}'", key), "write e.g. {op=read}", scan.offset(), 1);
    scan.skip_space();
    const int value_at = scan.offset();
    const std::string value(scan.take_word());
    if (value.empty()) return located(fmt::format("'{}=' names nothing", key), "write e.g. {op=read}", value_at, 1);
    if (!out.filters.emplace(key, value).second)
      return located(fmt::format("'{}' stands twice", key), "", at, key.size());
    scan.skip_space();
  } while (scan.take(','));
  if (!scan.take('}')) return located("'}' is missing", "write e.g. p99{op=read} < 20ms", scan.offset(), 1);
  return std::nullopt;
}

std::optional<Comparison> comparison(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Comparison>, 6> table{{{"<", Comparison::less},
                                                                          {"<=", Comparison::less_equal},
                                                                          {">", Comparison::greater},
                                                                          {">=", Comparison::greater_equal},
                                                                          {"==", Comparison::equal},
                                                                          {"!=", Comparison::not_equal}}};
  for (const auto& [spelling, value] : table) {
    if (spelling == text) return value;
  }
  return std::nullopt;
}

Result<std::int64_t> parse_count(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
    return Complaint{fmt::format("'{}' is not a count", text), "write a whole number without a unit, e.g. 100"};
  }
  return value;
}

template <class T>
std::optional<Complaint> store(Result<T> parsed, Threshold& out) {
  if (!parsed) return parsed.error();
  out.value = *parsed;
  return std::nullopt;
}

std::optional<Complaint> take_value(std::string_view text, Measure measure, Threshold& out) {
  switch (measure) {
    case Measure::duration:
      return store(parse_duration(text), out);
    case Measure::ratio: {
      const Result<Ratio> ratio = parse_ratio(text);
      if (ratio && ratio->ppb > 1'000'000'000) return Complaint{fmt::format("'{}' is more than 100%", text), ""};
      return store(ratio, out);
    }
    case Measure::rate:
      return store(parse_rate(text), out);
    case Measure::count:
      return store(parse_count(text), out);
  }
  return std::nullopt;
}

bool is_phase(std::string_view word) { return word == "before" || word == "during"; }

/// `before`, or `3 * before`. False, and nothing taken, where it is none.
bool take_relative(Scanner& scan, Threshold& out) {
  const int start = scan.offset();
  std::string_view word = scan.take_word();
  double factor = 1;
  if (!is_phase(word)) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), factor);
    const bool number = !word.empty() && error == std::errc{} && end == word.data() + word.size();
    scan.skip_space();
    if (number && scan.take('*')) {
      scan.skip_space();
      word = scan.take_word();
    }
  }
  if (!is_phase(word) || !(factor > 0) || factor > 1e9) {
    scan.back_to(start);
    return false;
  }
  out.relative_to = word;
  out.factor = factor;
  return true;
}

/// The unit that a relative limit has.
void set_unit(Measure measure, Threshold& out) {
  if (measure == Measure::ratio) out.value = Ratio{};
  if (measure == Measure::rate) out.value = Rate{};
  if (measure == Measure::count) out.value = std::int64_t{0};
}

std::string normalised(const Threshold& threshold, std::string_view spelling, std::string_view value) {
  std::string filters;
  for (const auto& [key, filter] : threshold.filters)
    filters += fmt::format("{}{}={}", filters.empty() ? "" : ",", key, filter);
  if (!filters.empty()) filters = "{" + filters + "}";
  return fmt::format("{}{} {} {}", threshold.metric, filters, spelling, value);
}

Result<Threshold> take_threshold(Scanner& scan) {
  Threshold out;
  scan.skip_space();
  const int at = scan.offset();
  out.metric = std::string(scan.take_word());
  if (out.metric.empty()) return located("a metric is missing", "write e.g. \"errors < 1%\"", at, 1);
  const MetricInfo* metric = find_metric(out.metric);
  if (metric == nullptr) return unknown_metric(out.metric, at);
  scan.skip_space();
  if (scan.take('{')) {
    if (auto complaint = take_filters(scan, *metric, out)) return *complaint;
    scan.skip_space();
  }
  const int operator_at = scan.offset();
  const std::string_view spelling = scan.take_operator();
  const std::optional<Comparison> compare = comparison(spelling);
  if (!compare) {
    const std::string help = spelling == "=" ? "write '==' to compare" : "comparisons: < <= > >= == !=";
    return located(spelling.empty() ? fmt::format("a comparison is missing after '{}'", out.metric)
                                    : fmt::format("unknown comparison '{}'", spelling),
                   help, operator_at, spelling.size());
  }
  out.comparison = *compare;
  scan.skip_space();
  const int value_at = scan.offset();
  if (take_relative(scan, out)) {
    set_unit(metric->measure, out);
    out.text = normalised(out, spelling,
                          out.factor == 1 ? out.relative_to : fmt::format("{} * {}", out.factor, out.relative_to));
    scan.skip_space();
    return out;
  }
  const std::string_view value = scan.take_until_space();
  if (value.empty()) return located(fmt::format("a value is missing after '{}'", spelling), "", value_at, 1);
  if (auto complaint = take_value(value, metric->measure, out)) {
    return located(complaint->message, complaint->help, value_at, value.size());
  }
  out.text = normalised(out, spelling, value);
  scan.skip_space();
  return out;
}

template <class T>
bool compare(const T& left, Comparison comparison, const T& right) {
  switch (comparison) {
    case Comparison::less:
      return left < right;
    case Comparison::less_equal:
      return left <= right;
    case Comparison::greater:
      return left > right;
    case Comparison::greater_equal:
      return left >= right;
    case Comparison::equal:
      return left == right;
    case Comparison::not_equal:
      return left != right;
  }
  return false;
}

}  // namespace

Result<Threshold> parse_threshold(std::string_view text) {
  Scanner scan(text);
  Result<Threshold> threshold = take_threshold(scan);
  if (threshold && !scan.done()) {
    const bool lasting = scan.rest().starts_with("for ");
    return located(fmt::format("'{}' does not belong here", scan.rest()),
                   lasting ? "'for' is for [stop] conditions" : "one comparison per text", scan.offset(),
                   scan.rest().size());
  }
  return threshold;
}

Result<StopCondition> parse_stop_condition(std::string_view text) {
  Scanner scan(text);
  Result<Threshold> threshold = take_threshold(scan);
  if (!threshold) return threshold.error();
  if (!threshold->relative_to.empty())
    return located("a stop condition has a limit of its own, not one relative to a phase",
                   "write e.g. \"p99 > 2s for 5s\"", 0, text.size());
  const std::string help = "write e.g. \"probe.ping < 10% for 30s\"";
  const int at = scan.offset();
  if (scan.take_word() != "for") return located("a stop condition says for how long it must hold", help, at, 3);
  scan.skip_space();
  const int value_at = scan.offset();
  const std::string_view value = scan.take_until_space();
  const Result<Duration> lasting = parse_duration(value);
  if (!lasting) return located(lasting.error().message, lasting.error().help, value_at, value.size());
  if (lasting->count() <= 0) return located("the time must be above 0s", help, value_at, value.size());
  scan.skip_space();
  if (!scan.done())
    return located(fmt::format("'{}' does not belong here", scan.rest()), "", scan.offset(), scan.rest().size());
  StopCondition out{*threshold, *lasting};
  return out;
}

bool satisfies(const Threshold& threshold, const std::variant<Duration, Ratio, Rate, std::int64_t>& measured) {
  if (measured.index() != threshold.value.index()) return false;
  return compare(measured, threshold.comparison, threshold.value);
}

}  // namespace withstand::spec
