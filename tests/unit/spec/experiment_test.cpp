#include "spec/experiment.hpp"

#include "fixtures.hpp"

namespace withstand::spec {
namespace {

using namespace std::chrono_literals;
using fixtures::complaints;
using testing::ElementsAre;

/// The page that every user sees first.
constexpr std::string_view page = R"(#:schema ./experiment.schema.json
title = "Redis with Sentinel serves again within 8 s of losing its primary behind a slow link"
seed  = 42
tags  = ["ci"]

[target]
use   = "redis-sentinel"
nodes = { redis = 3, sentinel = 3 }
args  = ["--loglevel", "verbose"]

[load]
workload = "register"
rate     = "400/s"
mix      = { read = 50, write = 50 }
keys     = 32
timeout  = "1s"

[phases]
before = "5s"
during = "25s"
after  = "10s"

[[probe]]
name    = "ping"
on      = "redis"
command = "redis-cli -h {node} -p {port} ping"
every   = "500ms"

[[fault]]
name  = "slow"
kind  = "network.latency"
from  = "redis:primary"
to    = "redis:replica"
delay = "40ms"
jitter = "5ms"
at    = "0s"
for   = "15s"

[[fault]]
name  = "kill"
kind  = "process.kill"
on    = "redis:primary"
when  = { fault = "slow", after = "5s" }
restart = "12s"

[limits]
down = "minority"

[stop]
if = ["probe.ping < 10% for 30s"]

[expect]
before = ["errors == 0%", "p99 < 20ms"]
during = ["outage < 8s"]
after  = ["errors == 0%", "p99 < 20ms", "recovery < 2s"]
checks = []
)";

TEST(Experiment, ReadsTheWholePage) {
  const Reading<Experiment> reading = fixtures::read(page);
  ASSERT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
  const Experiment& e = reading.value;
  EXPECT_EQ(e.seed, 42U);
  EXPECT_THAT(e.tags, ElementsAre("ci"));
  EXPECT_EQ(e.target.name, "redis-sentinel");
  EXPECT_EQ(e.target.folder, "targets");
  EXPECT_EQ(e.nodes.at("redis"), 3);
  ASSERT_FALSE(e.extra_args.empty());
  for (const auto& [kind, args] : e.extra_args) EXPECT_THAT(args, ElementsAre("--loglevel", "verbose")) << kind;
  ASSERT_TRUE(e.load.has_value());
  EXPECT_EQ(e.load->rate.millihertz, 400'000);
  EXPECT_EQ(e.load->mix.at("read"), 50);
  EXPECT_EQ(e.load->keys, 32);
  EXPECT_EQ(e.phases.during, 25s);
  EXPECT_EQ(e.phases.warm_up, 1s);
  ASSERT_EQ(e.probes.size(), 1U);
  EXPECT_EQ(e.probes[0].source, ProbeSpec::Source::command);
  EXPECT_EQ(e.probes[0].every, 500ms);
  ASSERT_EQ(e.faults.size(), 2U);
  EXPECT_EQ(e.faults[0].name, "slow");
  EXPECT_EQ(std::get<Duration>(e.faults[0].parameters.at("delay")), 40ms);
  EXPECT_EQ(std::get<std::string>(e.faults[0].parameters.at("distribution")), "uniform");
  EXPECT_EQ(e.faults[0].lasts, 15s);
  EXPECT_EQ(e.faults[0].at.line, 29);
  EXPECT_EQ(e.faults[1].trigger.kind, Trigger::Kind::fault);
  EXPECT_EQ(e.faults[1].trigger.fault, "slow");
  EXPECT_EQ(e.faults[1].trigger.offset, 5s);
  EXPECT_EQ(std::get<std::int64_t>(e.faults[1].parameters.at("signal")), 9);
  EXPECT_FALSE(e.faults[1].lasts.has_value());
  EXPECT_EQ(e.limits.down, "minority");
  ASSERT_EQ(e.stop.size(), 1U);
  EXPECT_EQ(e.stop[0].lasting, 30s);
  EXPECT_EQ(e.expect.after[2].text, "recovery < 2s");
  EXPECT_EQ(e.expect.after[2].at.line, 55);
  EXPECT_EQ(e.expected.verdict, "withstood");
}

TEST(Experiment, DriverOptionsOfTheLoadAndRolesThatNodesKnowOfThemselves) {
  const Reading<Experiment> reading = fixtures::read(R"([target]
command = ["x"]
ports   = { client = 1 }
driver  = "http"

[target.driver_options]
path = "/a/{key}"

[target.roles.leader]
of      = "node"
self    = true
command = ["ask", "{address}"]

[load]
workload = "register"
options  = { path = "/b/{key}", ok = "200" }
)");
  ASSERT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
  const std::map<std::string, std::string> expected{{"path", "/b/{key}"}, {"ok", "200"}};
  EXPECT_EQ(reading.value.load->options, expected);
  EXPECT_EQ(reading.value.target.driver_options.at("path"), "/a/{key}");
  const RoleSpec& leader = reading.value.target.roles.at("leader");
  EXPECT_TRUE(leader.self);
  EXPECT_EQ(leader.on, "node");
}

TEST(Experiment, ACaptureIsAskedForAloneOrWithItsMeasure) {
  const std::string target = "\n[target]\nuse = \"kv\"\n";
  const auto read = [&](const std::string& capture) {
    const Reading<Experiment> reading = fixtures::read(capture + target);
    EXPECT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
    return reading.value.capture;
  };
  EXPECT_FALSE(read(""));
  EXPECT_FALSE(read("capture = false"));
  const auto plain = read("capture = true"), measured = read("capture = { snap = \"64KiB\", limit = \"1GiB\" }");
  ASSERT_TRUE(plain && measured);
  EXPECT_EQ(plain->snap.count, 512);
  EXPECT_EQ(plain->limit.count, 256 << 20);
  EXPECT_EQ(measured->snap.count, 64 << 10);
  EXPECT_EQ(measured->limit.count, 1 << 30);
}

TEST(Experiment, TargetKeepsFileOrder) {
  const Reading<Experiment> reading = fixtures::read(page);
  const Target& target = reading.value.target;
  ASSERT_EQ(target.kinds.size(), 2U);
  EXPECT_EQ(target.kinds[0].name, "sentinel");
  EXPECT_EQ(target.kinds[1].name, "redis");
  EXPECT_THAT(target.kinds[0].starts_after, ElementsAre("redis"));
  ASSERT_EQ(target.kinds[1].files.size(), 2U);
  EXPECT_EQ(target.kinds[1].files[0].name, "redis.conf");
  EXPECT_EQ(target.kinds[1].files[0].on, "first");
  EXPECT_EQ(target.kinds[0].stop.signal, "TERM");
  EXPECT_EQ(target.roles.at("replica").complement_of, "primary");
  EXPECT_EQ(target.roles.at("primary").on, "sentinel");
  ASSERT_EQ(target.lists.size(), 1U);
  EXPECT_THAT(target.versions, ElementsAre(ElementsAre("redis-server", "--version")));
}

TEST(Experiment, PortsKeepFileOrder) {
  const Reading<Target> reading = read_target(fixtures::target_text("kv"), "targets/kv/target.toml");
  ASSERT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
  EXPECT_THAT(reading.value.kinds[0].port_order, ElementsAre("peer", "client"));
  EXPECT_EQ(reading.value.folder, "targets/kv");
  EXPECT_EQ(reading.value.kinds[0].ready.source, ReadySpec::Source::http);
  EXPECT_EQ(reading.value.kinds[0].ready.timeout, 5s);
}

TEST(Experiment, AnInlineTargetIsOneKind) {
  const Reading<Experiment> reading = fixtures::read(R"(
[target]
command = ["my-service", "--port={port}"]
ports = { http = 8080 }
ready = { http = "http://{address}:{port}/health" }
nodes = 3
env = { MODE = "test" }
)");
  ASSERT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
  EXPECT_EQ(reading.value.target.name, "inline");
  EXPECT_EQ(reading.value.target.kinds[0].name, "node");
  EXPECT_EQ(reading.value.nodes.at("node"), 3);
  EXPECT_EQ(reading.value.extra_env.at("MODE"), "test");
  EXPECT_FALSE(reading.value.load.has_value());
}

TEST(Experiment, AToleranceIsAnExpectation) {
  const Reading<Experiment> reading = fixtures::read(R"(
[target]
use = "kv"
[[probe]]
name = "health"
on = "all"
http = "http://{node}:{port.client}/health"
tolerance = "10%"
)");
  ASSERT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
  ASSERT_EQ(reading.value.expect.before.size(), 1U);
  EXPECT_EQ(reading.value.expect.before[0].text, "probe.health >= 90%");
  EXPECT_EQ(reading.value.expect.after[0].text, "probe.health >= 90%");
  EXPECT_EQ(reading.value.nodes.at("kv"), 3);
}

/// On kv with a register workload.
std::string with_kv(std::string_view rest) {
  std::string text = "[target]\nuse = \"kv\"\n[load]\nworkload = \"register\"\n";
  text += rest;
  return text;
}

TEST(Experiment, AnExpectedFailureNamesWhatFails) {
  std::string text = R"(verdict = "failed"
fails = ["linearizable", "after:errors==0%"]
may_fail = ["during: outage < 3s", "exit: n2"]
)";
  text += with_kv(R"([expect]
during = ["outage < 3s"]
after = ["errors == 0%"]
checks = ["linearizable"]
exits = ["n1:SIGABRT", "kv:0", "n2:KILL", "n1:9"]
)");
  const Reading<Experiment> reading = fixtures::read(text);
  ASSERT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
  EXPECT_THAT(reading.value.expected.fails, ElementsAre("linearizable", "after: errors == 0%"));
  EXPECT_THAT(reading.value.expected.may_fail, ElementsAre("during: outage < 3s", "exit: n2"));
  EXPECT_THAT(reading.value.expect.exits, ElementsAre("n1:SIGABRT", "kv:0", "n2:KILL", "n1:9"));
}

TEST(Experiment, ADefaultNameIsADigestOfTheTable) {
  const auto name = [](const std::string& fault) {
    const Reading<Experiment> reading = fixtures::read(with_kv(fault));
    EXPECT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
    return reading.value.faults.at(0).name;
  };
  const std::string one = name("[[fault]]\nkind = \"process.pause\"\non = \"n1\"\n");
  EXPECT_EQ(one, name("[[fault]]\non   =   'n1' # the first\nkind = \"process.pause\"\n"));
  EXPECT_NE(one, name("[[fault]]\nkind = \"process.pause\"\non = \"n2\"\n"));
  EXPECT_THAT(one, testing::MatchesRegex("process\\.pause-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"));
}

TEST(Experiment, ATriggerCanBeALogLineOrARole) {
  const Reading<Experiment> reading = fixtures::read(R"([target]
use = "redis-sentinel"
[[fault]]
name = "a"
kind = "process.pause"
on = "redis-1"
when = { log = "switch-master .*", on = "sentinel", after = "1s" }
for = "2s"
[[fault]]
name = "b"
kind = "process.kill"
on = "redis-2"
when = { role = "primary" }
signal = "SIGTERM"
evidence = "optional"
)");
  ASSERT_TRUE(reading.ok()) << render(reading.diagnostics, reading.sources);
  const FaultSpec& a = reading.value.faults[0];
  EXPECT_EQ(a.trigger.kind, Trigger::Kind::log);
  EXPECT_EQ(a.trigger.on->text, "sentinel");
  const FaultSpec& b = reading.value.faults[1];
  EXPECT_EQ(b.trigger.kind, Trigger::Kind::role);
  EXPECT_EQ(b.trigger.on->text, "redis");
  EXPECT_EQ(std::get<std::int64_t>(b.parameters.at("signal")), 15);
  EXPECT_FALSE(b.evidence_required);
}

TEST(Experiment, GroupsAreChecked) {
  const std::string text = with_kv("[[fault]]\nkind = \"network.partition\"\ngroups = [[\"n1\"], [\"n2\", \"n4\"]]\n");
  EXPECT_THAT(complaints(text), testing::HasSubstr("x.toml:7:26: error: 'n4' names no node"));
}

TEST(Experiment, EveryComplaintComesInOnePassAndInFileOrder) {
  const Reading<Experiment> reading = fixtures::read(R"(tilte = "x"
[target]
use = "broken"
[load]
workload = "registre"
rate = 400
[[fault]]
kind = "process.pause"
on = "n1"
dely = 3
)");
  ASSERT_EQ(reading.diagnostics.size(), 8U) << render(reading.diagnostics, reading.sources);
  for (std::size_t i = 1; i < reading.diagnostics.size(); ++i) {
    if (reading.diagnostics[i].file != reading.diagnostics[i - 1].file) continue;
    EXPECT_LE(reading.diagnostics[i - 1].at.line, reading.diagnostics[i].at.line);
  }
  EXPECT_EQ(reading.diagnostics.back().file, "targets/broken.toml");
  EXPECT_TRUE(reading.sources.contains("targets/broken.toml"));
}

}  // namespace
}  // namespace withstand::spec
