#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.hpp"

/// Settings of a driver in an experiment's [load] options: found wrong before anything runs, with their place.
namespace withstand::cli_test {
namespace {

using ::testing::HasSubstr;

std::string experiment(const std::string& target, const std::string& options) {
  return "title = \"x\"\nseed = 1\n[target]\nuse = \"" + target + "\"\n[load]\nworkload = \"register\"\noptions = { " +
         options + " }\n[expect]\nbefore = [\"errors == 0%\"]\n";
}

TEST(DriverOption, AWrongOneIsShownWithItsPlace) {
  const Folder folder;
  struct Row {
    const char *target, *options, *message, *help;
  };
  for (const auto& [target, options, message, help] : {
           Row{"etcd", "raeds = \"serializable\"", "7:13: error: driver 'etcd' has no option 'raeds'",
               "did you mean 'reads'?"},
           Row{"etcd", "reads = \"stale\"", "7:13: error: option 'reads' of driver 'etcd' cannot be 'stale'",
               "it is one of: linearizable, serializable"},
           Row{"postgres", "primary = \"n2\"", "no node 'n2' serves clients", "primary = the name of a node"},
           Row{"redis-sentinel", "primary = \"sentinel-1\"", "no node 'sentinel-1' serves clients", ""},
           Row{"quorum-kv", "path = \"/{kye}\"", "unknown placeholder '{kye}'", "did you mean '{key}'?"},
       }) {
    const auto outcome = withstand({"plan", folder.write("x.toml", experiment(target, options))});
    EXPECT_EQ(outcome.status, 2) << options;
    EXPECT_THAT(outcome.err + outcome.out, HasSubstr(message));
    EXPECT_THAT(outcome.err + outcome.out, HasSubstr(help));
  }
}

TEST(DriverOption, AGoodOneIsTaken) {
  const Folder folder;
  for (const auto& [target, options] :
       {std::pair{"etcd", "reads = \"serializable\", route = \"spread\""},
        std::pair{"redis-sentinel", "primary = \"redis-2\", sentinel = \"{sentinels}\""}}) {
    const auto outcome = withstand({"plan", folder.write("x.toml", experiment(target, options))});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
}

}  // namespace
}  // namespace withstand::cli_test
