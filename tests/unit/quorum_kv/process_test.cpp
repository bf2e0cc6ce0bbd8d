#include <fstream>
#include <memory>
#include <signal.h>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "processes.hpp"

namespace quorum_kv::testing {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Three nodes, n1 to n3 as 0 to 2.
class ProcessTest : public ::testing::Test {
 protected:
  std::vector<std::string> arguments(std::size_t node, const std::vector<std::string>& extra) const {
    std::vector<std::string> all{QUORUM_KV_BINARY,
                                 "--name",
                                 fmt::format("n{}", node + 1),
                                 "--listen",
                                 fmt::format("127.0.0.1:{}", ports[node]),
                                 "--peers",
                                 peers(),
                                 "--data",
                                 data(node).string(),
                                 "--op-timeout=400ms",
                                 "--rpc-timeout=50ms"};
    all.insert(all.end(), extra.begin(), extra.end());
    return all;
  }

  std::string peers() const {
    return fmt::format("n1=127.0.0.1:{},n2=127.0.0.1:{},n3=127.0.0.1:{}", ports[3], ports[4], ports[5]);
  }

  std::filesystem::path data(std::size_t node) const { return folder.path() / fmt::format("n{}", node + 1); }

  void start(std::size_t node, const std::vector<std::string>& extra = {}) {
    nodes[node] = std::make_unique<Process>(arguments(node, extra));
    ASSERT_TRUE(nodes[node]->wait_for_line("serving on")) << nodes[node]->output();
  }

  void start_all(const std::vector<std::string>& extra = {}) {
    std::vector<std::string> first = extra;
    first.push_back("--init");
    for (std::size_t node = 0; node < 3; ++node) start(node, first);
    for (std::size_t node = 0; node < 3; ++node) await_majority(node);
  }

  void kill(std::size_t node) {
    nodes[node]->signal(SIGKILL);
    EXPECT_EQ(nodes[node]->wait(), 128 + SIGKILL);
    nodes[node].reset();
  }

  int exit_code_of(std::size_t node, const std::vector<std::string>& extra) {
    return Process(arguments(node, extra)).wait();
  }

  json health(std::size_t node) const { return json::parse(http(ports[node], "GET", "/health").body); }

  /// The node learns by itself; there is no event outside of it to wait for, so it is asked again and again.
  milliseconds await_majority(std::size_t node) const {
    const auto begin = steady_clock::now();
    while (!health(node)["majority"].get<bool>()) {
      if (steady_clock::now() - begin > std::chrono::seconds(10)) throw std::runtime_error("no majority in 10 s");
      std::this_thread::sleep_for(milliseconds(2));
    }
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  }

  Answer put(std::size_t node, const std::string& key, const std::string& value) const {
    return http(ports[node], "PUT", "/kv/" + key, value);
  }
  std::string get(std::size_t node, const std::string& key) const {
    const Answer answer = http(ports[node], "GET", "/kv/" + key);
    return answer.status == 200 ? json::parse(answer.body)["value"].get<std::string>() : std::to_string(answer.status);
  }

  std::string op_timeout = "400ms";
  TemporaryFolder folder;
  std::vector<std::uint16_t> ports = free_ports(6);
  std::unique_ptr<Process> nodes[3];
};

TEST_F(ProcessTest, ValuesSurviveKillsOfAnyNode) {
  start_all();
  EXPECT_EQ(get(0, "k"), "404");
  EXPECT_EQ(put(0, "k", "one").status, 200);
  for (std::size_t node = 0; node < 3; ++node) EXPECT_EQ(get(node, "k"), "one");
  kill(2);
  EXPECT_EQ(put(0, "k", "two").status, 200);
  start(2);
  kill(0);
  await_majority(2);
  EXPECT_EQ(get(2, "k"), "two");
  EXPECT_EQ(put(2, "k", "three \"quoted\"\n").status, 200);
  kill(1);
  kill(2);
  for (std::size_t node = 0; node < 3; ++node) start(node);
  await_majority(0);
  EXPECT_EQ(get(0, "k"), "three \"quoted\"\n");
  EXPECT_EQ(health(2)["boot"], 3);
  EXPECT_EQ(health(2)["recovered_keys"], 1);
}

TEST_F(ProcessTest, WithoutAMajorityAnOperationFailsInTimeAndSaysThatNothingHappened) {
  start_all();
  kill(1);
  kill(2);
  const auto begin = steady_clock::now();
  const Answer answer = put(0, "k", "lost");
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(json::parse(answer.body)["outcome"], "none");
  EXPECT_FALSE(health(0)["majority"].get<bool>());
  start(1);
  await_majority(0);
  EXPECT_EQ(get(0, "k"), "404");
  EXPECT_EQ(put(0, "k", "kept").status, 200);
}

TEST_F(ProcessTest, PausedPeersAreFoundAgain) {
  start_all();
  for (const std::size_t node : {1u, 2u}) nodes[node]->signal(SIGSTOP);
  EXPECT_EQ(put(0, "k", "x").status, 503);
  for (const std::size_t node : {1u, 2u}) nodes[node]->signal(SIGCONT);
  EXPECT_LT(await_majority(0), std::chrono::seconds(3));
  EXPECT_EQ(put(0, "k", "y").status, 200);
  EXPECT_EQ(get(1, "k"), "y");
}

TEST_F(ProcessTest, TerminatesCleanlyWithinASecond) {
  start_all();
  EXPECT_EQ(put(1, "k", "v").status, 200);
  const auto begin = steady_clock::now();
  nodes[1]->signal(SIGTERM);
  EXPECT_EQ(nodes[1]->wait(), 0);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(1));
  nodes[1].reset();
  start(1);
  await_majority(1);
  EXPECT_EQ(get(1, "k"), "v");
}

