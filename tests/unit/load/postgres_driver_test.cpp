#include "load/postgres_driver.hpp"

#include <csignal>
#include <grp.h>
#include <pwd.h>
#include <random>
#include <thread>

#include <sys/wait.h>

#include "load/postgres_options.hpp"
#include "postgres_peer.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;
using Kind = Request::Kind;

struct PostgresDriverTest : ::testing::Test {
  PostgresPeer& serve() {
    servers.push_back(std::make_unique<PostgresPeer>(context, [this](const PostgresPeer::Statement& statement) {
      const auto& [text, values] = statement;
      if (text.starts_with("SELECT")) {
        const auto found = data.find(values.at(0));
        return postgres::selected(found == data.end() ? std::vector<std::string>() : std::vector{found->second}) +
               postgres::ready();
      }
      data[values.at(0)] = values.at(1);
      return postgres::inserted() + postgres::ready();
    }));
    return *servers.back();
  }
  /// A server that answers every statement with this; "hang up" at its end closes the connection.
  PostgresPeer& serve(const std::string& answer) {
    auto& server = serve();
    server.set([answer](const PostgresPeer::Statement&) { return answer; });
    return server;
  }
  void make(std::map<std::string, std::string> options = {}) {
    auto config = register_config("");
    config.driver = "postgres";
    config.driver_options = std::move(options);
    for (std::size_t i = 0; i < servers.size(); ++i)
      config.endpoints.push_back({fmt::format("n{}", i + 1), "127.0.0.1", servers[i]->peer().port()});
    driver = make_postgres_driver(config, context);
  }
  std::uint64_t submit(Kind kind, const std::string& node = "") {
    const auto id = next_id++;
    driver->submit({id, kind, "k1", fmt::format("v{}", id), node},
                   [this, id](Response told) { answers[id] = std::move(told); });
    return id;
  }
  Response ask(Kind kind, const std::string& node = "") {
    const auto id = submit(kind, node);
    wait([&] { return answers.contains(id); });
    return answers[id];
  }
  template <class Condition>
  void wait(Condition holds) {
    while (!holds()) {
      context.restart();
      if (context.run_one_for(seconds(10)) == 0) throw std::runtime_error("nothing happens");
    }
  }

  boost::asio::io_context context{1};
  std::vector<std::unique_ptr<PostgresPeer>> servers;
  std::map<std::string, std::string> data;
  std::map<std::uint64_t, Response> answers;
  std::unique_ptr<Driver> driver;
  std::uint64_t next_id = 1;
};

