#include "spec/diagnostic.hpp"

namespace withstand::spec {
namespace {

TEST(Render, PointsAtThePlace) {
  const Diagnostic diagnostic{"x.toml", {2, 1}, 4, "unknown key 'dely'", "did you mean 'delay'?"};
  EXPECT_EQ(render(diagnostic, "[[fault]]\ndely = \"5ms\"\n"),
            "x.toml:2:1: error: unknown key 'dely'\n"
            "    2 | dely = \"5ms\"\n"
            "      | ^~~~\n"
            "      = help: did you mean 'delay'?\n");
}

TEST(Render, CountsCharactersAndKeepsTabs) {
  const Diagnostic diagnostic{"x.toml", {1, 7}, 3, "wrong", ""};
  EXPECT_EQ(render(diagnostic, "\té = \"éé\"\r\n"),
            "x.toml:1:7: error: wrong\n"
            "    1 | \té = \"éé\"\n"
            "      | \t     ^~~\n");
}

TEST(Render, NeverPointsBeyondTheLine) {
  const Diagnostic diagnostic{"x.toml", {1, 90}, 50, "wrong", ""};
  EXPECT_EQ(render(diagnostic, "abc"), "x.toml:1:90: error: wrong\n    1 | abc\n      |    ^\n");
}

TEST(Render, DoesWithoutPositionOrSource) {
  EXPECT_EQ(render({"x.toml", {}, 1, "cannot be read", ""}, ""), "x.toml: error: cannot be read\n");
  EXPECT_EQ(render({"x.toml", {3, 4}, 1, "wrong", ""}, ""), "x.toml:3:4: error: wrong\n");
}

TEST(Render, DisarmsControlCharacters) {
  EXPECT_EQ(render({"x", {1, 1}, 1, "bad \x1b[2J", ""}, "\x1b[31m"),
            "x:1:1: error: bad ?[2J\n    1 | ?[31m\n      | ^\n");
}

TEST(Nearest, FindsTyposOnly) {
  const std::vector<std::string> keys{"delay", "jitter", "from", "to", "on", "at", "for"};
  EXPECT_EQ(nearest("dely", keys), "delay");
  EXPECT_EQ(nearest("dealy", keys), "delay");
  EXPECT_EQ(nearest("Delay", keys), "delay");
  EXPECT_EQ(nearest("jiter", keys), "jitter");
  EXPECT_EQ(nearest("form", keys), "from");
  EXPECT_EQ(nearest("jit", keys), "jitter") << "half a name";
  EXPECT_EQ(nearest("delay_before", keys), "delay") << "a name with something added";
  EXPECT_EQ(nearest("x", keys), "");
  EXPECT_EQ(nearest("bandwidth", keys), "");
  EXPECT_EQ(nearest("", keys), "");
}

TEST(Nearest, KnowsANameByItsLastPart) {
  const std::vector<std::string> kinds{"network.loss", "network.partition", "process.kill"};
  EXPECT_EQ(nearest("kill", kinds), "process.kill");
  EXPECT_EQ(nearest("partitoin", kinds), "network.partition");
  EXPECT_EQ(nearest("disk.kill", {"network.loss"}), "");
  EXPECT_EQ(nearest("", kinds), "");
}

}  // namespace
}  // namespace withstand::spec
