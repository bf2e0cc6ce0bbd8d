#include "tidy/scan.hpp"
#include "tidy/tree.hpp"

namespace withstand::tidy {
namespace {

constexpr std::size_t most_lines_of_a_file = 500;
constexpr std::size_t most_lines_of_a_function = 70;
constexpr std::size_t most_lines_of_main = 60;

TEST(Size, NoFileIsTooLong) {
  for (const auto& file : tree())
    if (file.is_cpp() || file.path.ends_with(".py") || file.path == "bootstrap") {
      EXPECT_LE(count_lines(file.text), most_lines_of_a_file) << at(file, 1, "split it");
    }
}

TEST(Size, NoFunctionIsTooLong) {
  for (const auto& file : tree()) {
    if (!file.is_cpp()) continue;
    for (const auto& function : functions(file.text))
      EXPECT_LE(function.length, most_lines_of_a_function) << at(file, function.line, function.name);
  }
}

TEST(Size, MainIsShort) {
  for (const auto& file : tree())
    if (file.path == "harness/main.cpp") {
      EXPECT_LE(count_lines(file.text), most_lines_of_main);
    }
}

}  // namespace
}  // namespace withstand::tidy
