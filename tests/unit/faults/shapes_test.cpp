#include "network/shapes.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace withstand::faults {
namespace {

using core::Link;
using core::NodeId;

std::vector<NodeId> first(std::size_t count) {
  std::vector<NodeId> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back(static_cast<NodeId>(i));
  return nodes;
}

ShapeRequest request(std::string shape, std::size_t count, std::vector<NodeId> on = {}, std::uint64_t seed = 1) {
  return {std::move(shape), first(count), std::move(on), "out", seed, "cut"};
}

/// Whom each node still hears, itself included.
std::map<NodeId, std::set<NodeId>> hears(const std::vector<Link>& refused, std::size_t count) {
  std::map<NodeId, std::set<NodeId>> result;
  for (const NodeId to : first(count))
    for (const NodeId from : first(count))
      if (std::find(refused.begin(), refused.end(), Link{from, to}) == refused.end()) result[to].insert(from);
  return result;
}

TEST(Shapes, IsolateCutsEachNamedNodeFromEverybodyBothWays) {
  const auto links = shape_links(request("isolate", 3, {1}));
  EXPECT_EQ(links, (std::vector<Link>{{0, 1}, {1, 0}, {1, 2}, {2, 1}}));
  EXPECT_EQ(hears(shape_links(request("isolate", 5, {1, 2})), 5).at(1), std::set<NodeId>{1});
}

TEST(Shapes, MinoritySideHoldsTheNamedNodeAndFewerThanHalf) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto heard = hears(shape_links(request("minority", 5, {3}, seed)), 5);
    EXPECT_EQ(heard.at(3).size(), 2U);
    for (const NodeId peer : heard.at(3)) EXPECT_EQ(heard.at(peer), heard.at(3));
  }
}

TEST(Shapes, MajoritySideHoldsTheNamedNodeAndMoreThanHalf) {
  const auto heard = hears(shape_links(request("majority", 5, {3})), 5);
  EXPECT_EQ(heard.at(3).size(), 3U);
}

TEST(Shapes, HalvesCutsInTwo) {
  const auto heard = hears(shape_links(request("halves", 4)), 4);
  for (const auto& [node, peers] : heard) EXPECT_EQ(peers.size(), 2U) << node;
}

TEST(Shapes, MajoritiesRingGivesEveryNodeAMajorityAndNoTwoTheSame) {
  for (const std::size_t count : {3U, 4U, 5U, 6U, 7U, 9U}) {
    const auto heard = hears(shape_links(request("majorities-ring", count)), count);
    std::set<std::set<NodeId>> distinct;
    for (const auto& [node, peers] : heard) {
      EXPECT_EQ(peers.size(), core::NodeId(count / 2 + 1)) << count;
      EXPECT_TRUE(peers.count(node)) << "a node hears itself";
      distinct.insert(peers);
    }
    EXPECT_EQ(distinct.size(), count);
  }
}

TEST(Shapes, AsymmetricCutsOneDirectionOnly) {
  EXPECT_EQ(shape_links(request("asymmetric", 3, {0})), (std::vector<Link>{{0, 1}, {0, 2}}));
  auto in = request("asymmetric", 3, {0});
  in.direction = "in";
  EXPECT_EQ(shape_links(in), (std::vector<Link>{{1, 0}, {2, 0}}));
}

TEST(Shapes, GroupsLoseEachOtherAndAFreeNodeKeepsAll) {
  const auto heard = hears(group_links({{0}, {1, 2}}), 4);
  EXPECT_EQ(heard.at(0), (std::set<NodeId>{0, 3}));
  EXPECT_EQ(heard.at(3), (std::set<NodeId>{0, 1, 2, 3}));
}

TEST(Shapes, TheSeedDecidesAndNothingElse) {
  EXPECT_EQ(shape_links(request("minority", 9, {}, 7)), shape_links(request("minority", 9, {}, 7)));
  std::set<std::vector<Link>> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) seen.insert(shape_links(request("minority", 9, {}, seed)));
  EXPECT_GT(seen.size(), 10U);
}

TEST(Shapes, SaysWhenAShapeCannotBe) {
  EXPECT_THROW(shape_links(request("isolate", 3)), std::invalid_argument);
  EXPECT_THROW(shape_links(request("minority", 3, {0, 1})), std::invalid_argument);
  EXPECT_THROW(shape_links(request("majorities-ring", 2)), std::invalid_argument);
}

TEST(Shapes, BridgeLeavesOneNodeThatHearsBothHalves) {
  for (const std::size_t count : {3U, 4U, 5U, 8U}) {
    const auto heard = hears(shape_links(request("bridge", count, {1})), count);
    EXPECT_EQ(heard.at(1).size(), count);
    std::set<std::set<NodeId>> sides;
    for (const auto& [node, peers] : heard)
      if (node != 1) sides.insert(peers);
    EXPECT_EQ(sides.size(), 2U) << count;
  }
  EXPECT_THROW(shape_links(request("bridge", 2)), std::invalid_argument);
  EXPECT_THROW(shape_links(request("bridge", 5, {1, 2})), std::invalid_argument);
}

TEST(Shapes, MinorityThirdIsFewerThanAThird) {
  EXPECT_EQ(hears(shape_links(request("minority-third", 4, {2})), 4).at(2).size(), 1U);
  EXPECT_EQ(hears(shape_links(request("minority-third", 7, {2})), 7).at(2).size(), 2U);
  EXPECT_THROW(shape_links(request("minority-third", 3)), std::invalid_argument) << "there is no such third";
}

TEST(Shapes, PrimariesAreEachAlone) {
  const auto heard = hears(shape_links(request("primaries", 5, {0, 3})), 5);
  EXPECT_EQ(heard.at(0), std::set<NodeId>{0});
  EXPECT_EQ(heard.at(3), std::set<NodeId>{3});
  EXPECT_EQ(heard.at(1).size(), 3U);
}

TEST(Shapes, SplitMakesSoManyGroupsByChance) {
  std::set<std::vector<Link>> distinct;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    ShapeRequest asked = request("split", 7, {}, seed);
    asked.parts = 3;
    const auto links = shape_links(asked);
    distinct.insert(links);
    std::set<std::set<NodeId>> groups;
    for (const auto& [node, peers] : hears(links, 7)) {
      EXPECT_TRUE(peers.contains(node));
      groups.insert(peers);
    }
    EXPECT_EQ(groups.size(), 3U);
    EXPECT_EQ(links, shape_links(asked));
  }
  EXPECT_GT(distinct.size(), 30U);
  ShapeRequest asked = request("split", 3);
  asked.parts = 4;
  EXPECT_THROW(shape_links(asked), std::invalid_argument);
}

}  // namespace
}  // namespace withstand::faults
