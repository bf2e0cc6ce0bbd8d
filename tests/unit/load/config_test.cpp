#include "load/config.hpp"

#include "load/protocol.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;

spec::Experiment experiment() {
  spec::Experiment out;
  out.target.driver = "redis";
  spec::NodeKind redis, sentinel;
  redis.name = "redis";
  redis.count = 2;
  redis.ports = {{"client", 6379}};
  redis.port_order = {"client"};
  sentinel.name = "sentinel";
  sentinel.serves_clients = false;
  out.target.kinds = {redis, sentinel};
  out.load.emplace();
  out.load->workload = "write-once";
  out.load->rate = {250'000};
  out.load->clients = 2;
  out.load->value_size = {100};
  return out;
}

TEST(Config, ComesFromTheExperimentAndTheTopology) {
  const auto from = experiment();
  const core::Topology topology(from);
  const auto* client = topology.find("client-2");
  ASSERT_NE(client, nullptr);
  const auto config = make_config(from, topology, *client, {{"master", "mine"}}, 5, 77, "h.jsonl");
  EXPECT_EQ(config.client, "client-2");
  EXPECT_EQ(config.client_index, 1);
  EXPECT_EQ(config.clients, 2);
  EXPECT_EQ(config.driver, "redis");
  ASSERT_EQ(config.endpoints.size(), 2U) << "sentinels serve no clients";
  EXPECT_EQ(config.endpoints[1].node, "redis-2");
  EXPECT_EQ(config.endpoints[1].port, 6379);
  EXPECT_TRUE(objections(config).empty());
}

TEST(Config, SurvivesTheWayToTheLoadProcess) {
  auto config = register_config("folder/\xc3\xa9 h.jsonl");
  config.driver_options = {{"path", "/a\"b"}};
  config.endpoints = {{"n1", "fd57:7374::1", 7000}};
  config.seed = ~0ULL;
  Command command;
  command.kind = Command::Kind::configure;
  command.config = config;
  const auto back = command_from(to_text(command));
  EXPECT_EQ(back.kind, Command::Kind::configure);
  EXPECT_EQ(to_json(back.config), to_json(config));
  EXPECT_EQ(back.config.seed, ~0ULL);
  EXPECT_EQ(back.config.history, config.history);
}

TEST(Config, MessagesSurviveTheWayBack) {
  Message message;
  message.kind = Message::Kind::seconds;
  message.seconds = {{"read", 12, 1, 2, 3, 4, 5, 6, 7, 8}};
  const auto back = message_from(to_text(message));
  ASSERT_EQ(back.seconds.size(), 1U);
  EXPECT_EQ(back.seconds[0].late, 5U);
  EXPECT_EQ(back.seconds[0].max, 8);
  EXPECT_THROW(message_from("{"), std::runtime_error);
  EXPECT_THROW(command_from("[]"), std::runtime_error);
}

TEST(Config, EverythingWrongIsFoundAtOnceWithTheNearestName) {
  auto config = register_config("");
  config.workload = "write-onec";
  config.driver = "reddis";
  config.mix = {{"raed", 1}};
  config.rate_millihertz = 0;
  config.keys = 0;
  config.in_flight = 0;
  config.timeout = 1;
  const auto found = objections(config);
  std::vector<std::string> messages;
  for (const auto& complaint : found) messages.push_back(complaint.message + " | " + complaint.help);
  EXPECT_THAT(messages, ::testing::ElementsAre(
                            "there is no workload 'write-onec' | did you mean 'write-once'?",
                            "there is no driver 'reddis' | did you mean 'redis'?",
                            "there is no operation 'raed' | did you mean 'read'?",
                            "the rate, in thousandths of an operation per second, is 0 | it goes from 1 to 1000000000",
                            "the number of keys is 0 | it goes from 1 to 1000000000",
                            "the timeout, in ns, is 1 | it goes from 1000000 to 3600000000000",
                            "the number of operations under way is 0 | it goes from 1 to 65536",
                            "no node serves clients | target.toml: a kind with a port and serves_clients = true"));
}

TEST(Config, AMixWithoutOperationsIsRefused) {
  auto config = register_config("");
  config.endpoints = {{"n1", "127.0.0.1", 1}};
  config.mix = {{"read", 0}};
  EXPECT_EQ(objections(config).at(0).message, "the mix has no operations");
  config.workload = "write-once";
  config.mix = {{"read", 5}};
  EXPECT_EQ(objections(config).at(0).message, "workload 'write-once' without writes");
}

}  // namespace
}  // namespace withstand::load
