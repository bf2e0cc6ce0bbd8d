#include "kv/options.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kv/exit_code.hpp"
#include "kv/http_api.hpp"

namespace quorum_kv {
namespace {

std::optional<Options> parse(std::vector<const char*> extra, const char* peers = "n2=127.0.0.1:12,n1=127.0.0.1:11") {
  std::vector<const char*> argv{"quorum-kv", "--name", "n2",      "--listen", "127.0.0.1:2",
                                "--data",    "d",      "--peers", peers};
  argv.insert(argv.end(), extra.begin(), extra.end());
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

std::string complaint(std::vector<const char*> extra, const char* peers = "n1=127.0.0.1:11,n2=127.0.0.1:12") {
  try {
    parse(std::move(extra), peers);
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.code(), ExitCode::usage);
    return refusal.what();
  }
  return "accepted";
}

TEST(Options, AreReadAndMembersSorted) {
  const auto options = parse({"--op-timeout", "2s", "--rpc-timeout=50ms", "--bug=read-one", "--bug=no-fsync"});
  ASSERT_TRUE(options);
  EXPECT_THAT(options->member_names(), ::testing::ElementsAre("n1", "n2"));
  EXPECT_EQ(options->self, 1u);
  EXPECT_EQ(options->peer_listen.port(), 12);
  EXPECT_EQ(options->timing.operation, std::chrono::seconds(2));
  EXPECT_EQ(options->timing.retry, std::chrono::milliseconds(50));
  EXPECT_TRUE(options->bugs.read_one && options->bugs.no_fsync);
  EXPECT_FALSE(options->bugs.no_timeout || options->init);
}

TEST(Options, UnknownBugsAreRefusedWithTheNames) {
  EXPECT_THAT(complaint({"--bug=reed-one"}),
              ::testing::AllOf(::testing::HasSubstr("reed-one"), ::testing::HasSubstr("read-one, no-write-back")));
}

TEST(Options, MistakesAreNamed) {
  EXPECT_THAT(complaint({"--op-timeout=5"}), ::testing::HasSubstr("not a duration"));
  EXPECT_THAT(complaint({}, "n1=127.0.0.1:11"), ::testing::HasSubstr("does not name this node"));
  EXPECT_THAT(complaint({}, "n2=127.0.0.1:11,n2=127.0.0.1:12"), ::testing::HasSubstr("twice"));
  EXPECT_THAT(complaint({}, "n2=127.0.0.1"), ::testing::HasSubstr("not ADDR:PORT"));
  EXPECT_THAT(complaint({"--peer-listen=nonsense"}), ::testing::HasSubstr("not ADDR:PORT"));
}

TEST(Bugs, EveryOneCanBePlantedAlone) {
  for (const BugEntry& entry : bug_table()) {
    Bugs bugs;
    EXPECT_FALSE(bugs.*(entry.flag));
    EXPECT_TRUE(plant(bugs, entry.name));
    EXPECT_TRUE(bugs.*(entry.flag)) << entry.name;
  }
}

TEST(KeyOf, UndoesPercentEncodingAndRefusesTheRest) {
  EXPECT_EQ(key_of("/kv/plain"), "plain");
  EXPECT_EQ(key_of("/kv/a%2Fb%20c?x=1"), "a/b c");
  for (const char* bad : {"/kv/", "/kv", "/other/x", "/kv/%2", "/kv/%zz", "/kv/a%", ""})
    EXPECT_FALSE(key_of(bad)) << bad;
  EXPECT_FALSE(key_of("/kv/" + std::string(513, 'k')));
}

}  // namespace
}  // namespace quorum_kv
