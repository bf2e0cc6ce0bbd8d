#include "check/pattern.hpp"

#include <stdexcept>

#include <boost/regex.hpp>
#include <fmt/format.h>

namespace withstand::check {

struct Pattern::Compiled {
  boost::regex regex;
};

Pattern::Pattern(const std::string& expression) {
  try {
    compiled_ = std::make_unique<const Compiled>(Compiled{boost::regex(expression)});
  } catch (const boost::regex_error& error) {
    throw std::invalid_argument(fmt::format("'{}' is no regular expression: {}", expression, error.what()));
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

}  // namespace withstand::check
