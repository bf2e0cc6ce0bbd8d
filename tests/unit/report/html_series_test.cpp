#include <filesystem>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "record/history.hpp"
#include "report/files.hpp"
#include "report/html/series.hpp"
#include "samples.hpp"

namespace withstand::report::html {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1000 * ms;

/// 200 operations a second for ten seconds, `during` from 2.05 s on; what is due in [4 s, 5 s) fails.
class HistorySeries : public ::testing::Test {
 protected:
  void SetUp() override {
    run_.directory = folder_;
    run_.phases = {{"before", 0, 2050 * ms}, {"during", 2050 * ms, 10 * second}};
    run_.ended = 10 * second;
    for (std::int64_t i = 0; i < 10; ++i) run_.seconds.push_back({"", i, 200, 0, 0, 0, 0, ms, ms, ms});
    std::string lines;
    for (std::uint64_t i = 0; i < 2000; ++i) {
      record::Operation one;
      one.id = i;
      one.op = i % 2 == 0 ? "read" : "write";
      one.value = "v";
      one.intended = one.sent = static_cast<std::int64_t>(i) * 5 * ms;
      const bool bad = one.intended >= 4 * second && one.intended < 5 * second;
      one.done = one.intended + (bad ? 1 : 2) * ms;
      one.outcome = bad ? record::Outcome::fail : record::Outcome::ok;
      lines += record::invoke_line(one) + "\n";
      if (i != 1999) lines += record::completion_line(one) + "\n";  // the last one never ends
    }
    write_file(folder_ / "history.jsonl", lines);
    write_file(folder_ / "experiment.toml", "[load]\ntimeout = \"750ms\"\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("withstand-series-{}", ::getpid());
  record::RunRecord run_;
};

TEST_F(HistorySeries, IsFinerThanASecondAndBeginsWithDuring) {
  const LoadSeries series = load_series(run_);
  EXPECT_EQ(series.width, 100 * ms);
  EXPECT_EQ((2050 * ms - series.from) % series.width, 0);
  ASSERT_EQ(series.ops.size(), 3U);
  EXPECT_EQ(series.ops[0].op, "");
  EXPECT_EQ(series.ops[1].op, "read");
  std::uint64_t ok = 0, fail = 0, info = 0;
  for (std::size_t i = 0; i < series.ops[0].ok.size(); ++i) {
    ok += series.ops[0].ok[i];
    fail += series.ops[0].fail[i];
    info += series.ops[0].info[i];
  }
  EXPECT_EQ(ok, 1799U);
  EXPECT_EQ(fail, 200U);
  EXPECT_EQ(info, 1U);
  const auto at = static_cast<std::size_t>((4500 * ms - series.from) / series.width);
  EXPECT_EQ(series.ops[0].fail[at], 20U);
  EXPECT_EQ(series.ops[0].p50[at], 750 * ms) << "one that failed counts with its timeout";
  EXPECT_EQ(series.ops[0].p50[at - 10], 2 * ms);
  EXPECT_EQ(series.ops[0].max.back(), 750 * ms) << "and so does one that never ended";
  EXPECT_NE(series.words.find("750ms"), std::string::npos);
}

TEST_F(HistorySeries, WithoutItTheJournalsSecondsServe) {
  fs::remove(folder_ / "history.jsonl");
  const LoadSeries series = load_series(run_);
  EXPECT_EQ(series.width, second);
  ASSERT_EQ(series.ops.size(), 1U);
  EXPECT_EQ(series.ops[0].ok, std::vector<std::uint64_t>(10, 200));
  EXPECT_EQ(series.ops[0].p90, std::vector<std::int64_t>(10, -1)) << "nobody recorded it";
}

TEST_F(HistorySeries, ALongRunIsPutTogether) {
  for (std::int64_t i = 10; i < 7200; ++i) run_.seconds.push_back({"", i, 200, 1, 0, 0, 0, ms, i * ms, i * ms});
  run_.phases.back().to = run_.ended = 7200 * second;
  const LoadSeries series = load_series(run_);
  EXPECT_EQ(series.width, 30 * second);
  EXPECT_LE(series.ops[0].ok.size(), most_points);
  EXPECT_EQ(series.ops[0].ok[1], 6000U);
  EXPECT_EQ(series.ops[0].p99[1], 59 * ms) << "the worst second of thirty";
}

TEST(LoadTimeout, IsReadFromTheFile) {
  EXPECT_EQ(timeout_of("[load]\nworkload = \"register\"\n"), second) << "the default";
  EXPECT_EQ(timeout_of("[load]\ntimeout = \"2s\"\n"), 2 * second);
  EXPECT_EQ(timeout_of("title = \"no load\"\n"), 0);
  EXPECT_EQ(timeout_of("[load\n"), 0);
  EXPECT_EQ(timeout_of("[load]\ntimeout = \"soon\"\n"), 0);
}

TEST(LoadSeriesOf, ADamagedJournalIsBoundedToo) {
  record::RunRecord run;
  run.phases = {{"during", INT64_MIN, INT64_MAX}};
  run.ended = INT64_MAX;
  run.seconds = {
      {"", INT64_MAX, 1, 0, 0, 0, 0, 1, 1, 1}, {"", -5, 1, 0, 0, 0, 0, 1, 1, 1}, {"", 0, 7, 0, 0, 0, 0, 1, 1, 1}};
  const LoadSeries series = load_series(run);
  ASSERT_EQ(series.ops.size(), 1U);
  EXPECT_LE(series.ops[0].ok.size(), most_points + 1);
  EXPECT_EQ(series.ops[0].ok[0], 7U);
}

}  // namespace
}  // namespace withstand::report::html
