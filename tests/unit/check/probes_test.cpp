#include "check/probes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_lab.hpp"

namespace withstand::check {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Source = spec::ProbeSpec::Source;

spec::ProbeSpec probe(Source source, std::string text) {
  spec::ProbeSpec made;
  made.name = "p";
  made.source = source;
  made.text = std::move(text);
  made.every = 20ms;
  made.timeout = 300ms;
  made.on = spec::Selector{"kv", {}};
  return made;
}

core::CommandResult answer(int status, std::string output) {
  core::CommandResult result;
  result.exit_status = status;
  result.output = std::move(output);
  return result;
}

std::string http(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class ProbesTest : public ::testing::Test {
 protected:
  ProbesTest() {
    lab_.on_command = [](core::NodeId, const std::vector<std::string>&, std::chrono::nanoseconds,
                         const std::function<void(core::CommandResult)>& done) { done(answer(0, "PONG")); };
  }

  Probes& start(std::vector<spec::ProbeSpec> specs) {
    probes_ = std::make_unique<Probes>(
        lab_, std::move(specs), [this](const spec::Selector& selector, const auto& done) { resolve(selector, done); },
        [this](core::Instant asked, const record::ProbeSample& sample) {
          asked_.push_back(asked);
          samples_.push_back(sample);
        });
    probes_->start();
    return *probes_;
  }
  void resolve(const spec::Selector& selector,
               const std::function<void(std::vector<core::NodeId>, std::string)>& done) {
    if (selector.text == "kv") return done({0, 1, 2}, "");
    if (selector.text == "n1") return done({0}, "");
    if (selector.text == "later") return lab_.loop().post([done] { done({1}, ""); });
    done({}, "nobody holds the role");
  }
  bool wait_for(std::size_t samples) {
    return lab_.loop().run_until([&] { return samples_.size() >= samples; }, core::now() + 5s);
  }

  FakeLab lab_;
  std::vector<record::ProbeSample> samples_;
  std::vector<core::Instant> asked_;
  std::unique_ptr<Probes> probes_;
};

TEST_F(ProbesTest, EverySelectedNodeIsAskedAtOnceAndThenEveryInterval) {
  start({probe(Source::command, "ping {node}")});
  EXPECT_EQ(samples_.size(), 3U);
  EXPECT_EQ(samples_[0].node, "n1");
  EXPECT_EQ(samples_[2].node, "n3");
  EXPECT_TRUE(samples_[0].ok);
  EXPECT_EQ(samples_[0].detail, "PONG");
  ASSERT_TRUE(wait_for(9));
  EXPECT_GE(asked_[8] - asked_[0], 35ms);  // the grid counts from just before the first
}

TEST_F(ProbesTest, CommandsRunInTheClientThroughAShellWithPlaceholdersReplaced) {
  std::vector<std::string> seen;
  lab_.on_command = [&](core::NodeId node, const std::vector<std::string>& command, std::chrono::nanoseconds timeout,
                        const std::function<void(core::CommandResult)>& done) {
    EXPECT_EQ(lab_.topology().at(node).name, "client");
    EXPECT_EQ(timeout, 300ms);
    seen = command;
    done(answer(3, ""));
  };
  auto one = probe(Source::command, "ping -h {node} -a {address} -p {port} {port.client} {n3.name}");
  one.on = spec::Selector{"n1", {}};
  start({one});
  EXPECT_THAT(seen,
              ElementsAre("/bin/sh", "-c", "ping -h n1 -a " + lab_.topology().at(0).address + " -p 7000 7000 n3"));
  EXPECT_FALSE(samples_.at(0).ok);
  EXPECT_EQ(samples_.at(0).detail, "exit status 3");
}

TEST_F(ProbesTest, WithoutASelectorItIsAskedOnceFromTheClient) {
  auto one = probe(Source::command, "true");
  one.on.reset();
  start({one});
  ASSERT_EQ(samples_.size(), 1U);
  EXPECT_EQ(samples_[0].node, "client");
}

TEST_F(ProbesTest, TurnsThatComeWhileAProbeIsUnderWayShareItsAnswer) {
  int started = 0;
  std::function<void(core::CommandResult)> pending;
  lab_.on_command = [&](core::NodeId, const std::vector<std::string>&, std::chrono::nanoseconds,
                        std::function<void(core::CommandResult)> done) {
    ++started;
    pending = std::move(done);
  };
  auto one = probe(Source::command, "sleep");
  one.on = spec::Selector{"n1", {}};
  start({one});
  lab_.loop().run_for(100ms);
  EXPECT_EQ(started, 1);
  EXPECT_TRUE(samples_.empty());
  pending(answer(1, ""));
  ASSERT_GE(samples_.size(), 3U);  // 20ms apart, as far as this machine keeps up
  EXPECT_GE(samples_[0].took, 100'000'000);
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    EXPECT_FALSE(samples_[i].ok);
    EXPECT_TRUE(i == 0 || asked_[i] > asked_[i - 1]);
  }
  lab_.loop().run_until([&] { return started == 2; }, core::now() + 5s);
  EXPECT_EQ(started, 2);
}

TEST_F(ProbesTest, StopIsSilence) {
  std::function<void(core::CommandResult)> pending;
  lab_.on_command = [&](core::NodeId, const std::vector<std::string>&, std::chrono::nanoseconds,
                        std::function<void(core::CommandResult)> done) { pending = std::move(done); };
  Probes& probes = start({probe(Source::command, "sleep")});
  probes.stop();
  pending(answer(0, ""));
  lab_.loop().run_for(60ms);
  EXPECT_TRUE(samples_.empty());
  probes_.reset();
  pending(answer(0, ""));  // destroyed in the meantime
}

TEST_F(ProbesTest, ARoleIsResolvedEachTimeAndNobodyIsAFailure) {
  auto role = probe(Source::command, "true");
  role.on = spec::Selector{"kv:primary", {}};
  start({role});
  ASSERT_EQ(samples_.size(), 1U);
  EXPECT_FALSE(samples_[0].ok);
  EXPECT_EQ(samples_[0].detail, "nobody holds the role");
}

TEST_F(ProbesTest, AnAnswerOfTheResolverMayComeLater) {
  auto role = probe(Source::command, "true");
  role.on = spec::Selector{"later", {}};
  start({role});
  EXPECT_TRUE(samples_.empty());
  ASSERT_TRUE(wait_for(2));
  EXPECT_EQ(samples_[0].node, "n2");
}

TEST_F(ProbesTest, HttpJudgesStatusBodyAndPointer) {
  CannedServer server(lab_.loop(), http(R"({"role":"leader","term":7})"));
  auto one = probe(Source::http, "http://{node}:" + std::to_string(server.port) + "/health?x=1");
  one.on = spec::Selector{"n1", {}};
  one.pointer = "/term";
  one.equals = "7";
  start({one});
  ASSERT_TRUE(wait_for(1));
  EXPECT_TRUE(samples_[0].ok) << samples_[0].detail;
  EXPECT_EQ(samples_[0].detail, "/term is 7");
  EXPECT_THAT(server.last_request, HasSubstr("GET /health?x=1 HTTP/1.1\r\nHost: n1:"));
  EXPECT_EQ(lab_.connected.at(0), "client to n1");
}

TEST_F(ProbesTest, AServerThatNeverAnswersIsATimeout) {
  CannedServer server(lab_.loop(), "");
  auto one = probe(Source::http, "http://127.0.0.1:" + std::to_string(server.port) + "/");
  one.on = spec::Selector{"n1", {}};
  one.timeout = 50ms;
  start({one});
  ASSERT_TRUE(wait_for(1));
  EXPECT_FALSE(samples_[0].ok);
  EXPECT_EQ(samples_[0].detail, "timeout");
  EXPECT_GE(samples_[0].took, 45'000'000);
}

TEST_F(ProbesTest, GarbageIsNoAnswer) {
  CannedServer server(lab_.loop(), "SSH-2.0-OpenSSH\r\n\r\n");
  auto one = probe(Source::http, "http://127.0.0.1:" + std::to_string(server.port) + "/");
  start({one});
  ASSERT_TRUE(wait_for(1));
  EXPECT_FALSE(samples_[0].ok);
}

TEST_F(ProbesTest, PrometheusJudgesTheRange) {
  CannedServer server(lab_.loop(), http("# HELP ops\nops{op=\"read\"} 41\nops{op=\"write\"} 3\n"));
  auto one = probe(Source::prometheus, "http://n1:" + std::to_string(server.port) + "/metrics");
  one.on = spec::Selector{"n1", {}};
  one.metric = "ops{op=\"read\"}";
  one.minimum = 40;
  auto high = one;
  high.name = "high";
  high.maximum = 40.5;
  start({one, high});
  ASSERT_TRUE(wait_for(2));
  for (const auto& sample : samples_) EXPECT_EQ(sample.ok, sample.probe == "p") << sample.detail;
}

TEST_F(ProbesTest, TcpConnectsOrSaysWhyNot) {
  CannedServer server(lab_.loop(), "");
  auto open = probe(Source::tcp, "n1:" + std::to_string(server.port));
  auto closed = probe(Source::tcp, "n1:1");
  closed.name = "closed";
  open.on = closed.on = spec::Selector{"n1", {}};
  start({open, closed});
  ASSERT_TRUE(wait_for(2));
  for (const auto& sample : samples_) EXPECT_EQ(sample.ok, sample.probe == "p");
  EXPECT_EQ(samples_[1].detail, "Connection refused");
}

TEST_F(ProbesTest, ALogProbeLooksAtTheLinesSinceTheLastTime) {
  auto heartbeat = probe(Source::log, "heart(beat)? [0-9]+");
  heartbeat.on = spec::Selector{"n1", {}};
  start({heartbeat});
  EXPECT_TRUE(samples_.empty());
  lab_.write_line(0, "a heartbeat 7 was sent");
  lab_.write_line(1, "not this node's");
  ASSERT_TRUE(wait_for(2));
  EXPECT_TRUE(samples_[0].ok);
  EXPECT_EQ(samples_[0].detail, "seen: a heartbeat 7 was sent");
  EXPECT_FALSE(samples_[1].ok);
}

TEST_F(ProbesTest, ALineThatMustBeAbsentFailsTheSampleOfItsInterval) {
  auto panic = probe(Source::log, "panic:");
  panic.absent = true;
  start({panic});
  lab_.write_line(1, "panic: at the disco");
  ASSERT_TRUE(wait_for(6));
  EXPECT_TRUE(samples_[0].ok);
  EXPECT_FALSE(samples_[1].ok);
  EXPECT_EQ(samples_[1].node, "n2");
  EXPECT_TRUE(samples_[2].ok);
  EXPECT_TRUE(samples_[4].ok);
}

TEST_F(ProbesTest, ALineSinceTheLastTurnBelongsToThePhaseThatEnds) {
  auto panic = probe(Source::log, "panic:");
  panic.absent = true;
  panic.on = spec::Selector{"n1", {}};
  panic.every = std::chrono::hours(1);
  Probes& probes = start({panic});
  const auto end = core::now();
  probes.end_phase(end);
  EXPECT_TRUE(samples_.empty()) << "what was not seen in half a turn says nothing";
  lab_.write_line(1, "panic: not this node's");
  lab_.write_line(0, "panic: at the end");
  probes.end_phase(end);
  ASSERT_EQ(samples_.size(), 1U);
  EXPECT_FALSE(samples_[0].ok);
  EXPECT_EQ(samples_[0].node, "n1");
  EXPECT_LT(asked_[0], end);
  probes.end_phase(end);
  EXPECT_EQ(samples_.size(), 1U) << "told once";
}

TEST_F(ProbesTest, TurnsThatAreUnderWayAtTheEndAreStillAnswered) {
  std::vector<std::function<void(core::CommandResult)>> waiting;
  lab_.on_command = [&](core::NodeId, const std::vector<std::string>&, std::chrono::nanoseconds,
                        const std::function<void(core::CommandResult)>& done) { waiting.push_back(done); };
  auto one = probe(Source::command, "true");
  one.on = spec::Selector{"n1", {}};
  Probes& probes = start({one});
  lab_.loop().run_for(70ms);
  EXPECT_FALSE(probes.answered());
  probes.conclude();
  EXPECT_EQ(probes.patience(), 1300ms);
  core::CommandResult late;
  late.timed_out = true;
  waiting.at(0)(late);
  EXPECT_TRUE(probes.answered());
  EXPECT_GE(samples_.size(), 3U) << "with the turns that came meanwhile";
  const auto told = samples_.size();
  lab_.loop().run_for(50ms);
  EXPECT_EQ(samples_.size(), told) << "no turn comes any more";
}

TEST_F(ProbesTest, ABadPatternIsRefusedAtOnce) {
  EXPECT_THROW(start({probe(Source::log, "(")}), std::invalid_argument);
  EXPECT_THROW(start({probe(Source::prometheus, "http://n1/")}), std::invalid_argument);
}

}  // namespace
}  // namespace withstand::check