TEST_F(PostgresDriverTest, WritesAndReadsOverOneKeptConnection) {
  auto& server = serve();
  make();
  EXPECT_FALSE(ask(Kind::read).value);
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  const auto read = ask(Kind::read);
  EXPECT_EQ(read.value, "v2");
  EXPECT_EQ(read.node, "n1");
  EXPECT_EQ(ask(Kind::create).fate, Fate::done);
  EXPECT_EQ(server.peer().accepted(), 1U);
  EXPECT_EQ(
      server.seen[1].text,
      "INSERT INTO withstand (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
  EXPECT_EQ(server.seen[3].text, "INSERT INTO withstand (key, value) VALUES ($1, $2)");
  EXPECT_THAT(server.seen[1].values, ::testing::ElementsAre("k1", "v2"));
}

TEST_F(PostgresDriverTest, ACompletedStatementIsNoCommit) {
  serve(postgres::inserted() + "hang up");
  make();
  const auto response = ask(Kind::write);
  EXPECT_EQ(response.fate, Fate::unknown);
  EXPECT_EQ(response.error, "the connection was lost before the commit was confirmed");
}

TEST_F(PostgresDriverTest, AnErrorAtCommitTakesTheCompletionBack) {
  auto& server =
      serve(postgres::inserted() + postgres::error("ERROR", "40001", "could not serialize") + postgres::ready());
  make();
  EXPECT_EQ(ask(Kind::write).fate, Fate::refused);
  EXPECT_EQ(ask(Kind::write).error, "ERROR 40001: could not serialize");
  EXPECT_EQ(server.peer().accepted(), 1U) << "the connection is good";
}

TEST_F(PostgresDriverTest, AServerThatEndsTheSessionLeavesAWriteUnknown) {
  auto& server = serve(postgres::error("FATAL", "57P01", "terminating connection") + "hang up");
  make();
  EXPECT_EQ(ask(Kind::write).fate, Fate::unknown);
  server.set([](const PostgresPeer::Statement&) { return "hang up"; });
  EXPECT_EQ(ask(Kind::write).fate, Fate::unknown);
  EXPECT_EQ(server.seen.size(), 2U) << "what was sent once was sent again";
}

TEST_F(PostgresDriverTest, AStandbyRefusesWrites) {
  serve(postgres::error("ERROR", "25006", "cannot execute INSERT in a read-only transaction") + postgres::ready());
  make();
  EXPECT_EQ(ask(Kind::write).fate, Fate::refused);
}

TEST_F(PostgresDriverTest, WhatNoConnectionWasThereForWasNotSent) {
  auto& server = serve();
  server.greeting = postgres::error("FATAL", "57P03", "the database system is starting up");
  make();
  const auto response = ask(Kind::write);
  EXPECT_EQ(response.fate, Fate::not_sent);
  EXPECT_THAT(response.error, ::testing::HasSubstr("the database system is starting up"));
  auto config = register_config("");
  config.driver = "postgres";
  config.endpoints = {{"n1", "127.0.0.1", server.peer().port()}};
  servers.clear();
  driver = make_postgres_driver(config, context);
  const auto refused = ask(Kind::write);
  EXPECT_EQ(refused.fate, Fate::not_sent);
  EXPECT_EQ(refused.error, "Connection refused");
}

TEST_F(PostgresDriverTest, AStatementThatTimesOutTakesItsConnectionWithIt) {
  auto& server = serve("");
  make({{"connections", "1"}});
  const auto id = submit(Kind::write);
  wait([&] { return server.seen.size() == 1; });
  EXPECT_EQ(driver->abandon(id).fate, Fate::unknown);
  server.set([](const PostgresPeer::Statement&) { return postgres::inserted() + postgres::ready(); });
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  EXPECT_EQ(server.peer().accepted(), 2U);
  EXPECT_FALSE(answers.contains(id));
}

TEST_F(PostgresDriverTest, OrItsConnectionGoesOnWaiting) {
  auto& server = serve("");
  make({{"connections", "1"}, {"on_timeout", "wait"}});
  const auto id = submit(Kind::write);
  wait([&] { return server.seen.size() == 1; });
  EXPECT_EQ(driver->abandon(id).fate, Fate::unknown);
  const auto second = submit(Kind::write);
  const auto told = driver->abandon(second);
  EXPECT_EQ(told.fate, Fate::not_sent);
  EXPECT_EQ(told.error, "timeout: no connection was free");
  const auto third = submit(Kind::write);
  server.set([](const PostgresPeer::Statement&) { return postgres::inserted() + postgres::ready(); });
  server.say(postgres::inserted() + postgres::ready());
  wait([&] { return answers.contains(third); });
  EXPECT_EQ(answers[third].fate, Fate::done);
  EXPECT_FALSE(answers.contains(id)) << "nobody waits for it any more";
  EXPECT_EQ(server.peer().accepted(), 1U);
  EXPECT_EQ(server.seen.size(), 2U);
}

TEST_F(PostgresDriverTest, SoDoesOneThatIsBeingOpened) {
  auto& server = serve();
  server.greeting = "";
  make({{"connections", "1"}, {"on_timeout", "wait"}});
  const auto id = submit(Kind::write);
  wait([&] { return server.greeted == 1; });
  EXPECT_EQ(driver->abandon(id).fate, Fate::not_sent);
  const auto second = submit(Kind::write);
  server.say(postgres::welcome());
  wait([&] { return answers.contains(second); });
  EXPECT_EQ(answers[second].fate, Fate::done);
  EXPECT_EQ(server.seen.size(), 1U) << "what was given up was sent";
  EXPECT_EQ(server.peer().accepted(), 1U);
}

TEST_F(PostgresDriverTest, WhatFindsNoFreeConnectionWaitsInLine) {
  auto& server = serve();
  make({{"connections", "2"}});
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(submit(Kind::write));
  EXPECT_EQ(driver->abandon(ids[9]).fate, Fate::not_sent);
  wait([&] { return answers.size() == 9; });
  for (int i = 0; i < 9; ++i) EXPECT_EQ(answers[ids[static_cast<std::size_t>(i)]].fate, Fate::done);
  EXPECT_EQ(server.peer().accepted(), 2U);
}

TEST_F(PostgresDriverTest, AConnectionThatTheServerClosedIsNotUsed) {
  auto& server = serve();
  make();
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  server.say(postgres::error("FATAL", "57P01", "terminating connection due to administrator command"));
  server.peer().hang_up();
  context.restart();
  context.run_for(milliseconds(20));  // what is on its way arrives; there is nothing else to wait for
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  EXPECT_EQ(server.peer().accepted(), 2U);
}

TEST_F(PostgresDriverTest, ReadsGoToThePrimaryOrToAll) {
  serve();
  serve();
  make({{"primary", "n2"}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(Kind::read).node, "n2");
  EXPECT_EQ(ask(Kind::read, "n1").node, "n1");
  EXPECT_EQ(ask(Kind::read, "n7").fate, Fate::not_sent);
  make({{"reads", "any"}});
  std::set<std::string> asked;
  for (int i = 0; i < 4; ++i) asked.insert(ask(Kind::read).node);
  EXPECT_THAT(asked, ::testing::ElementsAre("n1", "n2"));
  EXPECT_EQ(ask(Kind::write).node, "n1");
}

TEST_F(PostgresDriverTest, AServerThatTalksNonsenseIsNotBelieved) {
  std::mt19937_64 random(8);
  const auto good = postgres::inserted() + postgres::error("ERROR", "40001", "x") + postgres::selected({"a", "b"}) +
                    postgres::message('G', std::string(3, '\0')) + postgres::ready();
  auto& server = serve();
  server.set([&](const PostgresPeer::Statement&) {
    auto bytes = good;
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    return bytes + "hang up";
  });
  make();
  for (int round = 0; round < 500; ++round) {
    const auto id = submit(Kind::write);
    context.restart();
    context.run_for(milliseconds(1));
    if (!answers.contains(id)) (void)driver->abandon(id);
  }
  server.set([](const PostgresPeer::Statement&) {
    return postgres::prepared() + postgres::message('G', std::string("\1\0\0", 3));
  });
  EXPECT_EQ(ask(Kind::write).fate, Fate::unknown) << "asked to send data that nobody has";
}

TEST(PostgresOptions, AreChecked) {
  auto config = register_config("");
  config.endpoints = {{"n1", "127.0.0.1", 5432}};
  config.driver_options = {{"connection", "keepalives_idle=1 user=me"}, {"connections", "7"}, {"reads", "any"}};
  std::vector<spec::Complaint> complaints;
  const auto options = read_postgres_options(config, complaints);
  EXPECT_TRUE(complaints.empty()) << complaints.front().message;
  const std::map<std::string, std::string> parameters(options.parameters.begin(), options.parameters.end());
  EXPECT_EQ(parameters.at("user"), "me");
  EXPECT_EQ(parameters.at("keepalives_idle"), "1");
  EXPECT_EQ(parameters.at("sslmode"), "disable");
  EXPECT_EQ(options.connections, 7);

  config.driver_options = {{"connection", "keepalive=1"}, {"connections", "0"}, {"primary", "n9"},
                           {"on_timeout", "retry"},       {"table", "x; drop"}, {"tabel", "x"}};
  const auto bad = read_postgres_options(config, complaints);
  std::vector<std::string> messages;
  for (const auto& complaint : complaints) messages.push_back(complaint.message);
  EXPECT_THAT(messages, ::testing::UnorderedElementsAre(
                            R"(option 'connection' of driver 'postgres': invalid connection option "keepalive")",
                            "option 'connections' of driver 'postgres' cannot be '0'", "no node 'n9' serves clients",
                            "option 'on_timeout' of driver 'postgres' cannot be 'retry'",
                            "'x; drop' is no name of a table", "driver 'postgres' has no option 'tabel'"));
  complaints.clear();
  config.driver_options = {{"connection", "host=elsewhere port=1"}};
  (void)read_postgres_options(config, complaints);
  EXPECT_EQ(complaints.size(), 2U);
}

/// PostgreSQL 15 of Debian in a folder of its own, as user postgres where we are root.
class RealServer {
 public:
  static std::string program(const std::string& name) { return "/usr/lib/postgresql/15/bin/" + name; }
  static std::string missing() {
    if (!std::filesystem::exists(program("postgres"))) return "PostgreSQL is not installed (apt install postgresql-15)";
    return ::geteuid() == 0 && ::getpwnam("postgres") == nullptr ? "there is no user postgres" : "";
  }
  explicit RealServer(std::int64_t port) : data_(folder_.file("data")) {
    std::filesystem::create_directory(data_);
    if (const auto* user = ::getpwnam("postgres"); ::geteuid() == 0 && user != nullptr) {
      (void)!::chown(folder_.file("").c_str(), user->pw_uid, user->pw_gid);
      (void)!::chown(data_.c_str(), user->pw_uid, user->pw_gid);
    }
    run({program("initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-D", data_});
    arguments_ = {
        program("postgres"),         "-D", data_, "-p", std::to_string(port), "-c", "unix_socket_directories=", "-c",
        "listen_addresses=127.0.0.1"};
    start();
  }
  ~RealServer() { kill(); }
  void start() { pid_ = spawn(arguments_); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGQUIT);  // at once, without a checkpoint; its children go with it
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  void run(const std::vector<std::string>& argv) const { ::waitpid(spawn(argv), nullptr, 0); }

 private:
  [[nodiscard]] pid_t spawn(const std::vector<std::string>& argv) const {
    std::vector<char*> words;
    for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const auto* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
    const auto pid = ::fork();
    if (pid != 0) return pid;
    if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
      ::_exit(126);
    (void)!::freopen(folder_.file("log").c_str(), "a", stdout);
    (void)!::freopen(folder_.file("log").c_str(), "a", stderr);
    ::execv(words[0], words.data());
    ::_exit(127);
  }

  Folder folder_;
  std::string data_;
  std::vector<std::string> arguments_;
  pid_t pid_ = 0;
};

TEST_F(PostgresDriverTest, SpeaksWithARealServer) {
  if (const auto why = RealServer::missing(); !why.empty()) GTEST_SKIP() << why;
  const auto port = serve().peer().port();  // that was free a moment ago
  servers.clear();
  RealServer server(port);
  auto config = register_config("");
  config.driver = "postgres";
  config.endpoints = {{"n1", "127.0.0.1", port}};
  driver = make_postgres_driver(config, context);
  Response first;
  for (int i = 0; i < 500 && first.error.find("42P01") == std::string::npos; ++i) {
    first = ask(Kind::write);
    std::this_thread::sleep_for(milliseconds(20));  // a server that is starting says nothing to wait for
  }
  EXPECT_EQ(first.fate, Fate::refused) << "there is no such table yet: " << first.error;
  server.run({RealServer::program("psql"), "-q", "-h", "127.0.0.1", "-p", std::to_string(port), "-U", "postgres", "-c",
              "create table withstand (key text primary key, value text not null)"});
  EXPECT_FALSE(ask(Kind::read).value);
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  EXPECT_EQ(ask(Kind::write).fate, Fate::done);
  const auto written = fmt::format("v{}", next_id - 1);
  EXPECT_EQ(ask(Kind::read).value, written);
  const auto twice = ask(Kind::create);
  EXPECT_EQ(twice.fate, Fate::refused);
  EXPECT_EQ(twice.error, "the key is there already");
  server.kill();
  EXPECT_NE(ask(Kind::write).fate, Fate::done);
}

}  // namespace
}  // namespace withstand::load
