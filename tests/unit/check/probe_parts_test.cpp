#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/probe_judge.hpp"
#include "check/probe_text.hpp"
#include "check/prometheus.hpp"

namespace withstand::check {
namespace {

using ::testing::HasSubstr;
using Source = spec::ProbeSpec::Source;

double value(const std::string& text, const std::string& metric) {
  const auto found = find_sample(text, *parse_metric_selector(metric));
  if (!found.ok()) throw std::runtime_error(found.error().message);
  return *found;
}

TEST(Prometheus, ReadsTheExamplesOfTheFormat) {
  const std::string text =
      "# HELP http_requests_total The total number of HTTP requests.\n"
      "# TYPE http_requests_total counter\n"
      "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
      "http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n"
      "\n"
      "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find file:\\n\\\"FILE.TXT\\\"\"} "
      "1.458255915e9\n"
      "metric_without_timestamp_and_labels 12.47\n"
      "something_weird{problem=\"division by zero\"} +Inf -3982045\n"
      "nothing NaN\r\n"
      "with_spaces { a = \"b\" , } 5 # {trace_id=\"x\"} 1\n";
  EXPECT_EQ(value(text, "http_requests_total{code=\"200\"}"), 1027);
  EXPECT_EQ(value(text, "http_requests_total{code=\"400\",method=\"post\"}"), 3);
  EXPECT_EQ(value(text, "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\"}"), 1.458255915e9);
  EXPECT_EQ(value(text, "metric_without_timestamp_and_labels"), 12.47);
  EXPECT_EQ(value(text, "something_weird"), INFINITY);
  EXPECT_TRUE(std::isnan(value(text, "nothing")));
  EXPECT_EQ(value(text, "with_spaces{a=\"b\"}"), 5);
}

TEST(Prometheus, SaysWhenNoneOrSeveralFit) {
  const std::string text = "up{job=\"a\"} 1\nup{job=\"b\"} 0\nupper 7\n";
  EXPECT_EQ(find_sample(text, *parse_metric_selector("up")).error().message, "2 samples of up fit");
  EXPECT_EQ(find_sample(text, *parse_metric_selector("down")).error().message, "there is no sample of down");
  EXPECT_EQ(value(text, "upper"), 7);
}

TEST(Prometheus, SkipsWhatIsNoSample) {
  const std::string text = "up\nup x\nup{\nup{job=\"a\nup{job=\"a\"\n{} 3\nup{job} 3\nup{job=\"a\"}\nup{job=\"a\"} 9";
  EXPECT_EQ(value(text, "up"), 9);
  EXPECT_FALSE(find_sample("", *parse_metric_selector("up")).ok());
}

TEST(Prometheus, RefusesSelectorsThatAreNone) {
  for (const char* text : {"", "{a=\"b\"}", "up{", "up{a}", "up{a=b}", "up{a=\"b\"", "up 3", "9up"}) {
    EXPECT_FALSE(parse_metric_selector(text).ok()) << text;
  }
}

TEST(ProbeText, HostAndPort) {
  const auto named = parse_host_and_port("n1:7000");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->host, "n1");
  EXPECT_EQ(named->port, 7000);
  EXPECT_EQ(parse_host_and_port("[fd00::2]:80")->host, "fd00::2");
  for (const char* text : {"", "n1", "n1:", "n1:x", "n1:0", "n1:65536", ":80", "n1:80/x", "[fd00::2]"}) {
    EXPECT_FALSE(parse_host_and_port(text)) << text;
  }
}

spec::ProbeSpec http_probe() {
  spec::ProbeSpec probe;
  probe.source = Source::http;
  return probe;
}

TEST(ProbeJudge, Status) {
  spec::ProbeSpec probe = http_probe();
  probe.status = 503;
  EXPECT_TRUE(ProbeJudge(probe).judge(core::HttpAnswer{503, "", ""}).ok);
  const auto wrong = ProbeJudge(probe).judge(core::HttpAnswer{200, "fine\nreally", ""});
  EXPECT_FALSE(wrong.ok);
  EXPECT_EQ(wrong.detail, "HTTP 200: fine");
  EXPECT_EQ(ProbeJudge(probe).judge(core::HttpAnswer{0, "", "timeout"}).detail, "timeout");
}

TEST(ProbeJudge, BodyAndPointer) {
  spec::ProbeSpec probe = http_probe();
  probe.body = "leader|follower";
  probe.pointer = "/peers/1/ok";
  const auto judge = [&](const std::string& body) { return ProbeJudge(probe).judge(core::HttpAnswer{200, body, ""}); };
  EXPECT_TRUE(judge(R"({"role":"leader","peers":[{},{"ok":false}]})").ok);  // it need only be there
  probe.equals = "true";
  EXPECT_FALSE(judge(R"({"role":"leader","peers":[{},{"ok":false}]})").ok);
  EXPECT_TRUE(judge(R"({"role":"leader","peers":[{},{"ok":true}]})").ok);
  EXPECT_EQ(judge(R"({"role":"leader"})").detail, "/peers/1/ok is not there");
  EXPECT_FALSE(judge(R"({"role":"leader","peers":[]})").ok);
  EXPECT_EQ(judge("leader {").detail, "the body is no JSON: leader {");
  EXPECT_THAT(judge("{}").detail, HasSubstr("does not match"));
  probe.equals = "up";  // no JSON text: meant as a string
  EXPECT_TRUE(judge(R"({"role":"leader","peers":[{},{"ok":"up"}]})").ok);
}

TEST(ProbeJudge, Command) {
  spec::ProbeSpec probe;
  probe.source = Source::command;
  probe.body = "^PONG";
  const auto judge = [&](int status, const std::string& output, bool timed_out = false) {
    core::CommandResult result;
    result.exit_status = status;
    result.output = output;
    result.timed_out = timed_out;
    return ProbeJudge(probe).judge(result);
  };
  EXPECT_TRUE(judge(0, "PONG\n").ok);
  EXPECT_FALSE(judge(0, "LOADING\n").ok);
  EXPECT_FALSE(judge(1, "PONG\n").ok);
  EXPECT_EQ(judge(0, "PONG", true).detail, "timeout");
}

TEST(ProbeJudge, PrometheusRange) {
  spec::ProbeSpec probe;
  probe.source = Source::prometheus;
  probe.metric = "up";
  const auto ok = [&](const std::string& body) { return ProbeJudge(probe).judge(core::HttpAnswer{200, body, ""}).ok; };
  EXPECT_TRUE(ok("up 1"));
  EXPECT_TRUE(ok("up NaN"));
  EXPECT_FALSE(ok("down 1"));
  probe.minimum = 1;
  EXPECT_TRUE(ok("up 1"));
  EXPECT_FALSE(ok("up 0.5"));
  EXPECT_FALSE(ok("up NaN"));
  probe.maximum = 2;
  EXPECT_FALSE(ok("up 3"));
}

}  // namespace
}  // namespace withstand::check
