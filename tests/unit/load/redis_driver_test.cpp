#include "load/redis_driver.hpp"

#include <csignal>
#include <random>
#include <thread>

#include <sys/wait.h>

#include "load/redis_options.hpp"
#include "load/redis_reply.hpp"
#include "peer.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;
using record::Outcome;
using Kind = Request::Kind;

/// One command's words, taken out of `received`; empty while it is not complete.
std::vector<std::string> take_command(std::string& received) {
  const auto line = [&](std::size_t& at) {
    const auto end = received.find("\r\n", at);
    if (end == std::string::npos) return std::string();
    auto out = received.substr(at, end - at);
    at = end + 2;
    return out;
  };
  std::size_t at = 0;
  const auto head = line(at);
  if (head.empty()) return {};
  std::vector<std::string> words;
  for (auto count = std::stoul(head.substr(1)); count > 0; --count) {
    if (line(at).empty()) return {};
    words.push_back(line(at));
  }
  received.erase(0, at);
  return words;
}

struct RedisDriverTest : ::testing::Test {
  /// A server that keeps what is SET and refuses writes with `refusal` when there is one.
  struct Server {
    std::unique_ptr<Peer> peer;
    std::map<std::string, std::string> data;
    std::string refusal;
    bool silent = false;
    int commands = 0;
  };
  Server& serve() {
    servers.push_back(std::make_unique<Server>());
    auto& server = *servers.back();
    server.peer = std::make_unique<Peer>(context, [&server](Peer::Connection& connection) {
      const auto words = take_command(connection.received);
      if (words.empty()) return;
      ++server.commands;
      if (server.silent) return;
      if (!server.refusal.empty()) return Peer::reply(connection, server.refusal + "\r\n");
      if (words[0] == "SET") {
        if (words.size() > 3 && server.data.contains(words[1])) return Peer::reply(connection, "$-1\r\n");
        server.data[words[1]] = words[2];
        return Peer::reply(connection, "+OK\r\n");
      }
      const auto found = server.data.find(words[1]);
      if (found == server.data.end()) return Peer::reply(connection, "$-1\r\n");
      Peer::reply(connection, "$" + std::to_string(found->second.size()) + "\r\n" + found->second + "\r\n");
    });
    return server;
  }
  void sentinel(std::function<std::string()> answer) {
    sentinels.push_back(std::make_unique<Peer>(context, [this, answer](Peer::Connection& connection) {
      if (take_command(connection.received).empty()) return;
      ++questions;
      const auto text = answer();
      if (text == "hang up") return connection.socket.close();
      Peer::reply(connection, text);
    }));
  }
  static std::string names(const Server& server) {
    const auto port = std::to_string(server.peer->port());
    return "*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(port.size()) + "\r\n" + port + "\r\n";
  }
  void make(std::map<std::string, std::string> options = {}) {
    auto config = register_config("");
    config.driver = "redis";
    for (std::size_t i = 0; i < servers.size(); ++i) {
      config.endpoints.push_back({"redis-" + std::to_string(i + 1), "127.0.0.1", servers[i]->peer->port()});
    }
    for (const auto& one : sentinels) options["sentinel"] += "127.0.0.1:" + std::to_string(one->port()) + ",";
    config.driver_options = std::move(options);
    driver = make_redis_driver(config, context);
  }
  Response ask(Kind kind, const std::string& node = "", const std::string& key = "k1") {
    std::optional<Response> out;
    driver->submit({next_id++, kind, key, "v" + std::to_string(next_id), node}, [&](Response told) { out = told; });
    while (!out) {
      context.restart();
      if (context.run_one_for(seconds(10)) == 0) throw std::runtime_error("no answer");
    }
    return *out;
  }
  void run(milliseconds time) {
    context.restart();
    context.run_for(time);
  }

  boost::asio::io_context context{1};
  std::vector<std::unique_ptr<Server>> servers;
  std::vector<std::unique_ptr<Peer>> sentinels;
  int questions = 0;
  std::unique_ptr<Driver> driver;
  std::uint64_t next_id = 1;
};

TEST_F(RedisDriverTest, ReadsAndWritesAtTheFirstNodeWithoutSentinel) {
  auto& server = serve();
  serve();
  make();
  EXPECT_FALSE(ask(Kind::read).value);
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  const auto read = ask(Kind::read);
  EXPECT_EQ(read.value, server.data["k1"]);
  EXPECT_EQ(read.node, "redis-1");
  EXPECT_EQ(server.peer->accepted(), 1U);
  EXPECT_EQ(servers[1]->commands, 0);
  EXPECT_EQ(ask(Kind::read, "redis-2").node, "redis-2");
  EXPECT_EQ(servers[1]->commands, 1);
}

