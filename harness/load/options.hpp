#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spec/result.hpp"

namespace withstand::load {

/// Takes a driver's options out of target.toml's table, collecting everything that is wrong with them: what cannot be
/// read, and at the end what nobody asked for.
class Options {
 public:
  Options(std::string driver, const std::map<std::string, std::string>& given);

  std::string text(const std::string& name, const std::string& fallback);
  std::string choice(const std::string& name, const std::vector<std::string>& choices);  ///< the first is the default
  std::chrono::nanoseconds duration(const std::string& name, std::chrono::nanoseconds fallback);
  /// A whole number from `least` to `greatest`.
  std::int64_t number(const std::string& name, std::int64_t fallback, std::int64_t least, std::int64_t greatest);
  /// "200, 204, 400-403" as a set of numbers from `least` to `greatest`.
  std::set<std::int64_t> numbers(const std::string& name, std::string_view fallback, std::int64_t least,
                                 std::int64_t greatest);
  void complain(std::string message, std::string help = "");
  /// Everything wrong, unknown options included.
  std::vector<spec::Complaint> finish();

 private:
  const std::string* find(const std::string& name);

  std::string driver_;
  std::map<std::string, std::string> given_;
  std::vector<std::string> known_;
  std::vector<spec::Complaint> complaints_;
};

}  // namespace withstand::load
