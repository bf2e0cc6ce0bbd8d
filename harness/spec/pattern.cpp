#include "spec/pattern.hpp"

#include <re2/re2.h>
#include <stdexcept>

#include <fmt/format.h>

namespace withstand::spec {
namespace {

std::string_view reason(re2::RE2::ErrorCode code) {
  using re2::RE2;
  switch (code) {
    case RE2::ErrorMissingBracket:
      return "a '[' is never closed";
    case RE2::ErrorMissingParen:
    case RE2::ErrorUnexpectedParen:
      return "a '(' or ')' has no partner";
    case RE2::ErrorRepeatArgument:
    case RE2::ErrorRepeatOp:
      return "a '*', '+' or '?' repeats nothing";
    case RE2::ErrorRepeatSize:
      return "what stands in '{}' is no repetition, or one of more than 1000";
    case RE2::ErrorBadCharRange:
      return "a range runs backwards";
    case RE2::ErrorBadCharClass:
      return "a class of characters that does not exist";
    case RE2::ErrorBadEscape:
      return "an escape that does not exist (nor do references back, as \\1)";
    case RE2::ErrorTrailingBackslash:
      return "it ends in a '\\'";
    case RE2::ErrorBadPerlOp:
    case RE2::ErrorBadNamedCapture:
      return "a '(?' that does not exist (nor does looking ahead or behind)";
    case RE2::ErrorPatternTooLarge:
      return "it is too large";
    default:
      return "it cannot be read";
  }
}

re2::RE2::Options options() {
  re2::RE2::Options made(re2::RE2::Latin1);  // bytes: what a target writes need not be UTF-8
  made.set_log_errors(false);
  return made;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(const std::string& expression) : regex(expression, options()) {}
  re2::RE2 regex;
};

Pattern::Pattern(const std::string& expression) : compiled_(std::make_unique<const Compiled>("(?ms)" + expression)) {
  if (!compiled_->regex.ok())
    throw std::invalid_argument(fmt::format("not a regular expression: {}", reason(compiled_->regex.error_code())));
}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->regex);
}

}  // namespace withstand::spec
