#include "check/picture.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "check/history/words.hpp"

namespace withstand::check {

namespace {

constexpr std::size_t most_drawn = 4000;
constexpr double lane_height = 34, bar_height = 24, margin_left = 90, margin_top = 28, unit = 46;

constexpr const char* head = R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body{font:14px/1.4 system-ui,sans-serif;margin:1.2em;color:#1b1b1b;background:#fff}h1{font-size:1.2em}
pre{white-space:pre-wrap;background:#f6f6f4;padding:.8em;border-left:4px solid #b3261e}
.held pre{border-color:#2e7d32}.inconclusive pre{border-color:#b26a00}
#frame{overflow:auto;border:1px solid #bbb;max-height:80vh}svg text{font:11px ui-monospace,monospace}
.lane{stroke:#e3e3e3}.ok rect{fill:#cfe3f7;stroke:#41729f}.info rect{fill:#fff3cd;stroke:#a07900;stroke-dasharray:4 2}
.fail rect{fill:#eee;stroke:#888}.fail text{text-decoration:line-through}.bad rect{fill:#f8c9c4;stroke:#b3261e;stroke-width:2.5}
.region{fill:#b3261e;opacity:.07}.mark line{stroke:#7b1fa2;stroke-dasharray:5 3}.mark text{fill:#7b1fa2}
.fault{fill:#7b1fa2;opacity:.08}.number{fill:#b3261e;font-weight:bold}@media print{#frame{overflow:visible;max-height:none;border:0}.tools{display:none}
svg{width:100%;height:auto}}</style></head>)";

/// Only size changes: everything is there without it.
constexpr const char* script = R"(<script>
(function(){var s=document.querySelector('svg'),f=document.getElementById('frame'),w=+s.getAttribute('width'),
h=+s.getAttribute('height'),z=1;function zoom(k){var c=f.scrollLeft+f.clientWidth/2,r=c/z;z=Math.min(20,Math.max(.05,z*k));
s.setAttribute('width',w*z);s.setAttribute('height',h*Math.max(1,Math.min(z,2)));f.scrollLeft=r*z-f.clientWidth/2}
document.getElementById('in').onclick=function(){zoom(1.5)};document.getElementById('out').onclick=function(){zoom(1/1.5)};
document.getElementById('bad').onclick=function(){var b=document.querySelector('.bad');if(b)f.scrollLeft=
b.getBoundingClientRect().left-s.getBoundingClientRect().left-f.clientWidth/3};
f.addEventListener('wheel',function(e){if(e.ctrlKey){e.preventDefault();zoom(e.deltaY<0?1.2:1/1.2)}},{passive:false});
document.getElementById('bad').click()})();</script>)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // Other control characters may not stand in a page.
        out.push_back(static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c);
    }
  }
  return out;
}

class Picture {
 public:
  Picture(const OperationHistory& history, const Finding& finding)
      : history_(history), finding_(finding), bad_(finding.culprits.begin(), finding.culprits.end()) {
    choose();
    place();
  }

  [[nodiscard]] std::string svg() const {
    const double width = margin_left + unit * static_cast<double>(places_.size() + 1);
    const double height = margin_top + lane_height * static_cast<double>(lanes_.size()) + 10;
    std::string out = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" viewBox="0 0 {0:.0f} {1:.0f}" preserveAspectRatio="none" role="img">)",
        width, height);
    out += region(height);
    for (const auto& [process, lane] : lanes_) {
      const double y = margin_top + lane_height * (static_cast<double>(lane) + 0.5);
      out += fmt::format(
          R"(<line class="lane" x1="{}" x2="{:.0f}" y1="{:.1f}" y2="{:.1f}"/><text x="4" y="{:.1f}">{}</text>)",
          margin_left - 6, width, y, y, y + 4, escaped("process " + history_.processes[process]));
    }
    for (const HistoryMark& mark : history_.marks) {
      const double x = x_of(mark.at), until = x_of(mark.until);
      if (until > x)
        out += fmt::format(R"(<rect class="fault" x="{:.1f}" y="12" width="{:.1f}" height="{:.0f}"/>)", x, until - x,
                           height);
      out += fmt::format(
          R"(<g class="mark"><line x1="{0:.1f}" x2="{0:.1f}" y1="12" y2="{1:.0f}"/><text x="{2:.1f}" y="11">{3}</text></g>)",
          x, height, x + 3, escaped(mark.text.substr(0, 60)));
    }
    for (const std::uint32_t i : drawn_) out += bar(i, width);
    return out + "</svg>";
  }
  [[nodiscard]] std::size_t left_out() const { return history_.operations.size() - drawn_.size(); }

 private:
  /// All, or those nearest to what was found.
  void choose() {
    const auto count = static_cast<std::uint32_t>(history_.operations.size());
    for (std::uint32_t i = 0; i < count; ++i) drawn_.push_back(i);
    if (count <= most_drawn) return;
    const std::uint32_t middle = bad_.empty() ? count : *bad_.rbegin();
    std::stable_sort(drawn_.begin(), drawn_.end(), [&](std::uint32_t a, std::uint32_t b) {
      const auto rank = [&](std::uint32_t i) {
        return std::pair(!bad_.contains(i), i > middle ? i - middle : middle - i);
      };
      return rank(a) < rank(b);
    });
    drawn_.resize(most_drawn);
    std::sort(drawn_.begin(), drawn_.end());
  }

  /// Instants are drawn one beside the other: what matters is their order, and a pause of an hour would hide it.
  void place() {
    std::set<std::int64_t> instants;
    for (const std::uint32_t i : drawn_) {
      const HistoryOperation& operation = history_.operations[i];
      lanes_.emplace(operation.process, 0);
      instants.insert(operation.begin);
      if (operation.end != never) instants.insert(operation.end);
    }
    std::size_t lane = 0, at = 0;
    for (auto& [process, row] : lanes_) row = lane++;
    for (const std::int64_t instant : instants) places_.emplace(instant, at++);
  }
  [[nodiscard]] double x_of(std::int64_t instant) const {
    const auto found = places_.lower_bound(instant);
    const std::size_t at = found == places_.end() ? places_.size() : found->second;
    return margin_left + unit * (static_cast<double>(at) + 0.1);
  }

  [[nodiscard]] std::string region(double height) const {
    double from = 1e18, to = 0;
    for (const std::uint32_t i : drawn_) {
      if (!bad_.contains(i)) continue;
      const HistoryOperation& operation = history_.operations[i];
      from = std::min(from, x_of(operation.begin));
      to = std::max(to, x_of(operation.end == never ? operation.begin : operation.end));
    }
    if (to < from) return "";
    return fmt::format(R"(<rect class="region" x="{:.1f}" y="0" width="{:.1f}" height="{:.0f}"/>)", from - 6,
                       to - from + 12, height);
  }

  [[nodiscard]] std::string bar(std::uint32_t i, double width) const {
    const HistoryOperation& operation = history_.operations[i];
    const double x = x_of(operation.begin), end = operation.end == never ? width : x_of(operation.end);
    const double y = margin_top + lane_height * static_cast<double>(lanes_.at(operation.process)) + 4;
    const char* kind = operation.outcome == record::Outcome::ok     ? "ok"
                       : operation.outcome == record::Outcome::info ? "info"
                                                                    : "fail";
    std::string text(history_.f_of(operation));
    if (!operation.output.is_nil()) text += " " + history_.values.show(operation.output, 40);
    const auto place = std::find(finding_.culprits.begin(), finding_.culprits.end(), i);
    const std::string number =
        place == finding_.culprits.end() ? "" : fmt::format("{}", place - finding_.culprits.begin() + 1);
    const auto room = static_cast<std::size_t>(std::max(3.0, (end - x) / 6.6));
    return fmt::format(
        R"(<g class="{}{}"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" rx="3"/><text x="{:.1f}" y="{:.1f}">{}</text>{}</g>)",
        kind, number.empty() ? "" : " bad", escaped(operation_text(history_, i)), x, y, std::max(end - x, 4.0),
        bar_height, x + 4, y + 16, escaped(shortened(text, room)),
        number.empty() ? ""
                       : fmt::format(R"(<text class="number" x="{:.1f}" y="{:.1f}">{}</text>)", x - 8, y + 8, number));
  }

