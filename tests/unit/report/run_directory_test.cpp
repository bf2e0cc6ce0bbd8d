#include "report/run_directory.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include <gtest/gtest.h>
#include <system_error>

#include "report/files.hpp"
#include "report/json.hpp"
#include "samples.hpp"

namespace withstand::report {
namespace {

namespace fs = std::filesystem;

TEST(RunDirectory, ReportsAreMadeAgainFromItAlone) {
  const fs::path folder = fs::temp_directory_path() / ("withstand-run-" + std::to_string(::getpid()));
  write_file(folder / "journal.jsonl", samples::journal(samples::named("killed")));
  const record::RunRecord run = load_run(folder);
  EXPECT_FALSE(run.complete);
  write_reports(run);
  std::ifstream in(folder / "report.json", std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(content, json_report({run}, 3));
  EXPECT_TRUE(fs::exists(folder / "junit.xml"));
  EXPECT_TRUE(fs::exists(folder / "report.md"));
  EXPECT_TRUE(fs::exists(folder / "report.html"));
  fs::remove_all(folder);
}

TEST(RunDirectory, WithoutAJournalItSaysSo) {
  try {
    load_run("/nonexistent");
    FAIL() << "it was read";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "open /nonexistent/journal.jsonl: No such file or directory");
  }
}

}  // namespace
}  // namespace withstand::report
