#include "load/http_driver.hpp"

#include <random>

#include "http_peer.hpp"
#include "load/http_reply.hpp"
#include "peer.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;
using record::Outcome;
using Kind = Request::Kind;

struct HttpDriverTest : ::testing::Test {
  Config config_of(std::map<std::string, std::string> options = {}) {
    auto config = register_config("");
    config.driver_options = std::move(options);
    for (std::size_t i = 0; i < peers.size(); ++i) {
      config.endpoints.push_back({"n" + std::to_string(i + 1), "127.0.0.1", peers[i]->port()});
    }
    return config;
  }
  void serve(std::function<std::string(const std::string&)> respond) {
    peers.push_back(std::make_unique<Peer>(context, [this, respond](Peer::Connection& connection) {
      while (true) {
        const auto request = take_request(connection.received);
        if (request.empty()) return;
        seen.push_back(request);
        Peer::reply(connection, respond(request));
      }
    }));
  }
  void make(const Config& config) { driver = make_http_driver(config, context); }
  void submit(Kind kind, const std::string& node = "") {
    Request request{next_id++, kind, "k1", "v1", node};
    driver->submit(request, [this, kind](Response response) {
      outcomes.push_back(settle(kind, response.fate));
      responses.push_back(std::move(response));
    });
  }
  Response ask(Kind kind, const std::string& node = "") {
    const auto before = responses.size();
    submit(kind, node);
    while (responses.size() == before) {
      context.restart();
      if (context.run_one_for(seconds(10)) == 0) throw std::runtime_error("no answer");
    }
    return responses.back();
  }
  void run(milliseconds time) {
    context.restart();
    context.run_for(time);
  }

  boost::asio::io_context context{1};
  std::vector<std::unique_ptr<Peer>> peers;
  std::vector<std::string> seen;
  std::unique_ptr<Driver> driver;
  std::vector<Response> responses;
  std::vector<Outcome> outcomes;
  std::uint64_t next_id = 1;
};

TEST_F(HttpDriverTest, ReadsAndWritesOverOneKeptConnection) {
  serve([](const std::string& request) {
    return request.starts_with("PUT") ? answer(200, R"({"tag":"1"})") : answer(200, R"({"value":"v1","tag":"1"})");
  });
  make(config_of());
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  const auto read = ask(Kind::read);
  EXPECT_EQ(read.value, "v1");
  EXPECT_EQ(read.node, "n1");
  EXPECT_EQ(peers[0]->accepted(), 1U);
  EXPECT_EQ(seen[0].substr(0, 20), "PUT /kv/k1 HTTP/1.1\r");
  EXPECT_TRUE(seen[0].ends_with("\r\n\r\nv1"));
  EXPECT_EQ(seen[1].substr(0, 20), "GET /kv/k1 HTTP/1.1\r");
}

struct StatusRow {
  int status;
  const char* body;
  Outcome write, read;
};

TEST_F(HttpDriverTest, WhatEachAnswerMeans) {
  const std::vector<StatusRow> table = {
      {200, R"({"value":"a"})", Outcome::ok, Outcome::ok},
      {204, "", Outcome::ok, Outcome::fail},  // a read without a value is no answer
      {200, "no json", Outcome::ok, Outcome::fail},
      {200, R"({"value":null})", Outcome::ok, Outcome::ok},
      {404, "", Outcome::fail, Outcome::ok},
      {400, "", Outcome::fail, Outcome::fail},
      {429, "", Outcome::fail, Outcome::fail},
      {408, "", Outcome::info, Outcome::fail},
      {409, "", Outcome::info, Outcome::fail},
      {301, "", Outcome::info, Outcome::fail},
      {500, "", Outcome::info, Outcome::fail},
      {503, "", Outcome::info, Outcome::fail},
      {503, R"({"outcome":"none"})", Outcome::fail, Outcome::fail},
      {503, R"({"outcome":"unknown"})", Outcome::info, Outcome::fail},
      {504, R"({"outcome":["none"]})", Outcome::info, Outcome::fail},
  };
  const auto options = [] {
    std::vector<spec::Complaint> complaints;
    auto read = read_http_options(register_config(""), complaints);
    EXPECT_TRUE(complaints.empty());
    return read;
  }();
  for (const auto& row : table) {
    const auto of = [&](Kind kind) { return settle(kind, judge_http(kind, row.status, row.body, options).fate); };
    EXPECT_EQ(of(Kind::write), row.write) << row.status << ' ' << row.body;
    EXPECT_EQ(of(Kind::create), row.write) << row.status << ' ' << row.body;
    EXPECT_EQ(of(Kind::read), row.read) << row.status << ' ' << row.body;
  }
}

TEST_F(HttpDriverTest, NobodyListensSoNothingWasSent) {
  serve([](const std::string&) { return ""; });
  auto config = config_of();
  peers.clear();
  make(config);
  const auto response = ask(Kind::write);
  EXPECT_EQ(response.fate, Fate::not_sent);
  EXPECT_EQ(response.error, "connection refused");
}

TEST_F(HttpDriverTest, CutAtEveryByteAWriteIsUnknownUntilTheWholeAnswerIsThere) {
  const auto whole = answer(200, "{}");
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    peers.clear();
    peers.push_back(std::make_unique<Peer>(context, [&](Peer::Connection& connection) {
      if (take_request(connection.received).empty()) return;
      Peer::reply(connection, whole.substr(0, length));
      connection.socket.close();
    }));
    make(config_of());
    const auto response = ask(Kind::write);
    EXPECT_EQ(response.fate, length == whole.size() ? Fate::done : Fate::unknown) << length;
    driver.reset();
  }
}

