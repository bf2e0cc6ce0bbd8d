// What somebody is told who mistyped, or pointed at something else.

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

namespace fs = std::filesystem;

constexpr const char* plain = R"(title = "a program of one's own"
tags = ["fast", "net"]
[target]
command = ["sleep", "inf"]
nodes = 3
[phases]
during = "5s"
)";

/// Root again, but without its way round permissions.
void become_bound() {
  constexpr int dac_override = 1, dac_read_search = 2;  // capabilities(7); gone with the next program
  ::prctl(PR_CAPBSET_DROP, dac_override);
  ::prctl(PR_CAPBSET_DROP, dac_read_search);
}

TEST(Usage, EveryComplaintSaysWhoseItIs) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"runn"}, {"run"}, {"run", "--sed", "4", "x.toml"}, {"plan", "x.toml", "y.toml"}, {"run", "x", "--seed"}}) {
    const auto outcome = withstand(arguments);
    EXPECT_EQ(outcome.status, 2) << arguments[0];
    EXPECT_THAT(outcome.err, StartsWith("withstand: ")) << arguments[0];
    EXPECT_THAT(outcome.err, HasSubstr("--help"));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST(Usage, NamesThatAreNearAreProposed) {
  EXPECT_THAT(withstand({"runn", "x.toml"}).err, HasSubstr("there is no command 'runn' (did you mean 'run'?)"));
  EXPECT_THAT(withstand({"run", "x.toml", "--sed", "4"}).err,
              HasSubstr("there is no option '--sed' here (did you mean '--seed'?)"));
  EXPECT_THAT(withstand({"describe", "partition"}).err, HasSubstr("did you mean 'network.partition'?"));
  const Folder folder;
  const auto file = folder.write("short.toml", std::string(plain) + "[[fault]]\nkind = \"kill\"\non = \"n9\"\n");
  const auto outcome = withstand({"plan", file});
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'process.kill'?"));
  EXPECT_THAT(outcome.err, HasSubstr("'n9' names no node"));
  EXPECT_THAT(outcome.err, HasSubstr("there is: n1, n2, n3\n"));
}

TEST(Usage, HelpShowsNothingThatIsNotBuilt) {
  for (const std::string command : {"run", "plan", "list", "replay", "report", "check", "recover"}) {
    const auto outcome = withstand({command, "--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr("ot built")), Not(HasSubstr("--allow-host")))) << command;
  }
  EXPECT_THAT(withstand({"run", "x.toml", "--allow-host"}).err, HasSubstr("--allow-host is not built yet"));
}

TEST(Usage, ExitCodesAreListedOnceAndNotBelowEveryCommand) {
  EXPECT_THAT(withstand({"--help"}).out, HasSubstr("Exit codes"));
  EXPECT_THAT(withstand({"list", "--help"}).out, Not(HasSubstr("xit codes")));
}

TEST(Usage, ATimeoutThatLetsNothingRunIsRefused) {
  const Folder folder;
  const auto file = folder.write("one.toml", plain);
  for (const std::string time : {"0s", "-5s"}) {
    const auto outcome = withstand({"run", file, "--timeout=" + time, "--output", folder.path("runs")});
    EXPECT_EQ(outcome.status, 2) << time;
    EXPECT_THAT(outcome.err, HasSubstr("--timeout")) << time;
  }
}

TEST(Usage, AnOutputFolderOfAnotherUsersIsToldWithItsOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const Folder folder;
  const auto file = folder.write("one.toml", plain);
  fs::permissions(folder.path(), fs::perms(0755));
  const auto outcome = withstand({"run", file, "--output", folder.path("runs")}, [] {
    if (::setgid(54321) != 0 || ::setuid(54321) != 0) ::_exit(125);
  });
  EXPECT_EQ(outcome.status, 2) << outcome.out;
  EXPECT_THAT(outcome.err,
              HasSubstr("belongs to root, perhaps since a run with sudo; say another folder with --output"));
}

TEST(Usage, ListShowsWhatIsGoodAndNamesWhatIsNot) {
  const Folder folder;
  folder.write("good.toml", plain);
  folder.write("bad.toml", "title = 5\n[target]\n");
  const auto outcome = withstand({"list", folder.path()});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, HasSubstr("good.toml"));
  EXPECT_THAT(outcome.err, HasSubstr("bad.toml:1"));
}

TEST(Usage, AnUnknownTagIsToldWithThoseThatThereAre) {
  const Folder folder;
  folder.write("one.toml", plain);
  for (const std::string command : {"run", "list"}) {
    const auto outcome = withstand({command, folder.path(), "--tag", "fsat"});
    EXPECT_EQ(outcome.status, 5) << command;
    EXPECT_THAT(outcome.err, HasSubstr("no experiment here has the tag 'fsat' (did you mean 'fast'?); there are: fast, "
                                       "net\n"));
    EXPECT_THAT(outcome.err, HasSubstr("no experiment was selected"));
  }
  EXPECT_THAT(withstand({"list", folder.path(), "--tag", "!slow"}).err, HasSubstr("the tag 'slow'"));
  EXPECT_THAT(withstand({"list", folder.path(), "--tag", "fast,!net"}).err, Not(HasSubstr("has the tag")));
}

/// The names of what one shard of a folder gets, in order.
std::vector<std::string> shard_of(const Folder& folder, const std::string& shard,
                                  const std::string& more = "--filter=*") {
  const auto outcome = withstand({"list", folder.path(), "--shard", shard, more, "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  std::vector<std::string> names;
  const auto report = nlohmann::json::parse(outcome.out);
  for (const auto& each : report.at("experiments"))
    names.push_back(fs::path(each.at("file").get<std::string>()).lexically_relative(folder.path()).string());
  return names;
}

void fill(const Folder& folder) {
  fs::create_directory(folder.path("b"));
  for (const std::string name : {"a.toml", "b/1.toml", "b/2.toml", "c.toml", "d.toml", "e.toml"})
    folder.write(name, plain);
}

TEST(Shards, AreEquallyLargeAndTheSameWhereverTheTreeLies) {
  const Folder here, there;
  fill(here);
  fill(there);
  ASSERT_NE(here.path(), there.path());
  EXPECT_THAT(shard_of(here, "1/4"), ElementsAre("a.toml", "d.toml"));
  EXPECT_THAT(shard_of(here, "2/4"), ElementsAre("b/1.toml", "e.toml"));
  EXPECT_THAT(shard_of(here, "3/4"), ElementsAre("b/2.toml"));
  EXPECT_THAT(shard_of(here, "4/4"), ElementsAre("c.toml"));
  for (const std::string shard : {"1/4", "2/4", "3/4", "4/4", "1/2"})
    EXPECT_EQ(shard_of(here, shard), shard_of(there, shard));
  EXPECT_THAT(shard_of(here, "2/2", "--filter=-*/b/*"), ElementsAre("c.toml", "e.toml")) << "dealt of what is selected";
  // A file by its name, in whatever order a shell or a script names them.
  const auto one = withstand({"list", here.path("d.toml"), here.path("a.toml"), "--shard", "1/2"});
  EXPECT_THAT(one.out, StartsWith(here.path("a.toml")));
}

TEST(Shards, AnEmptyOneIsNoFailureUnlessTheSelectionIsEmpty) {
  const Folder folder;
  folder.write("one.toml", plain);
  for (const std::string command : {"run", "list"}) {
    const auto outcome = withstand({command, folder.path(), "--shard", "2/2"});
    EXPECT_EQ(outcome.status, 0) << command;
    EXPECT_THAT(outcome.err, StartsWith("withstand: shard 2/2 is empty: ")) << command;
    EXPECT_EQ(withstand({command, folder.path(), "--shard", "2/2", "--filter", "none"}).status, 5) << command;
  }
}

TEST(Shards, WhatCannotBeReadFailsTheOneItFallsTo) {
  const Folder folder;
  folder.write("bad.toml", "title = 5\n[target]\n");
  folder.write("good.toml", plain);
  EXPECT_EQ(withstand({"list", folder.path(), "--shard", "1/2"}).status, 2);
  EXPECT_EQ(withstand({"list", folder.path(), "--shard", "2/2"}).status, 0);
}

TEST(Usage, AReportIntoAFolderThatIsNotThereIsRefusedAndMakesNone) {
  const Folder folder;
  const auto file = folder.write("one.toml", plain);
  for (const std::string option : {"--junit", "--markdown", "--prometheus"}) {
    const auto outcome = withstand({"run", file, "--output", folder.path("runs"), option, folder.path("new/x.xml")});
    EXPECT_EQ(outcome.status, 2) << option;
    EXPECT_THAT(outcome.err, HasSubstr(fmt::format("{} '{}' cannot be written: there is no folder '{}'", option,
                                                   folder.path("new/x.xml"), folder.path("new"))));
  }
  EXPECT_FALSE(fs::exists(folder.path("new")));
  EXPECT_FALSE(fs::exists(folder.path("runs")));
}

TEST(Usage, ATargetThatIsNotFoundSaysWhereItWasLookedFor) {
  const Folder folder;
  const auto named = folder.write("named.toml", "title = \"x\"\n[target]\nuse = \"quorum-kw\"\n");
  const auto outcome = withstand({"plan", named});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("no target is named 'quorum-kw'\n"));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'quorum-kv'?"));
  EXPECT_THAT(outcome.err,
              HasSubstr(fmt::format("targets/quorum-kw/target.toml was looked for in {} and each folder above it",
                                    folder.path().substr(0, folder.path().size() - 1))));
  EXPECT_THAT(outcome.err, HasSubstr("use = \"PATH/target.toml\""));
  const auto by_path = folder.write("path.toml", "title = \"x\"\n[target]\nuse = \"mine/target.toml\"\n");
  EXPECT_THAT(withstand({"plan", by_path}).err, HasSubstr("mine/target.toml': No such file or directory\n"));
}

class SearchedFolder : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const auto* name : {"closed", "closed.toml"}) ::chmod(folder_.path(name).c_str(), 0700);
  }
  Folder folder_;
};