  /// Not in the middle of a character of several bytes.
  static std::string shortened(const std::string& text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
    return text.substr(0, most) + "…";
  }

  const OperationHistory& history_;
  const Finding& finding_;
  std::set<std::uint32_t> bad_;
  std::vector<std::uint32_t> drawn_;
  std::map<std::uint32_t, std::size_t> lanes_;
  std::map<std::int64_t, std::size_t> places_;
};

}  // namespace

std::string picture_page(const OperationHistory& history, const Finding& finding, const std::string& title) {
  const Picture picture(history, finding);
  std::string page(head);
  page.replace(page.find("{title}"), 7, escaped(title));
  std::string words = finding.summary;
  for (const std::string& line : finding.explanation) words += "\n" + line;
  page += fmt::format("<body class=\"{0}\"><h1>{1}: {0}</h1><pre>{2}</pre>", to_text(finding.judgement), escaped(title),
                      escaped(words));
  page +=
      R"(<p class="tools"><button id="in">larger</button> <button id="out">smaller</button> <button id="bad">what was found</button></p>)";
  if (picture.left_out() > 0)
    page += fmt::format("<p>{} operations further away are not drawn.</p>", picture.left_out());
  page +=
      "<p>A bar is an operation from its beginning to its end, one beside the other as they happened; dashed: nobody "
      "knows whether it took effect; red: what cannot be reconciled.</p>";
  return page + "<div id=\"frame\">" + picture.svg() + "</div>" + script + "</body></html>\n";
}

}  // namespace withstand::check
