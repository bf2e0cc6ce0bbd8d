// Seeds whose draws make no run: refused where they were asked for, drawn anew where they were not.

#include <fmt/format.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// `from` and `to` stand in lines 10 and 11.
std::string experiment(const std::string& seed, const std::string& from, const std::string& to) {
  return fmt::format(R"(title = "one link is cut"
{}
[target]
command = ["sleep", "inf"]
nodes = 3
[[fault]]
name = "cut"
kind = "network.partition"
evidence = "optional"
from = "{}"
to = "{}"
at = "10ms"
for = "100ms"
[phases]
warm_up = "10ms"
before = "10ms"
during = "200ms"
after = "10ms"
[expect]
exits = []
)",
                     seed.empty() ? "" : "seed = " + seed, from, to);
}

/// The first seeds with which "any" to "any" is a link, and is none.
struct Seeds {
  std::string good, bad;
};

Seeds seeds(const Folder& folder) {
  const auto file = folder.write("drawn.toml", experiment("", "any", "any"));
  Seeds found;
  for (int seed = 1; seed < 60 && (found.good.empty() || found.bad.empty()); ++seed) {
    const auto text = std::to_string(seed);
    auto& into = withstand({"plan", file, "--seed", text}).status == 0 ? found.good : found.bad;
    if (into.empty()) into = text;
  }
  return found;
}

TEST(Seed, OneThatHitsNobodyIsRefusedAtItsPlaceByPlanAndRun) {
  const Folder folder;
  const auto [good, bad] = seeds(folder);
  ASSERT_FALSE(good.empty());
  ASSERT_FALSE(bad.empty());
  const auto plain = folder.write("plain.toml", experiment("", "any", "any"));
  const auto wrong = folder.write("wrong.toml", experiment(bad, "any", "any"));
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"plan", wrong}, {"plan", plain, "--seed", bad}, {"run", wrong}, {"run", plain, "--seed", bad}}) {
    auto arguments = words;
    if (words[0] == "run") arguments.insert(arguments.end(), {"--output", folder.path("runs")});
    const auto outcome = withstand(arguments);
    EXPECT_EQ(outcome.status, 2) << words[0] << outcome.out;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(fmt::format("{}:11:6: error: with seed {}, fault 'cut' hits nobody: there "
                                                         "is no link between the nodes it names\n",
                                                         words[1], bad)),
                                   HasSubstr("   ^~~~"), HasSubstr("the seed draws from any = n")))
        << words[0];
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path("runs")));
  EXPECT_EQ(withstand({"plan", wrong, "--seed", good}).status, 0) << "what is asked for counts, not the file's";
  EXPECT_EQ(withstand({"list", wrong}).status, 0) << "the file itself is good";
}

TEST(Seed, OneThatIsDrawnFits) {
  const Folder folder;
  const auto file = folder.write("drawn.toml", experiment("", "any", "any"));
  for (int i = 0; i < 12; ++i) {
    const auto outcome = withstand({"plan", file});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("links n"));
  }
}

TEST(Seed, WhomARoleMeansIsNotKnownYet) {
  const Folder folder;
  const auto file = folder.write("role.toml",
                                 "title = \"x\"\nseed = 1\n[target]\nuse = \"redis-sentinel\"\n[[fault]]\nkind = "
                                 "\"network.partition\"\nfrom = \"redis:primary\"\nto = \"redis:primary\"\n");
  EXPECT_EQ(withstand({"plan", file}).status, 0);
}

TEST(Seed, RepetitionsFitToo) {
  if (const auto why = why_no_run(); !why.empty()) GTEST_SKIP() << why;
  const Folder folder;
  const auto file = folder.write("often.toml", experiment(seeds(folder).good, "any", "any"));
  const auto outcome = withstand({"run", file, "--repeat", "5", "--quiet", "--output", folder.path("runs")});
  EXPECT_NE(outcome.status, 2) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("there is no link")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("runs")), {}), 5);
}

