#include "report/html/markup.hpp"

#include <fmt/format.h>

#include "report/text.hpp"

namespace withstand::report::html {

std::string text(std::string_view raw) {
  std::string out;
  for (const char c : printable(raw)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string code(std::string_view raw) { return raw.empty() ? "" : "<code>" + text(raw) + "</code>"; }

std::string relative_link(std::string_view path) {
  std::string out;
  if (path.starts_with("//")) out = "/.";  // two slashes would name a host
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~' || c == '/';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string mark(std::string_view standing, std::string_view meaning) {
  const std::string_view sign = standing == "good" ? "✓" : standing == "bad" ? "✗" : standing == "doubt" ? "?" : "·";
  return fmt::format("<span class=\"mark {}\" aria-hidden=\"true\">{}</span><span class=\"unseen\">{}</span>", standing,
                     sign, text(meaning));
}

std::string_view standing_of(std::string_view outcome) {
  if (outcome == "held" || outcome == "agrees") return "good";
  if (outcome == "failed" || outcome == "absent" || outcome == "mismatch") return "bad";
  return outcome == "inconclusive" ? "doubt" : "none";
}

std::string section(std::string_view id, std::string_view title, const std::string& html) {
  if (html.empty()) return "";
  return fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n", id, text(title),
                     html);
}

Table::Table(std::string_view caption, std::vector<Column> columns, std::size_t most)
    : caption_(text(caption)), columns_(std::move(columns)), most_(most) {}

void Table::add(const std::vector<std::string>& html_cells, std::string_view row_class) {
  if (++count_ > most_) return;
  rows_ += row_class.empty() ? "<tr>" : fmt::format("<tr class=\"{}\">", row_class);
  for (std::size_t i = 0; i < html_cells.size(); ++i) {
    const std::string_view style = i < columns_.size() ? columns_[i].style : "";
    rows_ += style.empty() ? "<td>" : fmt::format("<td class=\"{}\">", style);
    rows_ += html_cells[i] + "</td>";
  }
  rows_ += "</tr>\n";
}

std::string Table::html() const {
  if (empty()) return "";
  std::string out = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>\n<caption "
      "class=\"unseen\">{0}</caption>\n<thead><tr>",
      caption_);
  for (const Column& one : columns_) {
    out += fmt::format("<th scope=\"col\"{}>{}</th>", one.style.empty() ? "" : fmt::format(" class=\"{}\"", one.style),
                       one.title.empty() ? "<span class=\"unseen\">Outcome</span>" : text(one.title));
  }
  out += "</tr></thead>\n<tbody>\n" + rows_ + "</tbody></table></div>\n";
  if (count_ > most_) {
    out += fmt::format("<p class=\"note\">… and {}; <code>report.json</code> has all of them.</p>\n",
                       counted(count_ - most_, "more row"));
  }
  return out;
}

}  // namespace withstand::report::html
