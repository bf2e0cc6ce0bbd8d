#pragma once

#include <string>
#include <vector>

#include "spec/diagnostic.hpp"
#include "spec/read/document.hpp"
#include "spec/result.hpp"

namespace withstand::spec {

/// Collects what is wrong with one file.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void error(Position at, int length, std::string message, std::string help = "");
  void error(const Item& at, std::string message, std::string help = "") {
    error(at.at, at.length, std::move(message), std::move(help));
  }
  void error(const Entry& at, std::string message, std::string help = "") {
    error(at.at, at.length, std::move(message), std::move(help));
  }
  void add(Diagnostic diagnostic) { found_.push_back(std::move(diagnostic)); }
  /// About a text: the caret goes to the place inside it that the complaint names, where that can be known. `prefix`
  /// opens the message, `skip` is how many characters of the text stand before what was read.
  void complain(const Item& text, const Complaint& complaint, const std::string& prefix = "", int skip = 0);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::size_t count() const { return found_.size(); }
  /// In file order.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  std::string file_;
  std::vector<Diagnostic> found_;
};

/// "did you mean 'x'?" when one of the names is near, else "LABEL: a, b, c".
std::string suggestion(std::string_view word, const std::vector<std::string>& names, std::string_view label);
std::string joined(const std::vector<std::string>& names);

}  // namespace withstand::spec
