#include "spec/names.hpp"

#include "spec/signals.hpp"

namespace withstand::spec {
namespace {

Target redis() {
  Target target;
  target.kinds.resize(2);
  target.kinds[0].name = "redis";
  target.kinds[0].count = 3;
  target.kinds[1].name = "sentinel";
  target.kinds[1].count = 3;
  target.roles["primary"].of = "redis";
  return target;
}

Target kv() {
  Target target;
  target.kinds.resize(1);
  target.kinds[0].name = "kv";
  target.kinds[0].count = 3;
  return target;
}

std::vector<std::string> names(const Target& target, const std::map<std::string, std::int64_t>& counts) {
  std::vector<std::string> out;
  for (const NodeName& node : node_names(target, counts)) out.push_back(node.name);
  return out;
}

TEST(NodeNames, FollowTheNumberOfKinds) {
  EXPECT_THAT(names(kv(), {}), testing::ElementsAre("n1", "n2", "n3"));
  EXPECT_THAT(names(kv(), {{"kv", 1}}), testing::ElementsAre("n1"));
  EXPECT_THAT(names(redis(), {{"sentinel", 1}}), testing::ElementsAre("redis-1", "redis-2", "redis-3", "sentinel-1"));
  EXPECT_THAT(client_names(1), testing::ElementsAre("client"));
  EXPECT_THAT(client_names(2), testing::ElementsAre("client-1", "client-2"));
}

TEST(Selector, IsTakenApart) {
  using Pick = SelectorParts::Pick;
  const auto parse = [](const char* text) { return *parse_selector(text, redis(), {}, 2); };
  EXPECT_EQ(parse("redis-2").node, "redis-2");
  EXPECT_EQ(parse("redis-2").kind, "redis");
  EXPECT_EQ(parse("redis").pick, Pick::all);
  EXPECT_EQ(parse("redis").kind, "redis");
  EXPECT_EQ(parse("all").kind, "");
  EXPECT_EQ(parse("minority").pick, Pick::minority);
  EXPECT_EQ(parse("sentinel:majority").pick, Pick::majority);
  EXPECT_EQ(parse("redis:primary").role, "primary");
  EXPECT_EQ(parse("client").pick, Pick::all);
  EXPECT_EQ(parse("client-2").node, "client-2");
  EXPECT_EQ(parse("client:any").kind, "client");
  EXPECT_EQ(parse_selector("client", redis(), {}, 1)->pick, Pick::node);
}

TEST(Selector, NamesTheNearestThingThereIs) {
  const auto complaint = [](const char* text) { return parse_selector(text, redis(), {}, 1).error(); };
  EXPECT_EQ(complaint("redis-4").message, "'redis-4' names no node");
  EXPECT_EQ(complaint("redis-4").help, "there is: redis-1, redis-2, redis-3");
  EXPECT_EQ(complaint("redsi").help, "did you mean 'redis'?");
  EXPECT_EQ(complaint("primary").help, "a role stands behind its kind: 'redis:primary'");
  EXPECT_EQ(complaint("redis:primry").help, "did you mean 'redis:primary'?");
  EXPECT_EQ(complaint("sentinel:primary").message, "'sentinel' has no role 'primary'");
  EXPECT_EQ(complaint("reds:primary").help, "did you mean 'redis:primary'?");
  EXPECT_EQ(complaint("client-2").message, "'client-2' names no node");
  EXPECT_FALSE(parse_selector("", redis(), {}, 1).ok());
}

TEST(Selector, HasAFormWhateverTheTarget) {
  for (const char* text : {"n1", "all", "redis-2", "redis:primary", "a_b.c"})
    EXPECT_TRUE(may_be_selector(text)) << text;
  for (const char* text : {"", "n1, n2", "n1 n2", ":primary", "redis:", "a:b:c", "n*"})
    EXPECT_FALSE(may_be_selector(text)) << text;
}

TEST(Quorums, AreExact) {
  EXPECT_EQ(minority_of(1), 0);
  EXPECT_EQ(minority_of(2), 0);
  EXPECT_EQ(minority_of(3), 1);
  EXPECT_EQ(minority_of(4), 1);
  EXPECT_EQ(minority_of(5), 2);
  EXPECT_EQ(majority_of(3), 2);
  EXPECT_EQ(majority_of(4), 3);
}

TEST(Signals, HaveNamesAndNumbers) {
  EXPECT_EQ(*parse_signal("KILL"), 9);
  EXPECT_EQ(*parse_signal("SIGTERM"), 15);
  EXPECT_EQ(*parse_signal("10"), 10);
  EXPECT_EQ(signal_name(9), "SIGKILL");
  EXPECT_EQ(signal_name(40), "signal 40");
  EXPECT_EQ(parse_signal("KIL").error().help, "did you mean 'KILL'?");
  EXPECT_FALSE(parse_signal("0").ok());
  EXPECT_FALSE(parse_signal("65").ok());
  EXPECT_FALSE(parse_signal("").ok());
}

}  // namespace
}  // namespace withstand::spec
