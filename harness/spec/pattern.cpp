#include "spec/pattern.hpp"

#include <stdexcept>

#include <boost/regex.hpp>
#include <fmt/format.h>

namespace withstand::spec {
namespace {

std::string_view reason(boost::regex_constants::error_type code) {
  using namespace boost::regex_constants;
  if (code == error_brack) return "a '[' is never closed";
  if (code == error_paren) return "a '(' or ')' has no partner";
  if (code == error_brace || code == error_badbrace) return "what stands in '{}' is no repetition";
  if (code == error_badrepeat) return "a '*', '+' or '?' repeats nothing";
  if (code == error_range) return "a range runs backwards";
  if (code == error_escape) return "an escape that does not exist";
  return "it cannot be read";
}

}  // namespace

struct Pattern::Compiled {
  boost::regex regex;
};

Pattern::Pattern(const std::string& expression) {
  try {
    compiled_ = std::make_unique<const Compiled>(Compiled{boost::regex(expression)});
  } catch (const boost::regex_error& error) {
    throw std::invalid_argument(fmt::format("not a regular expression: {}", reason(error.code())));
  }
}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

bool Pattern::found_in(std::string_view text) const {
  try {
    return boost::regex_search(text.begin(), text.end(), compiled_->regex);
  } catch (const std::runtime_error&) {  // too complex
    return false;
  }
}

}  // namespace withstand::spec
