#include "load/shapes.hpp"

#include <map>
#include <set>

#include "load/key_choice.hpp"
#include "load/plan.hpp"
#include "load/values.hpp"
#include "spec/vocabulary.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;
using Kind = Request::Kind;

Config of(const std::string& workload) {
  auto config = register_config("");
  const auto* known = spec::find_workload(workload);
  config.workload = workload;
  config.keys = known->keys;
  if (workload == "session") config.users = 4;
  return config;
}

std::vector<Planned> first(const Config& config, std::size_t count) {
  Plan plan(config);
  std::vector<Planned> out;
  for (; out.size() < count; plan.advance()) out.push_back(plan.next());
  return out;
}

TEST(Shapes, EveryWorkloadHasItsOperationsAndUniqueValues) {
  for (const auto& workload : spec::workloads()) {
    std::set<std::string> values, ops;
    for (const auto& planned : first(of(workload.name), 500)) {
      ops.insert(std::string(planned.op.empty() ? op_name(planned.kind) : planned.op));
      const bool counted = planned.kind == Kind::increment || planned.kind == Kind::transfer;
      if (!planned.value.empty() && !counted) {
        EXPECT_TRUE(values.insert(planned.value).second) << workload.name;
      }
      if (!planned.shown.empty()) {
        EXPECT_TRUE(nlohmann::json::accept(planned.shown)) << planned.shown;
      }
    }
    for (const auto& op : ops)
      EXPECT_EQ(std::count(workload.operations.begin(), workload.operations.end(), op), 1) << workload.name << op;
  }
}

TEST(Shapes, TransactionsAppendEveryNumberOnce) {
  std::set<std::uint64_t> appended;
  std::size_t reads = 0;
  for (const auto& planned : first(of("append"), 2'000)) {
    ASSERT_FALSE(planned.steps.empty());
    ASSERT_LE(planned.steps.size(), 4U);
    for (const auto& step : planned.steps) {
      if (step.kind == Step::Kind::append) {
        EXPECT_TRUE(appended.insert(step.value).second);
      }
      reads += step.kind == Step::Kind::read ? 1 : 0;
    }
  }
  EXPECT_NEAR(static_cast<double>(reads), static_cast<double>(appended.size()), 500);
  EXPECT_EQ(shown_steps({{Step::Kind::append, "t1", 5}, {Step::Kind::read, "t2", 0}}),
            R"([["append","t1",5],["r","t2",null]])");
  EXPECT_EQ(shown_steps({{Step::Kind::read, "t2", 0}}, {"[1,2]"}), R"([["r","t2",[1,2]]])");
}

TEST(Shapes, HalvesOfAPairAreDueTogether) {
  const auto planned = first(of("write-skew"), 10);
  for (std::size_t i = 0; i < 10; i += 2) {
    EXPECT_EQ(planned[i].key, planned[i + 1].key);
    EXPECT_EQ(planned[i].offset, planned[i + 1].offset);
    EXPECT_EQ(planned[i].shown, fmt::format("[{},null]", i + 1));
    EXPECT_EQ(planned[i + 1].shown, fmt::format("[null,{}]", i + 2));
  }
  EXPECT_NE(planned[0].key, planned[2].key);
}

TEST(Shapes, EachKeyOfALongForkIsWrittenOnceInItsGroup) {
  std::map<std::string, int> written;
  std::set<std::string> read;
  for (const auto& planned : first(of("long-fork"), 600)) {
    for (const auto& step : planned.steps) {
      if (step.kind == Step::Kind::write) ++written[step.key];
      if (step.kind == Step::Kind::read) read.insert(step.key);
    }
    EXPECT_EQ(planned.steps.size(), planned.op == "write" ? 1U : 2U);
  }
  for (const auto& [key, count] : written) EXPECT_EQ(count, 1) << key;
  EXPECT_EQ(written.size(), 200U);
  EXPECT_EQ(read.size(), 200U);
}

TEST(Shapes, TransfersAreBetweenTwoAccounts) {
  for (const auto& planned : first(of("bank"), 500)) {
    if (planned.kind == Kind::balances) continue;
    EXPECT_NE(planned.key, planned.expected);
    EXPECT_GE(std::stoi(planned.value), 1);
    EXPECT_LE(std::stoi(planned.value), 5);
  }
}

// Of 100 keys by Zipf's law with exponent 1 the first gets 1 / H(100) = 19.3 % of 20 000, give or take 5 * 56.
TEST(Shapes, PopularKeysAreChosenAsOftenAsWasSaid) {
  auto config = of("register");
  config.keys = 100;
  const auto count_first = [&](std::size_t keys) {
    std::size_t count = 0;
    for (const auto& planned : first(config, 20'000)) count += std::stoul(planned.key.substr(1)) < keys ? 1U : 0U;
    return static_cast<double>(count);
  };
  EXPECT_NEAR(count_first(10), 2'000, 215);
  config.zipf = 1;
  EXPECT_NEAR(count_first(1), 20'000 / 5.187, 280);
  config.zipf = 0;
  config.hot_keys_ppb = 100'000'000;
  config.hot_share_ppb = 900'000'000;
  EXPECT_NEAR(count_first(10), 18'000, 215);
}

TEST(Shapes, ValueSizesAreDrawnByTheWriteAndKnownFromItsName) {
  auto config = of("register");
  config.value_sizes = {{16, 75}, {1'000, 25}};
  const ValueSizes sizes(config);
  int large = 0;
  for (int id = 0; id < 10'000; ++id) {
    const auto name = value_name(0, static_cast<std::uint64_t>(id));
    const auto size = sizes.of(name);
    large += size == 1'000 ? 1 : 0;
    EXPECT_EQ(name_of_value(fill_value(name, size), sizes.of(name)), name);
  }
  EXPECT_NEAR(large, 2'500, 217);
}

TEST(Shapes, ACasIsShownWithWhatItExpects) {
  EXPECT_EQ(shown_cas("", "c1-3"), R"([null,"c1-3"])");
  EXPECT_EQ(shown_cas("c1-2", "c1-3"), R"(["c1-2","c1-3"])");
}

}  // namespace
}  // namespace withstand::load
