#include "load/etcd_driver.hpp"

#include "http_peer.hpp"
#include "load/base64.hpp"
#include "load/etcd_gateway.hpp"
#include "load/etcd_options.hpp"
#include "peer.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;
using record::Outcome;
using Kind = Request::Kind;

constexpr const char* header = R"("header":{"cluster_id":"1","member_id":"2","revision":"7","raft_term":"3"})";

/// etcd's gateway as version 3.4.23 answers, over a map.
struct EtcdDriverTest : ::testing::Test {
  void serve() {
    peers.push_back(std::make_unique<Peer>(context, [this](Peer::Connection& connection) {
      const auto request = take_request(connection.received);
      if (request.empty()) return;
      seen.push_back(request);
      const auto body = nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
      const std::string key = body["key"];
      if (request.starts_with("POST /v3/kv/put ")) {
        data[key] = body["value"];
        return Peer::reply(connection, answer(200, fmt::format("{{{}}}", header)));
      }
      const auto found = data.find(key);
      const auto kvs = found == data.end()
                           ? ""
                           : fmt::format(R"(,"kvs":[{{"key":"{}","value":"{}"}}],"count":"1")", key, found->second);
      Peer::reply(connection, answer(200, fmt::format("{{{}{}}}", header, kvs)));
    }));
  }
  void make(std::map<std::string, std::string> options = {}) {
    auto config = register_config("");
    config.driver = "etcd";
    config.driver_options = std::move(options);
    for (std::size_t i = 0; i < peers.size(); ++i)
      config.endpoints.push_back({fmt::format("n{}", i + 1), "127.0.0.1", peers[i]->port()});
    driver = make_etcd_driver(config, context);
  }
  Response ask(Kind kind, const std::string& node = "") {
    std::optional<Response> out;
    driver->submit({next_id++, kind, "k1", "c1-7.c1", node}, [&](Response told) { out = std::move(told); });
    while (!out) {
      context.restart();
      if (context.run_one_for(seconds(10)) == 0) throw std::runtime_error("no answer");
    }
    return *out;
  }

  boost::asio::io_context context{1};
  std::vector<std::unique_ptr<Peer>> peers;
  std::map<std::string, std::string> data;  // as the gateway sees it, in base64
  std::vector<std::string> seen;
  std::unique_ptr<Driver> driver;
  std::uint64_t next_id = 1;
};

TEST_F(EtcdDriverTest, WritesAndReadsThroughTheGateway) {
  serve();
  make();
  EXPECT_FALSE(ask(Kind::read).value);
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  EXPECT_EQ(data, (std::map<std::string, std::string>{{"azE=", "YzEtNy5jMQ=="}}));
  const auto read = ask(Kind::read);
  EXPECT_EQ(read.value, "c1-7.c1");
  EXPECT_EQ(read.node, "n1");
  EXPECT_EQ(peers[0]->accepted(), 1U) << "the connection is kept";
  EXPECT_TRUE(seen[2].ends_with("\r\n\r\n{\"key\":\"azE=\"}")) << "reads are linearizable unless the options say else";
}

TEST_F(EtcdDriverTest, SerializableReadsAreAskedFor) {
  serve();
  make({{"reads", "serializable"}});
  EXPECT_EQ(ask(Kind::create).fate, Fate::done);
  EXPECT_EQ(ask(Kind::read).value, "c1-7.c1");
  EXPECT_TRUE(seen[1].ends_with(R"({"key":"azE=","serializable":true})"));
}

TEST_F(EtcdDriverTest, ANodeThatIsUnavailableIsLeftOutForAWhile) {
  serve();
  serve();
  make();
  peers[0]->set([](Peer::Connection& connection) {
    if (take_request(connection.received).empty()) return;
    Peer::reply(connection, answer(503, R"({"error":"etcdserver: request timed out","code":14})"));
  });
  int unknown = 0;
  for (int i = 0; i < 10; ++i) unknown += ask(Kind::write).fate == Fate::unknown ? 1 : 0;
  EXPECT_EQ(unknown, 1);
}

