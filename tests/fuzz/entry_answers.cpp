#include <algorithm>
#include <bit>
#include <cstdint>

#include <fmt/format.h>

#include "check/prometheus.hpp"
#include "core/http_get.hpp"
#include "entry.hpp"
#include "promise.hpp"

namespace withstand::fuzz {
namespace {

/// The selector as text, in canonical form.
std::string to_text(const check::MetricSelector& selector) {
  std::string labels;
  for (const auto& [name, value] : selector.labels) {
    std::string quoted;
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      c == '\n' ? quoted += "\\n" : quoted += c;
    }
    labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", name, quoted);
  }
  return labels.empty() ? selector.name : fmt::format("{}{{{}}}", selector.name, labels);
}

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

}  // namespace

void exposition(std::string_view input) {
  const auto line = std::min(input.find('\n'), input.size());
  const auto selector = check::parse_metric_selector(input.substr(0, line));
  if (!selector) return promise(!selector.error().message.empty(), "a complaint says something", input);
  const std::string text = to_text(*selector);
  const auto again = check::parse_metric_selector(text);
  promise(again && again->name == selector->name && again->labels == selector->labels,
          "a selector reads back as itself", input);
  const std::string answer(input.substr(std::min(line + 1, input.size())));
  const auto found = check::find_sample(answer, *selector);
  if (!found) return promise(!found.error().message.empty(), "a complaint says something", input);
  promise(same(*check::find_sample("# a comment\n" + answer, *selector), *found), "a comment changes nothing", input);
  promise(!check::find_sample(answer + "\n" + text + " 1\n", *selector), "a second sample that fits is one too many",
          input);
}

void url(std::string_view input) {
  const auto parsed = core::parse_http_url(input);
  if (!parsed) return;
  promise(!parsed->host.empty() && parsed->path.starts_with('/'), "a URL has a host and a path", input);
  promise(parsed->port >= 1 && parsed->port <= 65535, "a port is one", input);
  for (const char c : parsed->host + parsed->path)
    promise(static_cast<unsigned char>(c) > ' ' && c != 0x7f, "a URL stays on its line", input);
  const bool six = parsed->host.find(':') != std::string::npos;
  const auto again = core::parse_http_url(
      fmt::format("http://{}{}{}:{}{}", six ? "[" : "", parsed->host, six ? "]" : "", parsed->port, parsed->path));
  promise(again && again->host == parsed->host && again->port == parsed->port && again->path == parsed->path,
          "a URL reads back as itself", input);
}

}  // namespace withstand::fuzz
