#include "check/prometheus.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace withstand::check {

namespace {

bool name_character(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  return letter || (!first && c >= '0' && c <= '9');
}

/// Reads one line from left to right; every function says false or nothing when the text is not what it wants.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string take_name() {
    skip_space();
    std::size_t length = 0;
    while (length < rest_.size() && name_character(rest_[length], length == 0)) ++length;
    std::string name(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return name;
  }
  std::optional<std::string> take_quoted() {
    if (!take('"')) return std::nullopt;
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c != '\\' || rest_.empty()) {
        text += c;
        continue;
      }
      text += rest_.front() == 'n' ? '\n' : rest_.front();
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }
  /// `name{label="value",...}`; the braces may be absent, and a last comma is allowed.
  std::optional<MetricSelector> take_selector() {
    MetricSelector selector;
    selector.name = take_name();
    if (selector.name.empty()) return std::nullopt;
    if (!take('{')) return selector;
    while (!take('}')) {
      const std::string label = take_name();
      if (label.empty() || !take('=')) return std::nullopt;
      auto value = take_quoted();
      if (!value) return std::nullopt;
      selector.labels[label] = std::move(*value);
      if (!take(',') && (rest_.empty() || rest_.front() != '}')) return std::nullopt;
    }
    return selector;
  }
  std::optional<double> take_value() {
    skip_space();
    const std::string word(rest_.substr(0, rest_.find_first_of(" \t\r")));
    if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);  // knows +Inf and -Inf
    if (word.empty() || *end != '\0') return std::nullopt;
    return value;
  }
  [[nodiscard]] bool done() {
    skip_space();
    return rest_.empty();
  }

 private:
  std::string_view rest_;
};

bool carries(const MetricSelector& sample, const MetricSelector& wanted) {
  if (sample.name != wanted.name) return false;
  for (const auto& [label, value] : wanted.labels) {
    const auto found = sample.labels.find(label);
    if (found == sample.labels.end() || found->second != value) return false;
  }
  return true;
}

}  // namespace

spec::Result<MetricSelector> parse_metric_selector(std::string_view text) {
  LineReader line(text);
  auto selector = line.take_selector();
  if (selector && line.done()) return std::move(*selector);
  return spec::Complaint{fmt::format("'{}' is no sample of a Prometheus metric", text),
                         "write e.g. kv_ops_total{op=\"read\"}"};
}

spec::Result<double> find_sample(std::string_view exposition, const MetricSelector& selector) {
  std::size_t found = 0;
  double value = 0;
  while (!exposition.empty()) {
    const std::size_t end = std::min(exposition.find('\n'), exposition.size());
    const std::string_view text = exposition.substr(0, end);
    exposition.remove_prefix(std::min(end + 1, exposition.size()));
    if (text.empty() || text.front() == '#' || text.find(selector.name) == std::string_view::npos) continue;
    LineReader line(text);
    const auto sample = line.take_selector();
    if (!sample || !carries(*sample, selector)) continue;
    const auto read = line.take_value();
    if (!read) continue;
    value = *read;
    ++found;
  }
  if (found == 1) return value;
  if (found == 0) return spec::Complaint{fmt::format("there is no sample of {}", selector.name), ""};
  return spec::Complaint{fmt::format("{} samples of {} fit", found, selector.name), "say which by more labels"};
}

}  // namespace withstand::check