TEST_F(SearchedFolder, OldRunsAreNoExperiments) {
  folder_.write("one.toml", plain);
  fs::create_directories(folder_.path("runs/old/nodes"));
  folder_.write("runs/old/journal.jsonl", "");
  folder_.write("runs/old/experiment.toml", plain);
  const auto outcome = withstand({"list", folder_.path(), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out).at("experiments").size(), 1U);
  EXPECT_EQ(withstand({"run", folder_.path("runs")}).status, 5);
  const auto itself = withstand({"run", folder_.path("runs/old")});
  EXPECT_EQ(itself.status, 2);
  EXPECT_THAT(itself.err, HasSubstr("`withstand replay " + folder_.path("runs/old") + "`"));
}

TEST_F(SearchedFolder, WhatCannotBeReadIsNamedWithTheReason) {
  folder_.write("one.toml", plain);
  fs::create_directory(folder_.path("closed"));
  ASSERT_EQ(::chmod(folder_.path("closed").c_str(), 0), 0);
  for (const std::string command : {"run", "list"}) {
    const auto outcome = withstand({command, folder_.path()}, become_bound);
    EXPECT_EQ(outcome.status, 2) << command;
    EXPECT_THAT(outcome.err, MatchesRegex("withstand: the folder '[^']*closed' cannot be searched: Permission "
                                          "denied; .*\n"));
  }
  EXPECT_THAT(withstand({"list", folder_.path("closed/one.toml")}, become_bound).err,
              HasSubstr("closed/one.toml' cannot be looked at: Permission denied\n"));
  const auto file = folder_.write("closed.toml", plain);
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  EXPECT_THAT(withstand({"plan", file}, become_bound).err, HasSubstr("cannot be read: Permission denied\n"));
  EXPECT_THAT(withstand({"check", file, "--model", "register"}, become_bound).err,
              HasSubstr("cannot be read: Permission denied\n"));
}

TEST(EarlierRun, WithoutItsBeginningIsNeitherReplayedNorReported) {
  const Folder folder;
  fs::create_directory(folder.path("run"));
  folder.write("run/experiment.toml", plain);
  for (const std::string journal :
       {"", "{\"t\":1,\"event\":\"run_st\n{\"t\":2,\"event\":\"phase_started\",\"phase\":\"launch\"}\n"}) {
    folder.write("run/journal.jsonl", journal);
    for (const std::string command : {"replay", "report"}) {
      const auto outcome = withstand({command, folder.path("run")});
      EXPECT_EQ(outcome.status, 2) << command;
      EXPECT_THAT(outcome.err, HasSubstr("how the run began")) << command;
      EXPECT_THAT(outcome.err, HasSubstr(journal.empty() ? "is empty" : "lines that cannot be read: 1"));
      EXPECT_THAT(outcome.out, IsEmpty()) << command;
    }
  }
}

}  // namespace
}  // namespace withstand::cli_test