TEST_F(RedisDriverTest, FollowsThePrimaryThatSentinelNames) {
  auto& one = serve();
  auto& two = serve();
  const Server* primary = &two;
  sentinel([&] { return names(*primary); });
  make();
  EXPECT_EQ(ask(Kind::write).node, "redis-2");
  EXPECT_EQ(ask(Kind::write).node, "redis-2");
  EXPECT_EQ(questions, 1);
  two.refusal = "-READONLY You can't write against a read only replica.";
  primary = &one;
  run(milliseconds(150));
  const auto refused = ask(Kind::write);
  EXPECT_EQ(refused.fate, Fate::refused);
  EXPECT_EQ(refused.node, "redis-2");
  const auto response = ask(Kind::write);
  EXPECT_EQ(response.fate, Fate::done);
  EXPECT_EQ(response.node, "redis-1");
}

TEST_F(RedisDriverTest, AfterALostConnectionSentinelIsAskedAgainAndTheWriteIsNot) {
  auto& one = serve();
  auto& two = serve();
  const Server* primary = &one;
  sentinel([&] { return names(*primary); });
  make();
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  one.peer->set([](Peer::Connection& connection) { connection.socket.close(); });
  primary = &two;
  run(milliseconds(150));
  EXPECT_EQ(ask(Kind::write).fate, Fate::unknown);
  EXPECT_EQ(ask(Kind::write).node, "redis-2");
  EXPECT_EQ(two.commands, 1) << "what was sent once was sent again";
}

TEST_F(RedisDriverTest, ASilentSentinelIsPassedOver) {
  auto& one = serve();
  sentinel([] { return ""; });
  sentinel([] { return "hang up"; });
  sentinel([] { return "$-1\r\n"; });
  sentinel([&] { return names(one); });
  make();
  EXPECT_EQ(ask(Kind::write).node, "redis-1");
  EXPECT_EQ(questions, 4);
}

TEST_F(RedisDriverTest, WithoutAPrimaryNothingIsSentAndSentinelIsNotFlooded) {
  serve();
  sentinel([] { return "*-1\r\n"; });
  make();
  for (int i = 0; i < 20; ++i) {
    const auto response = ask(Kind::write);
    EXPECT_EQ(response.fate, Fate::not_sent);
    EXPECT_EQ(response.error, "no sentinel knows the primary");
  }
  EXPECT_LE(questions, 2);
}

TEST_F(RedisDriverTest, WhatWaitsForSentinelWasNotSent) {
  serve();
  sentinel([] { return ""; });
  make();
  bool told = false;
  driver->submit({77, Kind::write, "k1", "v", ""}, [&](const Response&) { told = true; });
  run(milliseconds(20));
  EXPECT_EQ(driver->abandon(77).fate, Fate::not_sent);
  run(milliseconds(400));
  EXPECT_FALSE(told);
}

TEST_F(RedisDriverTest, ASilentPrimaryLeavesAWriteUnknown) {
  auto& one = serve();
  one.silent = true;
  make();
  bool told = false;
  driver->submit({77, Kind::write, "k1", "v", ""}, [&](const Response&) { told = true; });
  run(milliseconds(50));
  EXPECT_EQ(one.commands, 1);
  EXPECT_EQ(driver->abandon(77).fate, Fate::unknown);
  EXPECT_FALSE(told);
}

TEST_F(RedisDriverTest, CreateWithSetNx) {
  serve();
  make({{"create", "set-nx"}});
  EXPECT_EQ(ask(Kind::create).fate, Fate::done);
  EXPECT_EQ(ask(Kind::create).fate, Fate::refused);
}

