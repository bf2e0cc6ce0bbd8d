#include "spec/read/report.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "spec/names.hpp"

namespace withstand::spec {

void Report::error(Position at, int length, std::string message, std::string help) {
  found_.push_back({file_, at, length, std::move(message), std::move(help)});
}

void Report::complain(const Item& text, const Complaint& complaint, const std::string& prefix, int skip) {
  if (!text.plain || complaint.offset < 0) return error(text, prefix + complaint.message, complaint.help);
  const Position at{text.at.line, text.at.column + 1 + skip + complaint.offset};
  error(at, complaint.length, prefix + complaint.message, complaint.help);
}

std::vector<Diagnostic> Report::take() {
  std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  return std::move(found_);
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names, std::string_view label) {
  if (const std::string like = same_but_for_number(word, names); !like.empty())
    return fmt::format("{}: {}", label, like);
  const std::string near = nearest(word, names);
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  return names.empty() ? "" : fmt::format("{}: {}", label, joined(names));
}

}  // namespace withstand::spec
