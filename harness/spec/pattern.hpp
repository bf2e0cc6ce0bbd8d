#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace withstand::spec {

/// A regular expression in the syntax of RE2 (Perl's, without references back and looking around), searched for
/// anywhere in a text of any bytes; '^' and '$' mean any of its lines, '.' any byte. RE2 because it takes time linear
/// in the text whatever the expression: one that goes back and forth would hold up the loop that all of a run's timers
/// share.
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
