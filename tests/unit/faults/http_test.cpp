// network.http: what a file may say, and what the evidence says of what was measured.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/http_injection.hpp"
#include "network/http_match.hpp"
#include "reading.hpp"

namespace withstand::faults {
namespace {

using core::HttpEffect;
using core::HttpSettings;
using ::testing::HasSubstr;
using Action = HttpSettings::Action;
using Judgement = core::EvidenceRow::Judgement;

const std::string between = "from = \"n1\"\nto = \"n2\"\n";

spec::Reading<spec::Experiment> reading_of(const std::string& keys) {
  return faults::reading_of("network.http", between + keys);
}

std::string complaints(const std::string& keys) { return complaints_about("network.http", between + keys); }

TEST(Http, EachActionSaysWhatItNeeds) {
  EXPECT_THAT(complaints(""), HasSubstr("action"));
  EXPECT_THAT(complaints("action = \"delay\"\n"), HasSubstr("action = \"delay\" needs 'delay'"));
  EXPECT_THAT(complaints("action = \"status\"\n"), HasSubstr("action = \"status\" needs 'code'"));
  EXPECT_THAT(complaints("action = \"abort\"\ndelay = \"5ms\"\n"),
              HasSubstr("'delay' means nothing to action = \"abort\""));
  EXPECT_THAT(complaints("action = \"delay\"\ndelay = \"5ms\"\njitter = \"6ms\"\n"),
              HasSubstr("jitter is larger than the delay"));
  for (const char* good : {"action = \"delay\"\ndelay = \"5ms\"\njitter = \"1ms\"\ndistribution = \"normal\"\n",
                           "action = \"abort\"\ntold = \"both\"\n", "action = \"status\"\ncode = 503\n",
                           "action = \"truncate\"\n", "action = \"drop\"\nside = \"response\"\n"})
    EXPECT_EQ(complaints(good), "") << good;
}

TEST(Http, AStatusThatNoResponseWithABodyCanHaveIsRefused) {
  EXPECT_THAT(complaints("action = \"status\"\ncode = 204\n"), HasSubstr("a response of status 204 has no body"));
  EXPECT_THAT(complaints("action = \"status\"\ncode = 304\n"), HasSubstr("a response of status 304 has no body"));
  EXPECT_THAT(complaints("action = \"status\"\ncode = 100\n"), HasSubstr("code"));
  EXPECT_THAT(complaints("action = \"status\"\ncode = 503\nside = \"request\"\n"),
              HasSubstr("a request has no status"));
}

TEST(Http, WhatCanMatchNothingIsRefused) {
  const std::string abort = "action = \"abort\"\n";
  EXPECT_THAT(complaints(abort + "method = [\"get\"]\n"), HasSubstr("'get' is no method"));
  EXPECT_THAT(complaints(abort + "path = \"kv/*\"\n"), HasSubstr("a path begins with a slash"));
  EXPECT_THAT(complaints(abort + "path = \"\"\n"), HasSubstr("is empty"));
  EXPECT_THAT(complaints(abort + "header = [\"x y\"]\n"), HasSubstr("'x y' is no name of a header field"));
  EXPECT_THAT(complaints(abort + "status = [\"200\"]\n"), HasSubstr("'status' is of responses"));
  EXPECT_THAT(complaints(abort + "side = \"request\"\nstatus = [\"200\"]\n"),
              HasSubstr(R"(leave out 'status', or say side = "response" instead of "request")"));
  EXPECT_THAT(complaints(abort + "side = \"response\"\nstatus = [\"20\"]\n"), HasSubstr("'20' is no status"));
  EXPECT_EQ(complaints(abort + "side = \"response\"\nstatus = [\"5xx\"]\nresponse_header = [\"a = b=c\"]\n"), "");
}

TEST(Http, PatternsAreReadAsTheyAreSaid) {
  const auto reading =
      reading_of("action = \"drop\"\nmethod = [\"GET\", \"PUT\"]\npath = \"/kv/*\"\nheader = [\"a\", \" b = c=d \"]\n");
  ASSERT_EQ(reading.value.faults.size(), 1U);
  const core::HttpMatch match = http_match_of(reading.value.faults[0]);
  EXPECT_EQ(match.methods, (std::vector<std::string>{"GET", "PUT"}));
  EXPECT_EQ(match.path, "/kv/*");
  ASSERT_EQ(match.headers.size(), 2U);
  EXPECT_EQ(match.headers[0].name, "a");
  EXPECT_EQ(match.headers[0].value, "");
  EXPECT_EQ(match.headers[1].name, "b");
  EXPECT_EQ(match.headers[1].value, "c=d");
}

HttpEffect seen(std::uint64_t matched, std::uint64_t chosen) {
  HttpEffect effect;
  effect.requests = effect.responses = 10;
  effect.connections = 1;
  effect.matched = matched;
  effect.chosen = effect.decided = chosen;
  effect.acted = chosen;
  return effect;
}

TEST(HttpEvidence, WhatArrivedDecides) {
  HttpEffect effect = seen(5, 5);
  const HttpSettings status{.action = Action::status, .code = 503};
  EXPECT_EQ(judge_http(status, "status", effect, "a>b").judgement, Judgement::informative) << "decided, not arrived";
  effect.rewritten = 5;
  EXPECT_EQ(judge_http(status, "status", effect, "a>b").judgement, Judgement::agrees);
  effect.original = 1;
  EXPECT_EQ(judge_http(status, "status", effect, "a>b").judgement, Judgement::mismatch);
  effect = seen(5, 5);
  effect.rewritten = 5;
  effect.decided = 4;
  EXPECT_EQ(judge_http(status, "status", effect, "a>b").judgement, Judgement::mismatch);
  const HttpSettings drop{.action = Action::drop};
  effect = seen(1, 1);
  effect.held_back = 100;
  EXPECT_EQ(judge_http(drop, "drop", effect, "a>b").judgement, Judgement::agrees);
  effect.leaked_bytes = 1;
  EXPECT_EQ(judge_http(drop, "drop", effect, "a>b").judgement, Judgement::mismatch);
  const HttpSettings delay{.action = Action::delay};
  effect = seen(1, 1);
  effect.delayed = 1;
  EXPECT_EQ(judge_http(delay, "delay", effect, "a>b").judgement, Judgement::agrees);
  effect.hasty = 1;
  EXPECT_EQ(judge_http(delay, "delay", effect, "a>b").judgement, Judgement::mismatch);
}

TEST(HttpEvidence, ADelayFarBeyondWhatWasDrawnIsTold) {
  const HttpSettings delay{.action = Action::delay};
  HttpEffect effect = seen(1, 1);
  effect.delayed = 1;
  effect.drawn_mean_ns = 1'000'000'000;
  effect.delay_mean_ns = 1'149'000'000;
  EXPECT_THAT(judge_http(delay, "delay", effect, "a>b").measured, ::testing::Not(HasSubstr("more than drawn")));
  effect.delay_mean_ns = 3'000'000'000;
  EXPECT_THAT(judge_http(delay, "delay", effect, "a>b").measured, HasSubstr("more than drawn (mean)"));
}

TEST(HttpEvidence, WhatHadNoEffectSaysWhy) {
  const HttpSettings status{.action = Action::status, .side = HttpSettings::Side::response, .code = 503};
  EXPECT_EQ(why_nothing(status, {}, {}), "no HTTP request was sent on any of them");
  HttpEffect sum;
  sum.tls = 2;
  EXPECT_EQ(why_nothing(status, sum, {}),
            "no HTTP request was sent on any of them: of connections, 2 spoke TLS, which hides what is said");
  EXPECT_EQ(why_nothing(status, seen(0, 0), {{"GET /a", 9}, {"PUT /b", 1}}),
            "none of 10 responses matched; seen most: GET /a (9), PUT /b (1)");
  EXPECT_EQ(why_nothing(status, seen(3, 0), {}), "3 responses matched, none was chosen");
  HttpEffect unfit = seen(3, 3);
  unfit.unfit = 3;
  EXPECT_THAT(why_nothing(status, unfit, {}), HasSubstr("3 left alone, of a status without body"));
}

}  // namespace
}  // namespace withstand::faults
