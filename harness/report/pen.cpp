#include "report/pen.hpp"

#include <algorithm>
#include <utility>

namespace withstand::report {
namespace {

std::string_view sequence(Pen::Ink ink) {
  switch (ink) {
    case Pen::Ink::bold:
      return "\x1b[1m";
    case Pen::Ink::dim:
      return "\x1b[2m";
    case Pen::Ink::good:
      return "\x1b[32m";
    case Pen::Ink::bad:
      return "\x1b[31m";
    case Pen::Ink::doubt:
      return "\x1b[33m";
    case Pen::Ink::name:
      return "\x1b[36m";
    case Pen::Ink::plain:
      break;
  }
  return "";
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string Pen::clean(std::string_view text) const {
  return style_.unicode ? printable(text) : to_ascii(printable(text));
}

std::string Pen::cut(std::string_view text, int width) const {
  return elide(clean(text), width, style_.unicode ? "…" : "...");
}

std::string Pen::paint(Ink ink, std::string_view clean_text) const {
  if (!style_.colour || ink == Ink::plain || clean_text.empty()) return std::string(clean_text);
  return std::string(sequence(ink)) + std::string(clean_text) + "\x1b[0m";
}

std::string Pen::mark(Ink ink) const {
  switch (ink) {
    case Ink::good:
      return paint(ink, style_.unicode ? "✓" : "+");
    case Ink::bad:
      return paint(ink, style_.unicode ? "✗" : "x");
    case Ink::doubt:
      return paint(ink, "?");
    default:
      return paint(Ink::dim, style_.unicode ? "·" : "-");
  }
}

std::string Pen::dot() const { return style_.unicode ? " · " : " - "; }

std::string Pen::hang(const std::string& lead, std::string_view text, Ink ink) const {
  constexpr std::size_t most_lines = 10;
  const int indent = columns(lead);
  std::string out;
  std::size_t count = 0;
  for (const std::string& line : wrap(clean(text), width() - indent)) {
    const std::string start = out.empty() ? lead : pad("", indent);
    if (++count > most_lines) return out + start + dim("(more of it in journal.jsonl)") + "\n";
    out += without_trailing_spaces(start + paint(ink, line)) + "\n";
  }
  return out;
}

Pen::Ink ink_of(std::string_view outcome) {
  for (const char* word : {"held", "withstood", "agrees"}) {
    if (outcome == word) return Pen::Ink::good;
  }
  for (const char* word : {"failed", "absent", "mismatch", "error"}) {
    if (outcome == word) return Pen::Ink::bad;
  }
  return outcome == "inconclusive" || outcome == "aborted" ? Pen::Ink::doubt : Pen::Ink::dim;
}

Table::Table(std::vector<std::string> header, std::vector<bool> right)
    : header_(std::move(header)), right_(std::move(right)) {
  right_.resize(header_.size());
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(header_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::print(const Pen& pen, int indent) const {
  std::vector<int> widths(header_.size());
  for (std::size_t i = 0; i < header_.size(); ++i) {
    widths[i] = columns(header_[i]);
    for (const auto& row : rows_) widths[i] = std::max(widths[i], columns(row[i]));
  }
  const std::size_t last = header_.size() - 1;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out = pad("", indent);
    for (std::size_t i = 0; i < last; ++i) {
      out += (right_[i] ? pad_left(cells[i], widths[i]) : pad(cells[i], widths[i])) + "  ";
    }
    if (right_[last]) return out + pad_left(cells[last], widths[last]) + "\n";
    const int left = pen.width() - columns(out);
    if (columns(cells[last]) <= left) return without_trailing_spaces(out + cells[last]) + "\n";
    if (one_line_each_) return out + pen.cut(cells[last], left) + "\n";
    if (left >= 20) return pen.hang(out, cells[last]);
    return without_trailing_spaces(out) + "\n" + pen.hang(pad("", indent + 4), cells[last]);
  };
  std::string out;
  const bool named = std::any_of(header_.begin(), header_.end(), [](const auto& text) { return !text.empty(); });
  if (named) {
    std::string head = line(header_);
    head.pop_back();
    out += pen.dim(head) + "\n";
  }
  for (const auto& row : rows_) out += line(row);
  return out;
}

}  // namespace withstand::report
