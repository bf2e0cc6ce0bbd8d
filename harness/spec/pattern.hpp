#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace withstand::spec {

/// A regular expression (Perl syntax, of which ECMAScript's is nearly a part), searched for anywhere in a text.
/// Boost.Regex rather than the standard library's: that one recurses per character and overflows the stack on long
/// lines. A search that grows too complex counts as no match.
class Pattern {
 public:
  /// Throws std::invalid_argument that says why it is no regular expression.
  explicit Pattern(const std::string& expression);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;

  [[nodiscard]] bool found_in(std::string_view text) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace withstand::spec
