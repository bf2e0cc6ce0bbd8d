#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Just enough understanding of C++ to measure it.
namespace withstand::tidy {

/// The same text with comments, string and character literals blanked out; newlines stay where they are.
std::string blank_literals(std::string_view text);

struct Function {
  std::string name;        ///< the word before the parameter list, for messages
  std::size_t line = 0;    ///< of its first line
  std::size_t length = 0;  ///< lines from the first of the signature to the closing brace
};

/// Every function body at namespace or class scope, in the file's order. Lambdas count to the function they are in.
std::vector<Function> functions(std::string_view text);

struct Include {
  std::string path;
  bool quoted = false;  ///< "..." rather than <...>
  std::size_t line = 0;
};

std::vector<Include> includes(std::string_view text);

}  // namespace withstand::tidy
