#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/style.hpp"
#include "report/text.hpp"

namespace withstand::report {

/// Turns a run's texts into what a Style allows. `clean` first, then measure, cut or pad, then paint.
class Pen {
 public:
  enum class Ink { plain, bold, dim, good, bad, doubt, name };

  explicit Pen(const Style& style) : style_(style) {}

  [[nodiscard]] int width() const { return style_.width; }
  /// printable, and ASCII where the style asks for it.
  [[nodiscard]] std::string clean(std::string_view text) const;
  [[nodiscard]] std::string cut(std::string_view text, int width) const;  ///< clean and elided
  [[nodiscard]] std::string paint(Ink ink, std::string_view clean_text) const;
  [[nodiscard]] std::string bold(std::string_view text) const { return paint(Ink::bold, text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return paint(Ink::dim, text); }
  [[nodiscard]] std::string mark(Ink ink) const;  ///< ✓ ✗ ? · painted, one column
  [[nodiscard]] std::string dot() const;          ///< " · "

  /// `text`, cleaned and wrapped, its first line after `lead` (clean, may be painted), the others below it; at most ten
  /// lines of it.
  [[nodiscard]] std::string hang(const std::string& lead, std::string_view text, Ink ink = Ink::plain) const;

 private:
  Style style_;
};

/// The ink for "held", "withstood", "agrees" (good), "failed", "absent", "mismatch", "error" (bad), "inconclusive",
/// "aborted" (doubt); dim for the rest.
Pen::Ink ink_of(std::string_view outcome);

/// A table with a header line (none when all its texts are empty). The last column takes what is left of the width: a
/// text that is too long wraps, or is cut when each row must stay on one line.
class Table {
 public:
  explicit Table(std::vector<std::string> header, std::vector<bool> right = {});
  Table& one_line_each() {
    one_line_each_ = true;
    return *this;
  }
  void add(std::vector<std::string> cells);  ///< clean, may be painted (but for the last one, when it is long)
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string print(const Pen& pen, int indent) const;

 private:
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
  bool one_line_each_ = false;
};

}  // namespace withstand::report
