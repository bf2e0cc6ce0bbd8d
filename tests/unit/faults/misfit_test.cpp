// Faults that would hit nobody are refused with the file, wherever that can be known.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reading.hpp"

namespace withstand::faults {
namespace {

using ::testing::HasSubstr;

/// What is wrong with one fault among so many nodes.
std::string complaints(int nodes, const std::string& kind, const std::string& keys) {
  return complaints_about(kind, keys, nodes);
}

std::string partition(int nodes, const std::string& keys) { return complaints(nodes, "network.partition", keys); }

TEST(Misfits, GroupsThatLoseNobodyAreRefused) {
  EXPECT_THAT(partition(3, "groups = []"), HasSubstr("x.toml:6:10: error: fewer than two groups lose nobody"));
  EXPECT_THAT(partition(3, R"(groups = [["all"]])"), HasSubstr("x.toml:6:10: error: fewer than two groups"));
  EXPECT_THAT(partition(3, R"(groups = [["n1"], []])"), HasSubstr("x.toml:6:19: error: a group of 'groups' is empty"));
  EXPECT_THAT(partition(3, R"(groups = [["n1"], ["n2", "n1"]])"),
              HasSubstr("x.toml:6:10: error: node 'n1' is in two groups"));
  EXPECT_THAT(partition(3, R"(groups = [["n1"], ["all"]])"), HasSubstr("node 'n1' is in two groups"));
  EXPECT_EQ(partition(3, R"(groups = [["n1", "n1"], ["n2"]])"), "");
}

TEST(Misfits, ShapesThatCannotBeAreRefused) {
  EXPECT_THAT(partition(1, R"(shape = "minority")"),
              HasSubstr("x.toml:6:9: error: shape 'minority' cuts off none of 1 nodes"));
  EXPECT_THAT(partition(1, "shape = \"isolate\"\non = \"any\""),
              HasSubstr("x.toml:6:9: error: shape 'isolate' cuts off nobody here"));
  EXPECT_THAT(partition(2, R"(shape = "bridge")"), HasSubstr("needs three nodes or more"));
  EXPECT_THAT(partition(3, "shape = \"split\"\nparts = 4"), HasSubstr("cannot make 4 groups of 3 nodes"));
  EXPECT_THAT(partition(3, "shape = \"minority\"\non = \"all\""), HasSubstr("but 'on' names more"));
  EXPECT_EQ(partition(3, R"(shape = "minority")"), "");
}

TEST(Misfits, LinksFromANodeToItselfAreRefused) {
  for (const auto& [kind, more] : {std::pair("network.latency", "delay = \"5ms\""),
                                   std::pair("network.loss", "loss = \"5%\""), std::pair("network.partition", "")}) {
    EXPECT_THAT(complaints(3, kind, fmt::format("from = \"n1\"\nto = \"n1\"\n{}", more)),
                HasSubstr("x.toml:7:6: error: there is no link between the nodes it names"))
        << kind;
    EXPECT_EQ(complaints(3, kind, fmt::format("from = \"n1\"\nto = \"n2\"\n{}", more)), "") << kind;
    EXPECT_EQ(complaints(3, kind, fmt::format("from = \"any\"\nto = \"any\"\n{}", more)), "")
        << kind << ": it depends on the seed";
  }
}

/// What is wrong with one fault on two attached nodes.
std::string when_attached(const std::string& kind, const std::string& keys) {
  const std::string text = fmt::format(
      "[target]\nattach = [{{ name = \"db1\", netns = \"a\", interface = \"eth0\" }},\n"
      "          {{ name = \"db2\", netns = \"b\", interface = \"eth0\" }}]\n[[fault]]\nkind = \"{}\"\n{}\n",
      kind, keys);
  const core::Catalog kinds = catalog();
  const auto reading = spec::read_experiment(text, "x.toml", kinds, NoTargets());
  return spec::render(reading.diagnostics, reading.sources);
}

TEST(Misfits, WhatCannotBeDoneToAttachedNodesIsRefusedAndNamesThem) {
  const std::string stream =
      when_attached("network.stream", "from = \"client\"\nto = \"db1\"\naction = \"reset\"\nafter = \"1s\"");
  EXPECT_THAT(stream, HasSubstr("error: on an attached interface no connection can be followed"));
  EXPECT_THAT(stream, HasSubstr("action = \"reset\" is not possible"));
  EXPECT_THAT(stream, HasSubstr("(attached: db1, db2)"));
  EXPECT_THAT(when_attached("process.kill", R"(on = "db1")"),
              HasSubstr("an attached node has nothing that this could be done to"));
  EXPECT_THAT(when_attached("network.unplug", R"(on = "db1")"), HasSubstr("(attached: db1, db2)"));
  EXPECT_THAT(when_attached("network.loss", "on = \"db1\"\nloss = \"0.3%\"\ncorrelation = \"25%\""),
              HasSubstr("correlated"));
  EXPECT_EQ(when_attached("network.loss", "on = \"db1\"\nloss = \"5%\""), "");
  EXPECT_EQ(when_attached("network.partition", R"(groups = [["db1"], ["db2", "client"]])"), "");
}

TEST(Misfits, ASelectionOfNobodyIsRefused) {
  EXPECT_THAT(complaints(2, "process.pause", R"(on = "minority")"),
              HasSubstr("x.toml:6:6: error: 'minority' is none of the nodes there are"));
  EXPECT_EQ(complaints(3, "process.pause", R"(on = "minority")"), "");
}

TEST(Misfits, WhatEndsBeyondDuringWithAllItsRoundsIsRefused) {
  EXPECT_THAT(complaints(3, "process.kill", "on = \"n1\"\nrestart = \"500ms\"\ncrashes = 50\nuptime = \"300ms\""),
              HasSubstr("it may take 50 times restart 500ms, with 300ms of uptime between them"));
  EXPECT_THAT(complaints(3, "process.terminate", "on = \"n1\"\nrestart = \"1s\"\ngrace = \"30s\""),
              HasSubstr("it may take grace 30s and restart 1s"));
  EXPECT_EQ(complaints(3, "process.terminate", "on = \"n1\"\nrestart = \"1s\"\ngrace = \"1s\""), "");
}

TEST(Misfits, WhatCannotBeKilledIsRefused) {
  EXPECT_THAT(complaints(3, "process.kill", R"(on = "client")"), HasSubstr("'client' has no process of the target"));
  EXPECT_THAT(complaints(3, "process.pause", R"(on = "client")"), HasSubstr("only links to and from it"));
  EXPECT_THAT(complaints(3, "process.kill", "on = \"n1\"\nsignal = \"STOP\""), HasSubstr("process.pause holds a node"));
  EXPECT_THAT(complaints(3, "process.kill", "on = \"n1\"\nsignal = \"WINCH\""), HasSubstr("SIGWINCH ends no process"));
  EXPECT_THAT(complaints(3, "process.kill", R"(on = ["n1", "n2"])"), HasSubstr("'on' is one selector, not a list"));
  EXPECT_THAT(complaints(3, "process.kill", "at = \"1s\""), HasSubstr(R"(= help: on = "n1", or "any")"));
}

std::string latency(const std::string& keys) {
  return complaints(3, "network.latency", "from = \"n1\"\nto = \"n2\"\n" + keys);
}

TEST(Misfits, ADelayThatCannotBeToldFromNoneIsRefused) {
  EXPECT_THAT(latency(R"(delay = "9us")"),
              HasSubstr("x.toml:8:9: error: 'delay' is 9us, below the least it can be: 10us"));
  EXPECT_EQ(latency(R"(delay = "10us")"), "");
}

}  // namespace
}  // namespace withstand::faults
