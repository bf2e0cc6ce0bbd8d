#include "samples.hpp"

#include <sstream>
#include <stdexcept>
#include <utility>

namespace withstand::report::samples {
namespace {

using namespace withstand::record;

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1'000 * ms;

/// Builds a journal event by event.
class Story {
 public:
  explicit Story(std::string name) { sample_.name = std::move(name); }
  Story& at(std::int64_t t, Event event) {
    sample_.entries.push_back({t, std::move(event)});
    return *this;
  }
  Sample done(std::int64_t t, std::string verdict, std::vector<std::string> reasons, bool as_expected, int code,
              bool rollback_ok = true) {
    RunEnded end;
    end.verdict = std::move(verdict);
    end.reason = reasons.empty() ? "" : reasons.front();
    end.reasons = std::move(reasons);
    end.as_expected = as_expected;
    end.exit_code = code;
    end.rollback_ok = rollback_ok;
    at(t, end);
    return sample_;
  }
  Sample cut(std::string tail) {
    sample_.tail = std::move(tail);
    return sample_;
  }

 private:
  Sample sample_;
};

RunStarted start(const std::string& title, const std::string& file) {
  RunStarted out;
  out.run = "20250131-120000-kv-kill-one-a1b2";
  out.title = title;
  out.file = file;
  out.version = "0.1.0";
  out.kernel = "6.1.0-28-cloud-amd64";
  out.host = "builder-7";
  out.wall_time = "2025-01-31T12:00:00Z";
  out.seed = 42;
  out.target = "quorum-kv";
  out.versions = {{"quorum-kv", "quorum-kv 0.1.0"}};
  out.nodes = {"n1", "n2", "n3", "client"};
  out.tags = {"ci"};
  out.command = "withstand run " + file + " --seed 42";
  out.expected_verdict = "withstood";
  return out;
}

LatencySummary latency(const std::string& phase, const std::string& op, std::uint64_t count, std::uint64_t fail,
                       std::uint64_t info, std::int64_t p50, std::int64_t max) {
  LatencySummary out;
  out.phase = phase;
  out.op = op;
  out.count = count;
  out.fail = fail;
  out.info = info;
  out.ok = count - fail - info;
  out.p50 = p50;
  out.p90 = p50 + (max - p50) / 8;
  out.p95 = p50 + (max - p50) / 4;
  out.p99 = p50 + (max - p50) / 2;
  out.p999 = max - 1;
  out.mean = p50 + p50 / 10;
  out.max = max;
  out.service_p50 = p50;
  out.service_p99 = out.p99;
  return out;
}

InjectionEvent injection(const std::string& fault, const std::string& kind, const std::string& what,
                         std::vector<std::string> on, std::int64_t due, int line) {
  return {fault, kind, what, std::move(on), "", due, line};
}

void launch(Story& story) {
  story.at(1 * ms, PhaseStarted{"preflight"}).at(31 * ms, PhaseStarted{"prepare"}).at(80 * ms, PhaseStarted{"launch"});
  std::int64_t pid = 4001;
  for (const char* node : {"n1", "n2", "n3"}) {
    story.at(90 * ms, NodeEvent{node, "started", "", pid++}).at(180 * ms, NodeEvent{node, "ready", "", 0});
  }
  story.at(200 * ms, PhaseStarted{"warm-up"}).at(1200 * ms, PhaseStarted{"before"});
  for (int i = 0; i < 3; ++i) {
    story.at(1300 * ms + i * second, ProbeSample{"health", "n1", true, 2 * ms, "200"});
  }
}

/// A kill and a slow link during `during`, each with its evidence; the exact instants are what the reports show.
void faults(Story& story) {
  story.at(6200 * ms, injection("slow", "network.latency", "scheduled", {}, 6200 * ms, 21));
  story.at(6200 * ms, injection("kill", "process.kill", "scheduled", {}, 11200 * ms, 29));
  story.at(6200 * ms, PhaseStarted{"during"});
  story.at(6200 * ms + 400'000, injection("slow", "network.latency", "injected", {"n1→n2", "n1→n3"}, 6200 * ms, 21));
  story.at(11200 * ms + 310'000, injection("kill", "process.kill", "injected", {"n2"}, 11200 * ms, 29));
  story.at(11201 * ms, NodeEvent{"n2", "exited", "SIGKILL, asked by fault 'kill'", 4002});
  story.at(11300 * ms, ProbeSample{"health", "n2", false, 1 * ms, "connection refused"});
  story.at(16200 * ms, NodeEvent{"n2", "restarted", "asked by fault 'kill'", 4010});
  story.at(16290 * ms, NodeEvent{"n2", "ready", "", 4010});
  story.at(16300 * ms, injection("kill", "process.kill", "reverted", {"n2"}, 0, 29));
  story.at(21200 * ms, injection("slow", "network.latency", "reverted", {}, 0, 21));
  story.at(26200 * ms, PhaseStarted{"after"});
}

void evidence(Story& story) {
  const std::int64_t t = 31210 * ms;
  story.at(t, EvidenceEvent{"slow", "delay n1→n2", "40ms ± 5ms", "mean 40.1ms, p99 45.0ms over 1873 packets",
                            "link fabric egress", "agrees"});
  story.at(t, EvidenceEvent{"slow", "delay n1→n3", "40ms ± 5ms", "mean 39.9ms, p99 44.8ms over 1790 packets",
                            "link fabric egress", "agrees"});
  story.at(t, EvidenceVerdict{"slow", "network.latency", true, true, ""});
  story.at(t, EvidenceEvent{"kill", "exit of n2, pid 4002", "SIGKILL", "killed by signal 9 after 0.2ms",
                            "kernel: waitid", "agrees"});
  story.at(t, EvidenceVerdict{"kill", "process.kill", true, true, ""});
}

void figures(Story& story, std::uint64_t failed_during, std::uint64_t failed_after) {
  const std::int64_t t = 31220 * ms;
  story.at(t, latency("before", "", 2000, 0, 0, 843'000, 6 * ms));
  story.at(t, latency("before", "read", 1003, 0, 0, 700'500, 5 * ms));
  story.at(t, latency("before", "write", 997, 0, 0, 990'000, 6 * ms));
  story.at(t, latency("during", "", 8000, failed_during, 2, 1'900'000, 1003 * ms));
  story.at(t, latency("after", "", 2000, failed_after, 0, 851'000, 7 * ms));
  LatencySummary of_one = latency("before", "read", 201, 0, 0, 700'500, 5 * ms);
  of_one.second = 3;
  story.at(t, of_one);
}

void closing(Story& story) {
  story.at(31260 * ms, MediumHealth{"link fabric", true, "worst lateness 0.08ms"});
  story.at(31270 * ms, PhaseStarted{"rollback"}).at(31290 * ms, PhaseStarted{"tear-down"});
  story.at(31300 * ms, NodeEvent{"n1", "exited", "SIGTERM, asked at the end", 4001});
}

Sample withstood() {
  Story story("withstood");
  story.at(0, start("A register keeps its promise while one of three nodes dies behind a slow link",
                    "experiments/process/kv-kill-one.toml"));
  launch(story);
  faults(story);
  story.at(31200 * ms, PhaseStarted{"check"});
  evidence(story);
  figures(story, 0, 0);
  story.at(31240 * ms, ExpectationResult{"before", "errors == 0%", "held", "0%", "", 36});
  story.at(31240 * ms, ExpectationResult{"before", "p99 < 20ms", "held", "3.42ms", "", 36});
  story.at(31240 * ms, ExpectationResult{"during", "outage < 8s", "held", "1.04s", "", 37});
  story.at(31240 * ms, ExpectationResult{"after", "recovery < 2s", "held", "0.21s", "", 38});
  story.at(31250 * ms,
           CheckResult{"linearizable", "held", "11998 operations on 32 keys, 2 of unknown outcome", {}, 39});
  story.at(31255 * ms, CaptureEnded{"capture.pcapng", 36117, 12, 9437184, 0, ""});
  closing(story);
  return story.done(31320 * ms, "withstood", {"every expectation held, and every injection took effect"}, true, 0);
}

void failing_figures(Story& story) {
  evidence(story);
  figures(story, 61, 4);
  story.at(31240 * ms, ExpectationResult{"before", "errors == 0%", "held", "0%", "", 36});
  story.at(31240 * ms, ExpectationResult{"during", "outage < 8s", "held", "1.04s", "", 37});
  story.at(31240 * ms, ExpectationResult{"after", "errors == 0%", "failed", "0.2%",
                                         "4 of 2000 operations failed: HTTP 503 at n2", 38});
  story.at(31250 * ms, CheckResult{"linearizable",
                                   "failed",
                                   "1 of 32 keys has no order that explains what was read",
                                   {"key k7: write of v81 by client 3 was acknowledged at 12.345s",
                                    "key k7: read by client 5 began at 12.410s and still returned v80",
                                    "no order of these two operations agrees with both"},
                                   39});
}

Sample failed() {
  Story story("failed");
  story.at(0, start("A register keeps its promise while one of three nodes dies behind a slow link",
                    "experiments/process/kv-kill-one.toml"));
  launch(story);
  faults(story);
  story.at(31200 * ms, PhaseStarted{"check"});
  failing_figures(story);
  closing(story);
  return story.done(
      31320 * ms, "failed",
      {"linearizable: 1 of 32 keys has no order that explains what was read", "after: errors == 0%: measured 0.2%"},
      false, 1);
}

Sample failed_as_expected() {
  Story story("failed-as-expected");
  RunStarted begin =
      start("Reading from one node breaks the register's promise", "experiments/expected-failure/kv-read-one.toml");
  begin.expected_verdict = "failed";
  begin.expected_fails = {"linearizable", "after: errors == 0%"};
  story.at(0, begin);
  launch(story);
  faults(story);
  story.at(31200 * ms, PhaseStarted{"check"});
  failing_figures(story);
  closing(story);
  return story.done(31320 * ms, "failed", {"linearizable: 1 of 32 keys has no order that explains what was read"}, true,
                    0);
}

Sample inconclusive() {
  Story story("inconclusive");
  story.at(0, start("Losing one packet in ten costs latency, not answers", "experiments/network/kv-loss.toml"));
  launch(story);
  story.at(6200 * ms, injection("drop", "network.loss", "scheduled", {}, 6200 * ms, 21));
  story.at(6200 * ms, injection("late", "network.partition", "scheduled", {}, 0, 27));
  story.at(6200 * ms, injection("extra", "process.pause", "scheduled", {}, 7200 * ms, 33));
  story.at(6200 * ms, PhaseStarted{"during"});
  story.at(6201 * ms, injection("drop", "network.loss", "injected",
                                {"n1→n2", "n1→n3", "n2→n1", "n2→n3", "n3→n1", "n3→n2"}, 6200 * ms, 21));
  story.at(7201 * ms, injection("extra", "process.pause", "injected", {"n3"}, 7200 * ms, 33));
  story.at(12200 * ms, injection("extra", "process.pause", "reverted", {"n3"}, 0, 33));
  story.at(26200 * ms, injection("drop", "network.loss", "reverted", {}, 0, 21));
  InjectionEvent never = injection("late", "network.partition", "skipped", {}, 0, 27);
  never.detail = "no node took the role primary before `during` ended";
  story.at(26200 * ms, never).at(26200 * ms, PhaseStarted{"after"}).at(31200 * ms, PhaseStarted{"check"});
  const std::int64_t t = 31210 * ms;
  story.at(t,
           EvidenceEvent{"drop", "packets dropped n1→n2", "10%", "0 of 1873 packets", "link fabric egress", "absent"});
  story.at(t, EvidenceVerdict{"drop", "network.loss", false, true, "packets dropped n1→n2: nothing was seen"});
  story.at(t, EvidenceEvent{"extra", "frozen n3", "5s", "not seen", "kernel: cgroup.events", "absent"});
  story.at(t, EvidenceVerdict{"extra", "process.pause", false, false, "frozen n3: nothing was seen"});
  story.at(t, EvidenceVerdict{"late", "network.partition", false, true, "it was never injected"});
  figures(story, 0, 0);
  story.at(31240 * ms, ExpectationResult{"during", "p99{op=read} < 80ms", "inconclusive", "",
                                         "no operation of this kind ended in this phase", 36});
  story.at(31240 * ms, ExpectationResult{"after", "errors == 0%", "held", "0%", "", 38});
  story.at(31250 * ms, CheckResult{"linearizable", "inconclusive", "the search ran out of time at key k7", {}, 39});
  story.at(31260 * ms,
           MediumHealth{"link fabric", false, "412 packets were dropped at n1's interface before we saw them"});
  story.at(31265 * ms, Note{"warning", "the host's clock was stepped by 3 s during the run"});
  story.at(31265 * ms,
           CaptureEnded{"capture.pcapng", 1, 1, 65000, 912, "it ends at its limit of 64KiB, 912 packets are left out"});
  closing(story);
  return story.done(
      31320 * ms, "inconclusive",
      {"fault 'drop' has no evidence: packets dropped n1→n2: nothing was seen",
       "fault 'late' was never injected: no node took the role primary before `during` ended",
       "the link fabric broke its promise: 412 packets were dropped at n1's interface before we saw them"},
      false, 4);
}

Sample error() {
  Story story("error");
  story.at(0, start("A node that cannot be launched", "experiments/quickstart/kv.toml"));
  story.at(1 * ms, PhaseStarted{"preflight"}).at(31 * ms, PhaseStarted{"prepare"}).at(80 * ms, PhaseStarted{"launch"});
  story.at(90 * ms, NodeEvent{"n1", "started", "", 4001});
  story.at(95 * ms, Note{"error", "clone3 of n2: Operation not permitted"});
  story.at(99 * ms, PhaseStarted{"rollback"})
      .at(140 * ms, Note{"error", "cannot remove cgroup withstand-4000: Device or resource busy"});
  return story.done(150 * ms, "error", {"clone3 of n2: Operation not permitted", "the rollback did not finish"}, false,
                    6, false);
}

Sample skipped() {
  Story story("skipped");
  story.at(0, start("A disk that lies about fsync", "experiments/disk/kv-lying-fsync.toml"));
  story.at(1 * ms, PhaseStarted{"preflight"});
  return story.done(3 * ms, "skipped", {"/dev/fuse is missing here: load the module fuse, or run `withstand doctor`"},
                    false, 77);
}

Sample aborted() {
  Story story("aborted");
  story.at(0, start("A partition that lasts", "experiments/network/kv-partition.toml"));
  launch(story);
  story.at(6200 * ms, injection("split", "network.partition", "scheduled", {}, 6200 * ms, 21));
  story.at(6200 * ms, PhaseStarted{"during"});
  story.at(6201 * ms, injection("split", "network.partition", "injected", {"n1→n2", "n2→n1"}, 6200 * ms, 21));
  story.at(9000 * ms, PhaseStarted{"rollback"})
      .at(9001 * ms, injection("split", "network.partition", "reverted", {}, 0, 21));
  story.at(9002 * ms, PhaseStarted{"tear-down"});
  return story.done(9100 * ms, "aborted", {"stop condition: probe.health < 10% for 2s"}, false, 7);
}

Sample killed() {
  Story story("killed");
  story.at(0, start("A register keeps its promise while one of three nodes dies behind a slow link",
                    "experiments/process/kv-kill-one.toml"));
  launch(story);
  story.at(6200 * ms, injection("kill", "process.kill", "scheduled", {}, 11200 * ms, 29));
  story.at(6200 * ms, PhaseStarted{"during"});
  story.at(11200 * ms, injection("kill", "process.kill", "injected", {"n2"}, 11200 * ms, 29));
  return story.cut(R"({"t":11201000000,"event":"node","node":"n2","wh)");
}

/// Twenty-five seconds of load and probes by the second, a node that dies by itself, one that comes back: what charts
/// are drawn from.
void series(Story& story) {
  for (std::int64_t i = 0; i < 26; ++i) {
    const bool split = i >= 8 && i < 13;
    LoadSecond second_of;
    second_of.second = i;
    second_of.ok = i == 0 ? 160 : split ? 120 : 200;
    second_of.fail = split ? 60 : 0;
    second_of.info = i == 8 ? 20 : 0;
    second_of.dropped = i == 9 ? 12 : 0;
    second_of.p50 = (split ? 4 : 1) * ms;
    second_of.p99 = (split ? 900 : 9) * ms;
    second_of.max = (split ? 1000 : 11) * ms;
    story.at(i * second + second, second_of);
    for (const char* node : {"n1", "n2", "n3"}) {
      const bool down = i >= 15 && i < 18 && std::string(node) == "n2";
      story.at(i * second + 300 * ms, ProbeSample{"up", node, !down, (down ? 1 : 3) * ms, down ? "refused" : "200"});
    }
  }
}

void series_by_second(Story& story) {
  for (std::int64_t i = 0; i < 26; ++i) {
    const bool split = i >= 8 && i < 13;
    for (const char* op : {"", "read", "write"}) {
      const std::uint64_t share = *op == 0 ? 1 : 2;
      const std::uint64_t failed = split ? 60 / share : 0;
      LatencySummary one =
          latency(i < 6    ? "before"
                  : i < 21 ? "during"
                           : "after",
                  op, 200 / share, failed, i == 8 ? 20 / share : 0,
                  (split ? 4 : 1) * ms + static_cast<std::int64_t>(share) * 100'000, (split ? 1000 : 11) * ms);
      one.second = i;
      story.at(26300 * ms, one);
    }
  }
}

Sample load() {
  Story story("load");
  RunStarted begin =
      start("A store of three serves through a partition and a crash", "experiments/network/kv-split.toml");
  begin.versions["libquorum"] = "2.1";
  story.at(0, begin);
  launch(story);
  series(story);
  story.at(6200 * ms, PhaseStarted{"during"});
  story.at(8 * second, injection("split", "network.partition", "injected", {"n1→n2", "n2→n1"}, 8 * second, 21));
  story.at(13 * second, injection("split", "network.partition", "reverted", {}, 0, 21));
  story.at(14 * second, injection("hang", "process.pause", "injected", {"n3"}, 14 * second, 27));
  story.at(15 * second, NodeEvent{"n2", "exited", "exited with status 3, nobody asked", 4002});
  story.at(18 * second, NodeEvent{"n2", "ready", "", 4010});
  story.at(19 * second, injection("hang", "process.pause", "reverted", {"n3"}, 0, 27));
  story.at(21200 * ms, PhaseStarted{"after"}).at(26200 * ms, PhaseStarted{"check"});
  story.at(26210 * ms,
           EvidenceEvent{"split", "packets n1→n2", "none", "0 of 731 passed", "link fabric egress", "agrees"});
  story.at(26210 * ms, EvidenceVerdict{"split", "network.partition", true, true, ""});
  story.at(26210 * ms, EvidenceVerdict{"hang", "process.pause", false, false, "frozen n3: nothing was seen"});
  figures(story, 300, 0);
  series_by_second(story);
  story.at(26310 * ms, ExpectationResult{"during", "availability{op=read} > 50%", "held", "70.2%", "", 36});
  story.at(26310 * ms, ExpectationResult{"during", "probe.up == 100%", "failed", "93.3%", "3 of 45 failed", 37});
  closing(story);
  return story.done(31320 * ms, "failed", {"during: probe.up == 100%: measured 93.3%"}, false, 1);
}

/// Every text that could upset a terminal, XML, JSON, Markdown, a workflow command or a table.
Sample hostile() {
  const std::string nasty =
      "]]> <b>&amp;</b> \"quoted\" 'single' %0A 100% |pipe| `tick` **bold** [a](b) \x1b[31mred\x07\x08 \xff\xc3( "
      "\xef\xbf\xbe "
      "\u202ereversed\u202c\ttab\r\nnew line ::error::no $(rm -rf /) {{x}} \\ back, comma: colon ⚡ 日本語 e\u0301";
  const std::string endless(3'000, 'x');
  Story story("hostile");
  RunStarted begin = start(nasty, "experiments/nasty dir/100%<a>&,:b.toml");
  begin.command = "withstand run 'experiments/nasty dir/100%<a>&,:b.toml' --seed 18446744073709551615";
  begin.seed = UINT64_MAX;
  begin.target = "t|<&>\"'\n";
  begin.versions = {{"a=\"b\"", nasty}};
  begin.tags = {nasty};
  story.at(0, begin).at(0, PhaseStarted{"during"}).at(10 * ms, PhaseStarted{nasty});
  story.at(10 * ms, injection(nasty, "network.<loss>", "injected", {nasty, "n1→n2"}, 0, 3));
  story.at(11 * ms, EvidenceEvent{nasty, nasty, nasty, endless, nasty, "mismatch"});
  story.at(11 * ms, EvidenceVerdict{nasty, "network.<loss>", false, true, nasty});
  story.at(12 * ms, NodeEvent{nasty, "exited", nasty, -1});
  story.at(13 * ms, ProbeSample{nasty, nasty, false, 1, nasty});
  story.at(14 * ms, latency("during", "get|<x>", 3, 1, 1, 1, INT64_MAX / 2));
  story.at(15 * ms, ExpectationResult{"during", "p99{op=\"<a>\"} < 1ms", "failed", nasty, endless, 7});
  story.at(15 * ms, ExpectationResult{"", "", "of next year", "", "", 0});
  story.at(16 * ms, CheckResult{nasty, "failed", nasty, {nasty, endless, "", "\n"}, 8});
  story.at(17 * ms, MediumHealth{nasty, false, nasty});
  story.at(18 * ms, Note{"of next year", nasty}).at(18 * ms, Note{"error", nasty});
  return story.done(20 * ms, "failed", {nasty, endless, ""}, false, 1);
}

}  // namespace

const std::vector<Sample>& all() {
  static const std::vector<Sample> samples{
      withstood(), failed(), failed_as_expected(), inconclusive(), error(), skipped(), aborted(), killed(),
      load(),      hostile()};
  return samples;
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Sample& sample : all()) out.push_back(sample.name);
  return out;
}

const Sample& named(const std::string& name) {
  for (const Sample& sample : all()) {
    if (sample.name == name) return sample;
  }
  throw std::invalid_argument("no sample " + name);
}

std::string journal(const Sample& sample) {
  std::string out;
  for (const record::JournalEntry& entry : sample.entries) out += record::to_line(entry) + "\n";
  return out + sample.tail;
}

record::RunRecord run_of(const Sample& sample) {
  std::istringstream in(journal(sample));
  record::RunRecord run = record::read_run(in);
  run.directory = "runs/" + sample.name;
  return run;
}

record::RunRecord run_of(const std::string& name) { return run_of(named(name)); }

record::RunRecord attacking() {
  std::string text = journal(named("hostile"));
  const std::string plain = "<b>&amp;</b>";
  const std::string attack = "</script></pre><script>taken=1</script><img src=x onerror=taken=1>";
  for (std::size_t at = 0; (at = text.find(plain, at)) != std::string::npos; at += attack.size()) {
    text.replace(at, plain.size(), attack);
  }
  std::istringstream in(text);
  record::RunRecord run = record::read_run(in);
  run.directory = "runs/attacking";
  return run;
}

}  // namespace withstand::report::samples
