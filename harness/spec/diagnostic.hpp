#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace withstand::spec {

/// Where something stands in a file: lines and columns count from 1; 0 means unknown.
struct Position {
  int line = 0;
  int column = 0;
};

/// One thing wrong with an input file.
struct Diagnostic {
  std::string file;
  Position at;
  int length = 1;       ///< how many columns the caret line underlines
  std::string message;  ///< "unknown key 'dely' in fault 'slow'"
  std::string help;     ///< "did you mean 'delay'?"; may be empty
};

/// `file:line:col: error: message`, the source line, a caret under the place, and the help. `source` is the whole
/// file's text.
std::string render(const Diagnostic& diagnostic, std::string_view source);

/// All of them, one after the other; `sources` holds the texts by Diagnostic::file.
std::string render(const std::vector<Diagnostic>& diagnostics, const std::map<std::string, std::string>& sources);

/// The candidate nearest to `word` by Damerau-Levenshtein distance, or empty when none is near (more than a third of
/// the word away). Where none is, the last part of a name with dots is enough: of "kill", "process.kill".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace withstand::spec