TEST_F(ProcessTest, RefusesToServeAndSaysWhyByItsExitCode) {
  EXPECT_EQ(exit_code_of(0, {}), 3) << "no directory";
  std::filesystem::create_directory(data(0));
  EXPECT_EQ(exit_code_of(0, {}), 3) << "an empty directory";
  EXPECT_EQ(exit_code_of(0, {"--bug=none-such"}), 2);
  start(0, {"--init"});
  EXPECT_EQ(exit_code_of(1, {"--init", fmt::format("--peer-listen=127.0.0.1:{}", ports[0])}), 7);
  nodes[0]->signal(SIGTERM);
  EXPECT_EQ(nodes[0]->wait(), 0);
  nodes[0].reset();
  EXPECT_EQ(exit_code_of(0, {"--init"}), 6);
  std::filesystem::resize_file(data(0) / "log", 100);
  EXPECT_EQ(exit_code_of(0, {}), 4);
  std::filesystem::rename(data(0) / "log", data(0) / "elsewhere");
  EXPECT_EQ(exit_code_of(0, {}), 4);
}

TEST_F(ProcessTest, RefusesRequestsItCannotServe) {
  op_timeout = "20s";
  start_all();
  EXPECT_EQ(http(ports[0], "GET", "/nothing").status, 404);
  EXPECT_EQ(http(ports[0], "GET", "/kv/").status, 400);
  EXPECT_EQ(http(ports[0], "DELETE", "/kv/k").status, 405);
  EXPECT_EQ(put(0, "k", "\xff\xfe").status, 400);
  EXPECT_EQ(put(0, "k", std::string((1 << 20) + 1, 'x')).status, 413);
  EXPECT_EQ(put(0, "k", std::string(1 << 20, 'x')).status, 200);
  EXPECT_EQ(get(1, "k").size(), std::size_t{1} << 20);
}

TEST_F(ProcessTest, MetricsCountWhatHappened) {
  start_all();
  EXPECT_EQ(put(0, "k", "v").status, 200);
  EXPECT_EQ(get(0, "k"), "v");
  // The other two may have been the majority: this node's own sync may come after the answer.
  const std::string synced = "quorum_kv_log_syncs_total 1";
  std::string text;
  for (const auto end = steady_clock::now() + std::chrono::seconds(10); steady_clock::now() < end;) {
    text = http(ports[0], "GET", "/metrics").body;
    if (text.find(synced) != std::string::npos) break;
  }
  for (const std::string& line : {std::string("quorum_kv_requests_total{op=\"write\",outcome=\"ok\"} 1"),
                                  std::string("quorum_kv_request_seconds_bucket{op=\"read\",le=\"+Inf\"} 1"), synced,
                                  std::string("quorum_kv_boot 1"), std::string("quorum_kv_processors "),
                                  std::string("quorum_kv_peer_up{peer=\"n2\"} 1")}) {
    EXPECT_THAT(text, ::testing::HasSubstr(line));
  }
}

TEST_F(ProcessTest, ANodeForAnotherClusterIsNotListenedTo) {
  start_all();
  kill(2);
  // n3 of a cluster with another member: its answers must not count here.
  nodes[2] = std::make_unique<Process>(std::vector<std::string>{
      QUORUM_KV_BINARY, "--name", "n3", "--listen", fmt::format("127.0.0.1:{}", ports[2]), "--peers",
      peers() + ",n4=127.0.0.1:9", "--data", (folder.path() / "other").string(), "--init"});
  ASSERT_TRUE(nodes[2]->wait_for_line("serving on"));
  ASSERT_TRUE(nodes[2]->wait_for_line("refused a connection"));
  kill(1);
  EXPECT_EQ(put(0, "k", "v").status, 503);
}

}  // namespace
}  // namespace quorum_kv::testing