TEST_F(HttpDriverTest, AConnectionClosedOnArrivalOfTheRequestLeavesItUnknown) {
  peers.push_back(std::make_unique<Peer>(context, [](Peer::Connection& connection) { connection.socket.close(); }));
  make(config_of());
  EXPECT_EQ(ask(Kind::write).fate, Fate::unknown);
  EXPECT_EQ(ask(Kind::read).fate, Fate::unknown);
  EXPECT_EQ(outcomes[1], Outcome::fail);
}

TEST_F(HttpDriverTest, AnIdleConnectionThatEndedIsNotUsedAgain) {
  serve([](const std::string&) { return answer(200, "{}"); });
  make(config_of());
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  peers[0]->hang_up();
  run(milliseconds(20));
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  EXPECT_EQ(peers[0]->accepted(), 2U);
}

TEST_F(HttpDriverTest, AnAbandonedRequestTakesItsConnectionAndItsLateAnswerIsIgnored) {
  Peer::Connection* held = nullptr;
  peers.push_back(std::make_unique<Peer>(context, [&](Peer::Connection& connection) {
    if (take_request(connection.received).empty()) return;
    if (held != nullptr) return Peer::reply(connection, answer(200, R"({"value":"new"})"));
    held = &connection;
  }));
  make(config_of());
  submit(Kind::write);
  run(milliseconds(50));
  ASSERT_NE(held, nullptr);
  const auto given_up = driver->abandon(1);
  EXPECT_EQ(given_up.fate, Fate::unknown);
  EXPECT_EQ(given_up.node, "n1");
  Peer::reply(*held, answer(200, R"({"value":"late"})"));
  const auto response = ask(Kind::read);
  EXPECT_EQ(response.value, "new");
  EXPECT_EQ(responses.size(), 1U) << "the late answer was told to somebody";
  EXPECT_EQ(peers[0]->accepted(), 2U);
}

TEST_F(HttpDriverTest, GivenUpWhileConnectingNothingWasSent) {
  // 198.18.0.0/15 is for benchmarks and routed nowhere; whether the connect fails at once or hangs, nothing leaves.
  auto config = register_config("");
  config.endpoints = {{"n1", "198.18.255.254", 1}};
  make(config);
  submit(Kind::write);
  const auto given_up = driver->abandon(1);
  EXPECT_EQ(given_up.fate, Fate::not_sent);
}

TEST_F(HttpDriverTest, TwoAnswersForOneRequestCloseTheConnection) {
  serve([](const std::string&) { return answer(200, R"({"value":"a"})") + answer(200, R"({"value":"stray"})"); });
  make(config_of());
  EXPECT_EQ(ask(Kind::read).value, "a");
  EXPECT_EQ(ask(Kind::read).value, "a");
  EXPECT_EQ(peers[0]->accepted(), 2U);
}

TEST_F(HttpDriverTest, SpreadUsesEveryEndpointAndFailoverLeavesTheDeadOneOut) {
  for (int i = 0; i < 3; ++i) serve([](const std::string&) { return answer(200, "{}"); });
  for (const std::string route : {"spread", "failover"}) {
    auto config = config_of({{"route", route}});
    config.endpoints[1].port = 1;  // nobody listens there
    make(config);
    std::map<std::string, int> asked;
    int failed = 0;
    for (int i = 0; i < 30; ++i) {
      const auto response = ask(Kind::write);
      ++asked[response.node];
      failed += response.fate == Fate::done ? 0 : 1;
    }
    EXPECT_EQ(asked["n2"], route == "spread" ? 10 : 1);
    EXPECT_EQ(failed, asked["n2"]);
  }
}

TEST_F(HttpDriverTest, APinnedRequestGoesToItsNodeOnly) {
  for (int i = 0; i < 3; ++i) serve([](const std::string&) { return answer(200, R"({"value":"a"})"); });
  make(config_of());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(Kind::read, "n3").node, "n3");
  EXPECT_EQ(ask(Kind::read, "n9").fate, Fate::not_sent);
}

TEST_F(HttpDriverTest, RandomBytesNeverCrashItAndNeverPassForAnAnswer) {
  std::mt19937_64 random(5);
  const auto good = answer(200, R"({"value":"v1"})");
  serve([&](const std::string&) {
    std::string bytes = random() % 2 == 0 ? good : std::string(random() % 200, 'x');
    for (std::uint64_t i = 1 + random() % 8; i > 0 && !bytes.empty(); --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    return bytes;
  });
  make(config_of());
  for (int i = 0; i < 1'000; ++i) {
    const auto id = next_id;
    const auto before = responses.size();
    submit(Kind::read);
    context.restart();
    const auto until = std::chrono::steady_clock::now() + milliseconds(5);
    while (responses.size() == before && context.run_one_until(until) > 0) context.restart();
    if (responses.size() == before) (void)driver->abandon(id);
  }
}

TEST(HttpOptions, AreCheckedWithTheNearestName) {
  auto config = register_config("");
  config.driver_options = {
      {"pth", "/x"}, {"route", "both"}, {"ok", "200-"}, {"pointer", "value"}, {"connect_timeout", "1"}};
  std::vector<spec::Complaint> complaints;
  (void)read_http_options(config, complaints);
  ASSERT_EQ(complaints.size(), 5U);
  EXPECT_EQ(complaints[4].message, "driver 'http' has no option 'pth'");
  EXPECT_EQ(complaints[4].help, "did you mean 'path'?");
}

}  // namespace
}  // namespace withstand::load
