#include "spec/diagnostic.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace withstand::spec {
namespace {

std::string_view line_of(std::string_view source, int line) {
  for (int current = 1; current < line; ++current) {
    const std::size_t end = source.find('\n');
    if (end == source.npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

int characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

/// As wide as the line's first `count` characters: tabs stay tabs, so that the caret stands right at any tab width.
std::string padding(std::string_view line, int count) {
  std::string out;
  for (const char c : line) {
    if (continues_character(c)) continue;
    if (count-- <= 0) break;
    out += c == '\t' ? '\t' : ' ';
  }
  return out;
}

/// Control characters would let a file rewrite the terminal it is shown on.
std::string printable(std::string_view line) {
  std::string out;
  for (const char c : line) out += (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f ? '?' : c;
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each part edited once
/// (Damerau 1964; the restricted form).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::string_view source) {
  std::string out = diagnostic.file;
  if (diagnostic.at.line > 0) out += fmt::format(":{}:{}", diagnostic.at.line, std::max(diagnostic.at.column, 1));
  out += fmt::format(": error: {}\n", printable(diagnostic.message));
  if (diagnostic.at.line > 0 && !source.empty()) {
    const std::string line = printable(line_of(source, diagnostic.at.line));
    const std::string number = fmt::format("{:>5}", diagnostic.at.line);
    const int before = std::clamp(diagnostic.at.column - 1, 0, characters(line));
    const int under = std::clamp(diagnostic.length, 1, std::max(characters(line) - before, 1));
    out += fmt::format("{} | {}\n", number, line);
    out += fmt::format("{} | {}^{}\n", std::string(number.size(), ' '), padding(line, before),
                       std::string(static_cast<std::size_t>(under - 1), '~'));
  }
  if (!diagnostic.help.empty()) out += fmt::format("      = help: {}\n", printable(diagnostic.help));
  return out;
}

std::string render(const std::vector<Diagnostic>& diagnostics, const std::map<std::string, std::string>& sources) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    const auto source = sources.find(diagnostic.file);
    out += render(diagnostic, source == sources.end() ? std::string_view() : std::string_view(source->second));
  }
  return out;
}

namespace {

/// The candidate whose last part, behind its dot, is meant: of "kill", "process.kill".
std::string nearest_last_part(std::string_view word, const std::vector<std::string>& candidates) {
  std::vector<std::string> parts, wholes;
  for (const std::string& candidate : candidates) {
    const std::size_t dot = candidate.rfind('.');
    if (dot == std::string::npos) continue;
    parts.push_back(candidate.substr(dot + 1));
    wholes.push_back(candidate);
  }
  const std::string near = parts.empty() || word.find('.') != word.npos ? "" : nearest(word, parts);
  const auto found = std::find(parts.begin(), parts.end(), near);
  return near.empty() ? "" : wholes[static_cast<std::size_t>(found - parts.begin())];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string wanted = lower(word);
  // Half a name, or one with something added, is meant rather than a short one of few other letters.
  for (const std::string& candidate : candidates)
    if (word.size() >= 3 && lower(candidate).starts_with(wanted)) return candidate;
  std::string best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t longest = std::max(word.size(), candidate.size());
    if (longest > 200) continue;
    const std::size_t steps = distance(wanted, lower(candidate));
    const std::size_t allowed = longest <= 4 ? 1 : (longest + 2) / 3;
    if (steps > allowed || steps >= word.size() || (!best.empty() && steps >= best_distance)) continue;
    best = candidate;
    best_distance = steps;
  }
  for (const std::string& candidate : candidates)
    if (best.empty() && candidate.size() >= 4 && wanted.starts_with(lower(candidate) + "_")) best = candidate;
  return best.empty() ? nearest_last_part(word, candidates) : best;
}

}  // namespace withstand::spec
