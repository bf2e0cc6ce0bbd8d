#include "report/progress.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "golden.hpp"
#include "report/text.hpp"
#include "samples.hpp"

namespace withstand::report {
namespace {

constexpr std::int64_t second = 1'000'000'000;

LiveFigures figures(double rate = 398.4, std::uint64_t errors = 3) {
  LiveFigures out;
  out.total = 31 * second;
  out.ops_per_second = rate;
  out.errors = errors;
  out.p99 = 3'140'000;
  out.loaded = true;
  return out;
}

Progress::Options options(bool live, int width = 100) {
  Progress::Options out;
  out.live = live;
  out.style.width = width;
  return out;
}

std::string shown(const samples::Sample& sample, const Progress::Options& how) {
  std::ostringstream out;
  Progress progress(out, how);
  std::int64_t ticked = 0;
  for (const record::JournalEntry& entry : sample.entries) {
    for (; ticked + second <= entry.t; ticked += second) progress.tick(ticked + second, figures());
    progress.event(entry);
  }
  progress.finish();
  return out.str();
}

/// What a terminal would hold in the end, if it knows \r and "erase line".
std::string screen(const std::string& stream) {
  std::string done, line;
  for (std::size_t at = 0; at < stream.size(); ++at) {
    if (stream.compare(at, 5, "\r\x1b[2K") == 0) {
      line.clear();
      at += 4;
    } else if (stream[at] == '\n') {
      done += line + "\n";
      line.clear();
    } else {
      line += stream[at];
    }
  }
  return done + line;
}

TEST(Progress, PlainLinesForWhatHappens) {
  for (const char* name : {"failed", "inconclusive", "error", "hostile"}) {
    expect_golden(std::string("progress/") + name + ".txt", shown(samples::named(name), options(false)));
  }
}

TEST(Progress, WhatStaysOnATerminalIsThePlainTextWithoutHeartbeats) {
  Progress::Options plain = options(false);
  plain.heartbeat = INT64_MAX;
  for (const auto& sample : samples::all()) EXPECT_EQ(screen(shown(sample, options(true))), shown(sample, plain));
}

TEST(Progress, TheStatusLineSaysPhaseTimeLoadAndActiveFaults) {
  std::ostringstream out;
  Progress progress(out, options(true));
  progress.event({6 * second, record::PhaseStarted{"during"}});
  progress.event({6 * second, record::InjectionEvent{"slow", "network.latency", "injected", {"n1→n2"}, "", 0, 0}});
  progress.event({7 * second, record::InjectionEvent{"kill", "process.kill", "injected", {"n2"}, "", 0, 0}});
  progress.event({8 * second, record::InjectionEvent{"slow", "network.latency", "reverted", {}, "", 0, 0}});
  progress.tick(9 * second, figures());
  const std::string text = out.str();
  EXPECT_EQ(text.substr(text.rfind('\r') + 5),
            "during  9 of 31 s in all · 398 ops/s · 3 errors · p99 3.14ms · active: kill");
}

TEST(Progress, TheStatusLineNeverFillsTheTerminalsWidth) {
  for (const int width : {1, 10, 30, 60}) {
    std::ostringstream out;
    Progress::Options how = options(true);
    how.columns = [width] { return width; };
    Progress progress(out, how);
    progress.tick(9 * second, figures());
    EXPECT_LT(columns(out.str()), width) << width;
  }
}

TEST(Progress, ItIsNotDrawnMoreOftenThanAsked) {
  std::ostringstream out;
  Progress progress(out, options(true));
  progress.tick(second, figures());
  const std::size_t size = out.str().size();
  progress.tick(second + 99'000'000, figures());
  EXPECT_EQ(out.str().size(), size);
  progress.tick(second + 100'000'000, figures());
  EXPECT_GT(out.str().size(), size);
}

TEST(Progress, ElsewhereAHeartbeatComesAfterHalfAMinuteOfSilence) {
  std::ostringstream out;
  Progress progress(out, options(false));
  progress.event({second, record::PhaseStarted{"during"}});
  const std::string before = out.str();
  progress.tick(30 * second, figures());
  EXPECT_EQ(out.str(), before);
  progress.tick(31 * second, figures());
  EXPECT_EQ(out.str(), before + "   31.000  during  31 of 31 s in all · 398 ops/s · 3 errors · p99 3.14ms\n");
  const std::string after = out.str();
  progress.tick(60 * second, figures());
  EXPECT_EQ(out.str(), after);
}

LiveFigures checking(const std::string& check) {
  LiveFigures out = figures();
  out.check = check;
  out.checked_operations = 812'345;
  return out;
}

TEST(Progress, TheStatusLineSaysWhichCheckRunsAndForHowLong) {
  std::ostringstream out;
  Progress progress(out, options(true));
  progress.event({31 * second, record::PhaseStarted{"tear-down"}});
  progress.tick(32 * second, checking("linearizable"));
  progress.tick(44 * second, checking("linearizable"));
  EXPECT_EQ(screen(out.str()), "   31.000  tear-down\nchecking: linearizable of 812,345 operations, 12 s");
  progress.tick(45 * second, checking("no-acknowledged-write-lost"));
  EXPECT_EQ(screen(out.str()), "   31.000  tear-down\nchecking: no-acknowledged-write-lost of 812,345 operations, 0 s");
}

TEST(Progress, ElsewhereALongCheckIsToldSoonAndThenByHeartbeats) {
  std::ostringstream out;
  Progress progress(out, options(false));
  progress.event({31 * second, record::PhaseStarted{"tear-down"}});
  const std::string before = out.str();
  for (std::int64_t now = 32; now < 37; ++now) progress.tick(now * second, checking("linearizable"));
  EXPECT_EQ(out.str(), before) << "a short one is not worth a line";
  for (std::int64_t now = 37; now <= 67; ++now) progress.tick(now * second, checking("linearizable"));
  EXPECT_EQ(out.str(), before +
                           "   37.000  checking: linearizable of 812,345 operations, 5 s\n"
                           "   67.000  checking: linearizable of 812,345 operations, 35 s\n");
}

TEST(Progress, WithoutLoadThereAreNoFigures) {
  std::ostringstream out;
  Progress progress(out, options(true));
  progress.tick(9 * second, LiveFigures{});
  EXPECT_EQ(out.str(), "starting  9 s");
}

TEST(Progress, AfterTheEndNothingIsWritten) {
  std::ostringstream out;
  Progress progress(out, options(true));
  progress.tick(9 * second, figures());
  progress.finish();
  const std::string end = out.str();
  EXPECT_EQ(end.substr(end.size() - 5), "\r\x1b[2K");
  progress.tick(10 * second, figures());
  progress.event({10 * second, record::PhaseStarted{"after"}});
  progress.finish();
  EXPECT_EQ(out.str(), end);
}

TEST(Progress, ALabelTellsSeveralRunsApart) {
  std::ostringstream out;
  Progress::Options how = options(false);
  how.label = "2/14";
  Progress progress(out, how);
  progress.event({second, record::PhaseStarted{"during"}});
  EXPECT_EQ(out.str(), "2/14     1.000  during\n");
}

}  // namespace
}  // namespace withstand::report
