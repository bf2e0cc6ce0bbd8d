#include "spec/recognize.hpp"

#include <algorithm>
#include <array>

#include "spec/pattern.hpp"
#include "spec/read/document.hpp"

namespace withstand::spec {
namespace {

constexpr std::array<std::string_view, 8> tables{"target", "load",   "phases", "probe",
                                                 "fault",  "limits", "stop",   "expect"};

bool begins_one(const Entry& entry) {
  const bool holds_more = entry.value.type == Item::Type::table || entry.value.type == Item::Type::array;
  return holds_more && std::find(tables.begin(), tables.end(), entry.key) != tables.end();
}

/// Of a text that is no TOML: [target], [[fault]], target.use, target = {, probe = [.
bool looks_like_one(std::string_view text) {
  static const Pattern line(
      R"((?m)^[ \t]*(\[{1,2}[ \t]*["']?(target|load|phases|probe|fault|limits|stop|expect)\b|["']?(target|load|phases|probe|fault|limits|stop|expect)["']?[ \t]*(\.|=[ \t]*[\[{])))");
  return line.found_in(text);
}

}  // namespace

bool may_be_experiment(std::string_view text) {
  const auto document = parse_document(text, "");
  if (!document) return looks_like_one(text);
  return std::any_of(document->entries.begin(), document->entries.end(), begins_one);
}

}  // namespace withstand::spec
