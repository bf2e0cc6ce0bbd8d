#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Pieces of HTML. What comes from a run goes through `text` or `attribute`; strings called `html` are markup already.
namespace withstand::report::html {

/// Text between tags or within double quotes: one line, harmless (report/text.hpp: printable), markup escaped.
std::string text(std::string_view raw);
/// The same within <code>.
std::string code(std::string_view raw);
/// A path for `href`, each byte but letters, digits and "-._~/" as %XX: neither scheme nor query can come of it. Empty
/// stays empty.
std::string relative_link(std::string_view path);
/// A mark with its meaning in words for those who do not see it: "good", "bad", "doubt", "none".
std::string mark(std::string_view standing, std::string_view meaning);
/// "good" for held and agrees, "bad" for failed, absent and mismatch, "doubt" for inconclusive, else "none".
std::string_view standing_of(std::string_view outcome);

/// A heading with an id, and what is below it; nothing where that is empty.
std::string section(std::string_view id, std::string_view title, const std::string& html);

/// A table with a caption for screen readers, which scrolls by itself where the page is too narrow. Rows beyond `most`
/// are counted, and the end says how many.
class Table {
 public:
  struct Column {
    std::string_view title;
    std::string_view style;  ///< class: "", "number", "mark", "wide", "code"
  };
  Table(std::string_view caption, std::vector<Column> columns, std::size_t most = 500);
  void add(const std::vector<std::string>& html_cells, std::string_view row_class = "");
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::string html() const;

 private:
  std::string caption_;
  std::vector<Column> columns_;
  std::size_t most_, count_ = 0;
  std::string rows_;
};

}  // namespace withstand::report::html