TEST(EtcdJudge, WhatEachAnswerMeans) {
  struct Row {
    int status;
    std::string body;
    Outcome write, read;
  };
  const auto error = [](const std::string& text, int code) {
    return fmt::format(R"({{"error":"{0}","message":"{0}","code":{1}}})", text, code);
  };
  const auto with = [](const std::string& more) { return fmt::format("{{{}{}}}", header, more); };
  const std::vector<Row> table = {
      {200, with(""), Outcome::ok, Outcome::ok},
      {200, with(R"(,"kvs":[{"key":"azE=","value":"djE="}],"count":"1")"), Outcome::ok, Outcome::ok},
      {200, with(R"(,"kvs":[])"), Outcome::ok, Outcome::ok},
      {200, with(R"(,"kvs":[{"key":"azE="}])"), Outcome::ok, Outcome::ok},
      {200, with(R"(,"kvs":[{"value":"no base64"}])"), Outcome::ok, Outcome::fail},
      {200, with(R"(,"kvs":[{"value":7}])"), Outcome::ok, Outcome::fail},
      {200, with(R"(,"kvs":[7])"), Outcome::ok, Outcome::fail},
      {200, with(R"(,"kvs":"x")"), Outcome::ok, Outcome::fail},
      {200, "{}", Outcome::info, Outcome::fail},
      {200, "", Outcome::info, Outcome::fail},
      {200, "<html>", Outcome::info, Outcome::fail},
      {503, error("etcdserver: request timed out", 14), Outcome::info, Outcome::fail},
      {503, error("etcdserver: request timed out, possibly due to previous leader failure", 14), Outcome::info,
       Outcome::fail},
      {503, error("etcdserver: leader changed", 14), Outcome::info, Outcome::fail},
      {503, error("etcdserver: server stopped", 14), Outcome::info, Outcome::fail},
      {503, error("etcdserver: no leader", 14), Outcome::info, Outcome::fail},
      {503, error("transport is closing", 14), Outcome::info, Outcome::fail},
      {503, error("mvcc: database space exceeded", 8), Outcome::info, Outcome::fail},
      {500, error("raft proposal dropped", 2), Outcome::fail, Outcome::fail},
      {429, error("etcdserver: too many requests", 8), Outcome::fail, Outcome::fail},
      {400, error("etcdserver: request is too large", 3), Outcome::fail, Outcome::fail},
      {400, error("etcdserver: key is not provided", 3), Outcome::fail, Outcome::fail},
      {404, "404 page not found\n", Outcome::fail, Outcome::fail},
      {408, error("context deadline exceeded", 4), Outcome::info, Outcome::fail},
      {500, "", Outcome::info, Outcome::fail},
      {301, "", Outcome::info, Outcome::fail},
  };
  for (const auto& row : table) {
    EXPECT_EQ(settle(Kind::write, judge_etcd(Kind::write, row.status, row.body).fate), row.write)
        << row.status << row.body;
    EXPECT_EQ(settle(Kind::read, judge_etcd(Kind::read, row.status, row.body).fate), row.read)
        << row.status << row.body;
  }
}

TEST(EtcdJudge, TellsAnEmptyValueFromNone) {
  EXPECT_EQ(judge_etcd(Kind::read, 200, R"({"header":{},"kvs":[{"key":"azE="}]})").value, "");
  EXPECT_EQ(judge_etcd(Kind::read, 200, R"({"header":{}})").value, std::nullopt);
  EXPECT_EQ(judge_etcd(Kind::write, 503, R"({"error":"etcdserver: leader changed","code":14})").error,
            "etcdserver: leader changed");
  EXPECT_EQ(judge_etcd(Kind::write, 502, "").error, "HTTP 502");
}

TEST(EtcdOptions, AreChecked) {
  auto config = register_config("");
  config.driver_options = {{"reads", "stale"}, {"raeds", "x"}, {"connect_timeout", "5"}, {"route", "spread"}};
  std::vector<spec::Complaint> complaints;
  const auto options = read_etcd_options(config, complaints);
  ASSERT_EQ(complaints.size(), 3U);
  EXPECT_EQ(complaints[0].help, "it is one of: linearizable, serializable");
  EXPECT_EQ(complaints[2].help, "did you mean 'reads'?");
  EXPECT_FALSE(options.failover);
}

}  // namespace
}  // namespace withstand::load
