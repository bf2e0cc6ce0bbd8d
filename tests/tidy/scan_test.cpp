#include "tidy/scan.hpp"

namespace withstand::tidy {
namespace {

std::vector<std::string> names(std::string_view text) {
  std::vector<std::string> found;
  for (const auto& function : functions(text)) found.push_back(function.name);
  return found;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Scan, BlanksCommentsAndLiteralsAndKeepsLines) {
  EXPECT_EQ(blank_literals("a // {\nb \"{\\\"\" c '{' /* {\n */ d"), "a     \nb       c         \n    d");
  EXPECT_EQ(blank_literals("R\"(}\")\" 10'000 x"), "R       10'000 x");
}

TEST(Scan, MeasuresAFunctionFromItsSignatureToItsBrace) {
  const auto found = functions("\nint\nadd(int a,\n    int b) {\n  return a + b;\n}\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "add");
  EXPECT_EQ(found[0].line, 2U);
  EXPECT_EQ(found[0].length, 5U);
}

TEST(Scan, FindsFunctionsInsideScopes) {
  EXPECT_THAT(
      names("namespace a { struct B { int c() const { return 1; } }; class D : public B { void e() override {} }; }"),
      ElementsAre("c", "e"));
}

TEST(Scan, CountsLambdasAndInnerBracesToTheirFunction) {
  EXPECT_THAT(names("void f() { auto g = [](int x) { if (x) { return 1; } return 2; }; }"), ElementsAre("f"));
}

TEST(Scan, SeesThroughConstructorInitialisers) {
  EXPECT_THAT(names("A::A(int x) : b_{x}, c_(x) { d(); }\nB::B() : e_{} {}"), ElementsAre("A", "B"));
}

TEST(Scan, TakesInitialisersForWhatTheyAre) {
  EXPECT_THAT(names("constexpr int a[] = {1, 2};\nint b{3};\nauto c = f(1) + g{2};\nenum class E { x };"), IsEmpty());
}

TEST(Scan, FindsTestsOperatorsAndTrailingReturnTypes) {
  EXPECT_THAT(names("TEST(A, B) { }\nbool operator==(A a, B b) { return true; }\nauto f() -> int { return 1; }"),
              ElementsAre("TEST", "operator", "f"));
}

TEST(Scan, ReadsIncludes) {
  const auto found = includes("#include <a>\n// #include \"no\"\n#include \"b/c.hpp\"\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, "a");
  EXPECT_FALSE(found[0].quoted);
  EXPECT_EQ(found[1].path, "b/c.hpp");
  EXPECT_TRUE(found[1].quoted);
  EXPECT_EQ(found[1].line, 3U);
}

}  // namespace
}  // namespace withstand::tidy
