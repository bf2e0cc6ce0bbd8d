#include "os/files.hpp"

#include <filesystem>
#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/withstand-files-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string folder_;
};

TEST_F(FilesTest, WritesWithExactModes) {
  write_file(folder_ + "/a", "hello", 0640);
  struct stat info {};
  ASSERT_EQ(::stat((folder_ + "/a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
  EXPECT_EQ(read_file(folder_ + "/a"), "hello");
  EXPECT_FALSE(read_file(folder_ + "/b"));
  make_folders(folder_ + "/x/y/z", 01777);
  ASSERT_EQ(::stat((folder_ + "/x/y/z").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 01777U);
  EXPECT_THROW(write_file(folder_ + "/none/a", "", 0600), SystemError);
}

TEST_F(FilesTest, RemovesATreeButFollowsNoLink) {
  const std::string outside = folder_ + "/outside";
  make_folders(outside, 0755);
  write_file(outside + "/kept", "", 0644);
  make_folders(folder_ + "/tree/closed", 0755);
  write_file(folder_ + "/tree/closed/file", "", 0400);
  fs::create_directory_symlink(outside, folder_ + "/tree/link");
  ASSERT_EQ(::chmod((folder_ + "/tree/closed").c_str(), 0), 0);
  std::string why;
  EXPECT_TRUE(remove_tree(folder_ + "/tree", &why)) << why;
  EXPECT_FALSE(fs::exists(folder_ + "/tree"));
  EXPECT_TRUE(fs::exists(outside + "/kept"));
  EXPECT_TRUE(remove_tree(folder_ + "/tree")) << "what is not there is removed";
}

TEST_F(FilesTest, KnowsParentsAndNames) {
  EXPECT_EQ(parent_folder("/a/b"), "/a");
  EXPECT_EQ(parent_folder("/a"), "/");
  EXPECT_EQ(parent_folder("a"), ".");
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_THROW(real_path(folder_ + "/none"), SystemError);
}

}  // namespace
}  // namespace withstand::os
