#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "fault_fixture.hpp"

/// Every effect as a program in the node meets it: through the C library's resolver, and with queries of its own.
namespace withstand::faults::testing {
namespace {

using ::testing::HasSubstr;
using Parameters = std::map<std::string, spec::Value>;
using std::chrono::milliseconds;

std::string script() {
  std::ifstream file(WITHSTAND_SOURCE_DIR "/tests/programs/ask_resolver.py");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class DnsTest : public FaultTest {
 protected:
  void SetUp() override {
    by_resolver_ = true;
    FaultTest::SetUp();
    if (!IsSkipped()) launch("exec sleep 987");
  }

  core::Injection& strike(core::NodeId node, const std::string& answer, Parameters more = {}) {
    more.emplace("answer", spec::Value(answer));
    return inject("network.dns", std::move(more), {{node}, {}});
  }

  /// What ask_resolver.py prints, a word for each query.
  std::string ask(core::NodeId node, const std::string& name, const std::string& type = "a",
                  const std::string& transport = "udp", int times = 1) {
    std::optional<core::CommandResult> result;
    lab_->run_in(node, {"/usr/bin/python3", "-c", script(), name, type, transport, std::to_string(times)},
                 std::chrono::seconds(20), [&](core::CommandResult got) { result = std::move(got); });
    EXPECT_TRUE(wait([&] { return result.has_value(); }, std::chrono::seconds(25)));
    EXPECT_EQ(result->error, "");
    return result->output;
  }
  std::string look_up(core::NodeId node, const std::string& name) {
    return run(node, "getent ahostsv4 " + name + "; echo $?").output;
  }
};

TEST_F(DnsTest, EveryAnswerReachesTheProgramAndLeavesWithTheFault) {
  const std::pair<const char*, const char*> answers[] = {{"nxdomain", "NXDOMAIN\n"},
                                                         {"servfail", "SERVFAIL\n"},
                                                         {"refused", "REFUSED\n"},
                                                         {"empty", "NOERROR\n"},
                                                         {"timeout", "timeout\n"},
                                                         {"stale", "NOERROR 198.19.0.2\n"},
                                                         {"truncated", "NOERROR truncated\n"}};
  for (const auto& [answer, seen] : answers) {
    auto& fault = strike(0, answer);
    EXPECT_EQ(ask(0, "n2"), seen) << answer;
    EXPECT_EQ(ask(1, "n2"), "NOERROR 198.18.0.2\n") << answer << ": another node";
    fault.revert();
    EXPECT_EQ(ask(0, "n2"), "NOERROR 198.18.0.2\n") << answer;
    EXPECT_TRUE(fault.observe().took_effect()) << answer << ": " << fault.observe().objection();
  }
}

TEST_F(DnsTest, TheCLibraryMeetsThemToo) {
  EXPECT_THAT(look_up(0, "n2"), HasSubstr("198.18.0.2"));
  auto& none = strike(0, "nxdomain");
  EXPECT_EQ(look_up(0, "n2"), "2\n");
  none.revert();
  auto& other = strike(0, "wrong", {{"node", spec::Value(std::string("n3"))}});
  EXPECT_THAT(look_up(0, "n2"), HasSubstr("198.18.0.3"));
  EXPECT_THAT(run(0, "getent ahostsv6 n2").output, HasSubstr("fd57:7374::3"));
  other.revert();
  auto& cut = strike(0, "truncated");
  EXPECT_THAT(look_up(0, "n2"), HasSubstr("198.18.0.2")) << "over TCP";
  cut.revert();
  EXPECT_THAT(cut.observe().rows.at(0).measured, HasSubstr("asked again over TCP"));
  for (core::Injection* each : {&none, &other, &cut}) EXPECT_TRUE(each->observe().took_effect());
}

TEST_F(DnsTest, AnAddressOfOnesOwnIsGivenHoweverItWasWritten) {
  auto& fault = strike(0, "wrong", {{"address", spec::Value(std::string("FD57:7374:0::0009"))}});
  EXPECT_EQ(ask(0, "n2", "aaaa"), "NOERROR fd57:7374::9\n");
  EXPECT_EQ(ask(0, "n2", "a"), "NOERROR\n");
  EXPECT_EQ(ask(0, "elsewhere.example", "aaaa"), "NOERROR fd57:7374::9\n");
  EXPECT_TRUE(fault.observe().took_effect()) << fault.observe().objection();
}

TEST_F(DnsTest, ATimeoutCostsTheCLibraryItsPatience) {
  auto& fault = strike(0, "timeout", {{"names", spec::Value(spec::TextList{"n2"})}});
  const auto begin = core::now();
  EXPECT_EQ(run(0, "RES_OPTIONS='timeout:1 attempts:2' getent ahostsv4 n2; echo $?").output, "2\n");
  EXPECT_GE(core::now() - begin, milliseconds(2000)) << "two attempts of a second";
  EXPECT_THAT(look_up(0, "n3"), HasSubstr("198.18.0.3"));
  fault.revert();
  EXPECT_TRUE(fault.observe().took_effect()) << fault.observe().objection();
}

TEST_F(DnsTest, SlowAnswersAreRightAndLate) {
  auto& slow = strike(0, "slow", {{"delay", spec::Value(spec::Duration(milliseconds(150)))}});
  const auto begin = core::now();
  EXPECT_THAT(look_up(0, "n2"), HasSubstr("198.18.0.2"));
  EXPECT_GE(core::now() - begin, milliseconds(150));
  slow.revert();
  EXPECT_TRUE(slow.observe().took_effect()) << slow.observe().objection();
}

TEST_F(DnsTest, NamesAndTypesNarrowIt) {
  auto& fault =
      strike(0, "nxdomain", {{"names", spec::Value(spec::TextList{"N2"})}, {"type", spec::Value(std::string("aaaa"))}});
  EXPECT_EQ(ask(0, "n2", "aaaa"), "NXDOMAIN\n");
  EXPECT_EQ(ask(0, "n2", "a"), "NOERROR 198.18.0.2\n");
  EXPECT_EQ(ask(0, "n3", "aaaa"), "NOERROR fd57:7374::3\n");
  EXPECT_TRUE(fault.observe().took_effect());
}

TEST_F(DnsTest, AShareStrikesTheSameQueriesWithTheSameSeed) {
  std::string first;
  for (int round = 0; round < 2; ++round) {
    auto spec = std::make_unique<spec::FaultSpec>();
    spec->name = "half";
    spec->parameters = {{"answer", spec::Value(std::string("servfail"))},
                        {"share", spec::Value(spec::Ratio{500'000'000})}};
    auto injection = catalog_.fault("network.dns")->inject({*lab_, *spec, 42, {{0}, {}}});
    const std::string pattern = ask(0, "n2", "a", "udp", 60);
    injection->revert();
    EXPECT_TRUE(injection->observe().took_effect()) << injection->observe().objection();
    EXPECT_THAT(pattern, HasSubstr("SERVFAIL"));
    EXPECT_THAT(pattern, HasSubstr("198.18.0.2"));
    if (round > 0) {
      EXPECT_EQ(pattern, first);
    }
    first = pattern;
  }
}

TEST_F(DnsTest, FaultsOverlapAndEndEachForItself) {
  auto& slow = strike(0, "slow", {{"delay", spec::Value(spec::Duration(milliseconds(100)))}});
  auto& failing = strike(0, "servfail");
  EXPECT_EQ(ask(0, "n2"), "SERVFAIL\n");
  slow.revert();
  EXPECT_EQ(ask(0, "n2"), "SERVFAIL\n");
  failing.revert();
  EXPECT_EQ(ask(0, "n2"), "NOERROR 198.18.0.2\n");
  EXPECT_TRUE(slow.observe().took_effect()) << slow.observe().objection();
  EXPECT_TRUE(failing.observe().took_effect()) << failing.observe().objection();
}

TEST_F(DnsTest, WhatNobodyAsksHasNoEffect) {
  auto& fault = strike(0, "nxdomain", {{"names", spec::Value(spec::TextList{"n3"})}});
  ask(0, "n2");
  fault.revert();
  EXPECT_FALSE(fault.observe().took_effect());
  EXPECT_THAT(fault.observe().objection(), HasSubstr("asked was for n2 A"));
}

TEST_F(DnsTest, AtAStaleAddressNobodyAnswers) {
  auto& stale = strike(0, "stale");
  EXPECT_EQ(ask(0, "n2"), "NOERROR 198.19.0.2\n");
  EXPECT_EQ(run(0,
                "/usr/bin/python3 -c \"\nimport socket\ntry:\n  socket.create_connection(('n2', 9), 0.3)\nexcept "
                "TimeoutError:\n  print('nobody')\"")
                .output,
            "nobody\n")
      << "a port of n2 would have refused";
  EXPECT_TRUE(stale.observe().took_effect());
}

}  // namespace
}  // namespace withstand::faults::testing
