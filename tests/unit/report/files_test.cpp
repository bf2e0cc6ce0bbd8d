#include "report/files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <system_error>

namespace withstand::report {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("withstand-files-" + std::to_string(::getpid()));
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(Files, WriteReplacesAsOneStepAndLeavesNothingBeside) {
  const fs::path path = folder_ / "new/folder/junit.xml";
  write_file(path, "old");
  std::ifstream reader(path);  // a reader that has the old file keeps the old content
  write_file(path, "new content");
  EXPECT_EQ(content(path), "new content");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), fs::directory_iterator()), 1);
}

TEST_F(Files, AFailedWriteKeepsTheOldFileAndSaysWhat) {
  fs::create_directories(folder_ / "taken/inside");  // a folder where the file should go: the rename fails
  EXPECT_THROW(write_file(folder_ / "taken", "x"), std::system_error);
  EXPECT_TRUE(fs::exists(folder_ / "taken/inside"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
  EXPECT_THROW(append_file(folder_ / "missing/file", "x"), std::system_error);
}

TEST_F(Files, TryingSaysWhyAndLeavesNothing) {
  try_file(folder_ / "new/junit.xml");
  EXPECT_TRUE(fs::is_empty(folder_ / "new"));
  try_folder(folder_ / "runs");
  EXPECT_TRUE(fs::is_empty(folder_ / "runs"));
  write_file(folder_ / "plain", "x");
  EXPECT_THROW(try_file(folder_ / "plain/junit.xml"), std::system_error);
  EXPECT_THROW(try_folder(folder_ / "plain"), std::system_error);
  EXPECT_THROW(try_file(folder_), std::system_error) << "a folder is no file";
  try_file("/dev/null");
}

TEST_F(Files, WhatIsNoPlainFileStaysWhatItIs) {
  write_file(folder_ / "there", "old");
  fs::create_symlink(folder_ / "there", folder_ / "link");
  write_file(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(content(folder_ / "there"), "new");
  write_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(Files, AppendKeepsWhatIsThere) {
  append_file(folder_ / "summary.md", "one\n");
  append_file(folder_ / "summary.md", "two\n");
  EXPECT_EQ(content(folder_ / "summary.md"), "one\ntwo\n");
}

TEST_F(Files, LastLinesStartAtALine) {
  const fs::path path = folder_ / "stdout.log";
  write_file(path, "first\nsecond\nthird\n");
  EXPECT_EQ(last_lines(path, 100), "first\nsecond\nthird\n");
  EXPECT_EQ(last_lines(path, 19), "first\nsecond\nthird\n");
  EXPECT_EQ(last_lines(path, 18), "second\nthird\n");
  EXPECT_EQ(last_lines(path, 13), "second\nthird\n");
  EXPECT_EQ(last_lines(path, 12), "third\n");
  EXPECT_EQ(last_lines(path, 3), "rd\n");  // one line that is longer than the limit: its end
  EXPECT_EQ(last_lines(folder_ / "missing", 10), "");
  EXPECT_EQ(last_lines(folder_, 10), "");
  write_file(path, "");
  EXPECT_EQ(last_lines(path, 10), "");
}

}  // namespace
}  // namespace withstand::report
