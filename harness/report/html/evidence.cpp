#include <algorithm>

#include <fmt/format.h>

#include "report/facts.hpp"
#include "report/html/markup.hpp"
#include "report/html/sections.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

constexpr std::size_t most_injections = 200;
constexpr std::size_t most_places = 24;  ///< nodes or links named of one injection

std::string places(const record::InjectionRecord& one) {
  const auto end = one.on.begin() + static_cast<long>(std::min(one.on.size(), most_places));
  std::string out = text(join({one.on.begin(), end}, ", "));
  if (one.on.size() > most_places) out += fmt::format(" and {} more", one.on.size() - most_places);
  return out;
}

std::string when(const record::RunRecord& run, const record::InjectionRecord& one) {
  std::vector<std::string> out;
  if (one.injected < 0) {
    if (one.due > 0) out.push_back("due at " + fault_time(run, one.due));
    return join(out, ", ");
  }
  out.push_back("at " + fault_time(run, one.injected));
  if (one.reverted >= one.injected) out.push_back("for " + human_time(one.reverted - one.injected));
  if (one.state == "ended") out.push_back(one.detail.empty() ? "ended by itself" : one.detail);
  if (one.due > 0 && one.injected >= one.due) out.push_back(human_time(one.injected - one.due) + " after it was due");
  return join(out, ", ");
}

std::string rows_of(const record::InjectionRecord& one) {
  Table table("Evidence of " + one.fault, {{"", "mark"},
                                           {"What", "wide"},
                                           {"Asked", "wide"},
                                           {"Measured", "wide"},
                                           {"Seen by", "wide quiet"},
                                           {"Judgement", ""}});
  for (const record::EvidenceEvent& row : one.evidence) {
    table.add({mark(standing_of(row.judgement), row.judgement), text(row.what), text(row.requested), text(row.measured),
               text(row.source), text(row.judgement)});
  }
  return table.html();
}

std::string injection(const record::RunRecord& run, const record::InjectionRecord& one) {
  const Effect proof = effect(one);
  const std::string_view standing = proof.proven ? "good" : proof.needed ? "bad" : "none";
  std::string out = fmt::format(
      "<div class=\"fault\">\n<h3>{} {} <span class=\"kind-of\">{}</span> <span class=\"outcome\">{}</span></h3>\n",
      mark(standing, ""), code(one.fault), text(one.kind), text(proof.words));
  std::vector<std::string> facts;
  if (!one.on.empty()) facts.push_back("on " + places(one));
  if (const std::string time = when(run, one); !time.empty()) facts.push_back(text(time));
  if (one.line > 0) facts.push_back(fmt::format("line {} of the file", one.line));
  if (!facts.empty()) out += "<p class=\"quiet\">" + join(facts, " · ") + "</p>\n";
  if (!one.detail.empty() && one.injected >= 0 && one.state != "ended") {
    out += "<p class=\"quiet\">" + text(one.detail) + "</p>\n";
  }
  return out + rows_of(one) + "</div>\n";
}

}  // namespace

std::string faults_section(const record::RunRecord& run) {
  std::string out;
  for (std::size_t i = 0; i < std::min(run.injections.size(), most_injections); ++i) {
    out += injection(run, run.injections[i]);
  }
  if (run.injections.size() > most_injections) {
    out += fmt::format("<p class=\"note\">… and {}; <code>report.json</code> has all of them.</p>\n",
                       counted(run.injections.size() - most_injections, "more injection"));
  }
  return section("faults", "Faults and their evidence", out);
}

}  // namespace withstand::report::html