TEST(RedisJudge, WhatEachAnswerMeans) {
  struct Row {
    const char* bytes;
    Outcome write, read;
  };
  const std::vector<Row> table = {
      {"+OK\r\n", Outcome::ok, Outcome::fail},
      {"$2\r\nv1\r\n", Outcome::info, Outcome::ok},
      {"$-1\r\n", Outcome::fail, Outcome::ok},
      {"+QUEUED\r\n", Outcome::info, Outcome::fail},
      {":1\r\n", Outcome::info, Outcome::fail},
      {"*1\r\n$2\r\nv1\r\n", Outcome::info, Outcome::fail},
      {"-NOREPLICAS Not enough good replicas to write.\r\n", Outcome::fail, Outcome::fail},
      {"-READONLY You can't write against a read only replica.\r\n", Outcome::fail, Outcome::fail},
      {"-LOADING Redis is loading the dataset in memory\r\n", Outcome::fail, Outcome::fail},
      {"-MASTERDOWN Link with MASTER is down\r\n", Outcome::fail, Outcome::fail},
      {"-ERR max number of clients reached\r\n", Outcome::fail, Outcome::fail},
      {"-UNBLOCKED gone\r\n", Outcome::info, Outcome::fail},
      {"-\r\n", Outcome::info, Outcome::fail},
  };
  for (const auto& row : table) {
    RedisReply reply;
    ASSERT_EQ(reply.take(row.bytes), Reply::State::complete) << row.bytes;
    EXPECT_EQ(settle(Kind::write, judge_redis(Kind::write, reply.answer()).fate), row.write) << row.bytes;
    EXPECT_EQ(settle(Kind::read, judge_redis(Kind::read, reply.answer()).fate), row.read) << row.bytes;
  }
}

TEST(RedisReplyTest, RandomBytesNeverCrashIt) {
  std::mt19937_64 random(6);
  const std::string good = "*2\r\n$9\r\n127.0.0.1\r\n*2\r\n$4\r\n6379\r\n:12\r\n";
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = good;
    for (std::uint64_t i = random() % 6; i > 0; --i)
      bytes[random() % bytes.size()] = "*$+-:0123456789\r\n\0x"[random() % 20];
    if (round % 5 == 0) {
      for (auto& byte : bytes) byte = static_cast<char>(random());
    }
    RedisReply reply;
    auto state = Reply::State::more;
    for (std::size_t at = 0; at < bytes.size() && state == Reply::State::more; at += 7) {
      state = reply.take(std::string_view(bytes).substr(at, 7));
    }
    if (state == Reply::State::complete) {
      (void)judge_redis(Kind::write, reply.answer());
      (void)address_from(reply.answer());
    }
  }
}

TEST(RedisOptions, AreChecked) {
  auto config = register_config("");
  config.driver_options = {
      {"sentinel", "198.18.0.4:26379, nonsense"}, {"reads", "replica"}, {"primary", "redis-9"}, {"mster", "x"}};
  std::vector<spec::Complaint> complaints;
  const auto options = read_redis_options(config, complaints);
  EXPECT_EQ(complaints.size(), 4U);
  ASSERT_EQ(options.sentinels.size(), 1U);
  EXPECT_EQ(options.sentinels[0].port, 26'379);
}

/// The real server, where there is one.
TEST_F(RedisDriverTest, SpeaksWithARealServer) {
  const std::string program = [] {
    for (const char* path : {"/usr/bin/redis-server", "/usr/local/bin/redis-server"}) {
      if (std::filesystem::exists(path)) return std::string(path);
    }
    const char* given = std::getenv("WITHSTAND_TEST_REDIS_SERVER");
    return std::string(given ? given : "");
  }();
  if (program.empty()) GTEST_SKIP() << "redis-server is not installed (apt install redis-server)";
  const Folder folder;
  const auto socket_port = serve().peer->port();  // a port that was free a moment ago
  servers.clear();
  const auto pid = ::fork();
  if (pid == 0) {
    (void)!::freopen(folder.file("log").c_str(), "w", stdout);
    ::execl(program.c_str(), "redis-server", "--port", std::to_string(socket_port).c_str(), "--bind", "127.0.0.1",
            "--dir", folder.file("").c_str(), "--save", "", "--min-replicas-to-write", "0", nullptr);
    ::_exit(127);
  }
  auto config = register_config("");
  config.driver = "redis";
  config.endpoints = {{"redis-1", "127.0.0.1", socket_port}};
  driver = make_redis_driver(config, context);
  Response first;
  for (int i = 0; i < 200 && first.fate != Fate::done; ++i) {
    first = ask(Kind::write);
    std::this_thread::sleep_for(milliseconds(20));  // a server that is starting says nothing to wait for
  }
  EXPECT_EQ(first.fate, Fate::done) << first.error;
  const auto written = "v" + std::to_string(next_id);
  EXPECT_EQ(ask(Kind::read).value, written);
  EXPECT_FALSE(ask(Kind::read, "", "never").value);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_NE(ask(Kind::write).fate, Fate::done);
}

}  // namespace
}  // namespace withstand::load