/// So many faults that all impair the link n1→n2; `at` and what else each says.
std::string impaired(int faults, const std::function<std::string(int)>& rest,
                     const std::string& kind = "kind = \"network.loss\"\nloss = \"1%\"") {
  std::string text = "title = \"x\"\n[target]\ncommand = [\"sleep\", \"inf\"]\nnodes = 3\n";
  for (int i = 0; i < faults; ++i)
    text += fmt::format("[[fault]]\nname = \"slow-{}\"\nfrom = \"n1\"\nto = \"n2\"\n{}\n{}\n", i, kind, rest(i));
  return text;
}

TEST(CrowdedLink, OfSomeSortsItBearsFewer) {
  const Folder folder;
  const auto plan = [&](int faults, const std::string& kind) {
    return withstand({"plan", folder.write("sort.toml", impaired(
                                                            faults, [](int) { return ""; }, kind))});
  };
  const std::string delay = "kind = \"network.latency\"\ndelay = \"1ms\"",
                    damage = "kind = \"network.corrupt\"\ncorrupt = \"1%\"",
                    copies = "kind = \"network.duplicate\"\nduplicate = \"1%\"\ncopies = 7";
  for (const auto& [kind, most, what] :
       {std::tuple(delay, 8, "9 faults that hold packets may impair the link n1→n2 at once; a link bears 8"),
        {damage, 8, "9 faults that damage packets may impair the link n1→n2 at once; a link bears 8"},
        {copies, 3,
         "4 faults that copy packets may impair the link n1→n2 at once; a link bears 512 copies of a packet"}}) {
    EXPECT_EQ(plan(most, kind).status, 0) << kind;
    const auto crowded = plan(most + 1, kind);
    EXPECT_EQ(crowded.status, 2) << kind;
    EXPECT_THAT(crowded.err, HasSubstr(what));
  }
}

TEST(CrowdedLink, MoreFaultsAtOnceThanALinkBearsAreRefusedWithTheOneThatIsTooMany) {
  const Folder folder;
  const auto plan = [&](int faults, const std::function<std::string(int)>& rest) {
    return withstand({"plan", folder.write("slow.toml", impaired(faults, rest))});
  };
  const auto whole = [](int) { return ""; };
  EXPECT_EQ(plan(64, whole).status, 0);
  const auto crowded = plan(65, whole);
  EXPECT_EQ(crowded.status, 2);
  EXPECT_THAT(crowded.err,
              HasSubstr(fmt::format("slow.toml:{}:1: error: 65 faults may impair the link n1→n2 at once; a "
                                    "link bears 64\n",
                                    5 + 64 * 7)));
  EXPECT_THAT(crowded.err, HasSubstr("^~~~~~~~~"));
  EXPECT_EQ(withstand({"run", folder.path("slow.toml"), "--output", folder.path("runs")}).status, 2);
  const auto in_turn = [](int i) { return fmt::format("at = \"{}ms\"\nfor = \"1s\"", i % 2 == 0 ? 0 : 2000); };
  EXPECT_EQ(plan(128, in_turn).status, 0) << "halves that do not overlap";
  const auto touching = [](int i) { return fmt::format("at = \"{}ms\"\nfor = \"1s\"", i % 2 == 0 ? 0 : 1000); };
  EXPECT_EQ(plan(128, touching).status, 2) << "which comes first is up to the clock";
  const auto at_any_time = [](int i) {
    return i == 0 ? "when = { log = \"now\" }\nfor = \"1s\"" : "at = \"0s\"\nfor = \"1s\"";
  };
  EXPECT_EQ(plan(65, at_any_time).status, 2) << "a log line may come at any time";
  const auto one_after_another = [](int i) {
    return i == 0 ? std::string("when = { log = \"now\" }\nfor = \"100ms\"")
                  : fmt::format("when = {{ fault = \"slow-{}\", after = \"200ms\" }}\nfor = \"100ms\"", i - 1);
  };
  EXPECT_EQ(plan(70, one_after_another).status, 0) << "they follow each other, whenever they begin";
}

}  // namespace
}  // namespace withstand::cli_test
