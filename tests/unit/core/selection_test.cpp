#include "core/selection.hpp"

#include <set>

#include <gtest/gtest.h>

namespace withstand::core {
namespace {

Topology two_kinds() {
  spec::Experiment experiment;
  spec::NodeKind redis, sentinel;
  redis.name = "redis";
  redis.count = 5;
  redis.ports = {{"client", 6379}};
  redis.port_order = {"client"};
  sentinel.name = "sentinel";
  sentinel.count = 3;
  experiment.target.kinds = {redis, sentinel};
  return Topology(experiment);
}

TEST(Topology, NamesAndAddressesDependOnTheOrderAlone) {
  const Topology topology = two_kinds();
  ASSERT_EQ(topology.nodes().size(), 9U);
  EXPECT_EQ(topology.at(0).name, "redis-1");
  EXPECT_EQ(topology.at(0).address, "198.18.0.1");
  EXPECT_EQ(topology.at(0).first_port, 6379);
  EXPECT_EQ(topology.at(5).name, "sentinel-1");
  EXPECT_EQ(topology.at(8).name, "client");
  EXPECT_TRUE(topology.at(8).client);
  EXPECT_EQ(topology.at(8).address6, "fd57:7374::9");
}

TEST(Topology, ManyNodesGetDistinctUsableAddresses) {
  spec::Experiment experiment;
  spec::NodeKind kind;
  kind.name = "n";
  kind.count = 1000;
  experiment.target.kinds = {kind};
  std::set<std::string> seen;
  const Topology topology(experiment);
  for (const auto& node : topology.nodes()) {
    EXPECT_TRUE(seen.insert(node.address).second) << node.address;
    EXPECT_FALSE(node.address.ends_with(".0") || node.address.ends_with(".255")) << node.address;
  }
  EXPECT_EQ(topology.at(0).name, "n1") << "a single kind gives short names";
}

TEST(Selection, NamesKindsAndQuantities) {
  const Topology topology = two_kinds();
  const auto pick = [&](const char* text, std::uint64_t seed = 1) {
    return select({text, {}}, topology, seed, "kill", "on").nodes;
  };
  EXPECT_EQ(pick("redis-2"), std::vector<NodeId>{1});
  EXPECT_EQ(pick("sentinel"), (std::vector<NodeId>{5, 6, 7}));
  EXPECT_EQ(pick("client"), std::vector<NodeId>{8});
  EXPECT_EQ(pick("all").size(), 8U) << "clients are in no group";
  EXPECT_EQ(pick("any").size(), 1U);
  EXPECT_EQ(pick("redis:minority").size(), 2U);
  EXPECT_EQ(pick("redis:majority").size(), 3U);
  std::set<std::vector<NodeId>> drawn;
  for (std::uint64_t seed = 0; seed < 100; ++seed) drawn.insert(pick("redis:any", seed));
  EXPECT_EQ(drawn.size(), 5U) << "every node's turn comes";
}

TEST(Selection, ARoleIsLeftToBeAsked) {
  const auto selection = select({"redis:primary", {}}, two_kinds(), 1, "kill", "on");
  ASSERT_TRUE(selection.role);
  EXPECT_EQ(selection.role->kind, "redis");
  EXPECT_EQ(selection.role->name, "primary");
  EXPECT_TRUE(selection.nodes.empty());
}

TEST(Selection, AnotherFaultsNameDrawsAnew) {
  const Topology topology = two_kinds();
  int differ = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    differ +=
        select({"all", {}}, topology, seed, "a", "on").nodes == select({"all", {}}, topology, seed, "b", "on").nodes &&
                shuffled({0, 1, 2, 3, 4}, seed, "a", "on") != shuffled({0, 1, 2, 3, 4}, seed, "b", "on")
            ? 1
            : 0;
  EXPECT_GT(differ, 40);
}

TEST(Selection, MinorityNeverReachesHalf) {
  for (std::size_t n = 1; n < 100; ++n) {
    EXPECT_LT(2 * minority_size(n), n);
    EXPECT_GT(2 * majority_size(n), n);
    EXPECT_EQ(minority_size(n) + majority_size(n), n);
  }
}

}  // namespace
}  // namespace withstand::core
