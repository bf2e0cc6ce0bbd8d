#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "os/fd.hpp"
#include "support/disk/rig.hpp"

namespace withstand::lab::disk::testing {

/// What POSIX.1-2017 (and Linux, where it says more) promises of a file system: asked of a plain folder, so that the
/// question itself is known to be right, and of the same folder mirrored in each way that data can travel.
class Posix : public ::testing::TestWithParam<const char*> {
 public:
  static std::string read(const os::Fd& file, off_t offset = 0) {
    std::string text(1 << 16, '\0');
    const ssize_t got = ::pread(file.get(), text.data(), text.size(), offset);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

  /// What `body` returned in a child process, as whoever `uid` is (0: as we are).
  static int in_child(uid_t uid, const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (uid != 0 && (::setgid(uid) != 0 || ::setuid(uid) != 0)) ::_exit(99);
      ::_exit(body());
    }
    int how = 0;
    ::waitpid(child, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  }

 protected:
  void SetUp() override {
    if (!why_no_mount().empty()) GTEST_SKIP() << why_no_mount();
    DiskRig::Options options;
    const std::string way = GetParam();
    options.passthrough = way == "passthrough";
    options.records = way == "recorded";
    if (way == "direct") options.concerns = &reads_;
    if (way == "uncached") options.concerns = &look_ups_;
    rig_ = std::make_unique<DiskRig>(options);
    root_ = way == "plain" ? rig_->backing() : rig_->mounted();
  }

  [[nodiscard]] std::string at(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] os::Fd open(const std::string& name, int flags = O_RDWR | O_CREAT, mode_t mode = 0644) const {
    return os::Fd(::open(at(name).c_str(), flags | O_CLOEXEC, mode));
  }
  void write(const std::string& name, const std::string& text) const {
    const os::Fd file = open(name, O_WRONLY | O_CREAT | O_TRUNC);
    ASSERT_TRUE(file.valid()) << std::strerror(errno);
    ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    const os::Fd file = open(name, O_RDONLY);
    return file.valid() ? read(file) : std::string("cannot be opened: ") + std::strerror(errno);
  }
  [[nodiscard]] struct stat status(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(::lstat(at(name).c_str(), &status), 0) << name << ": " << std::strerror(errno);
    return status;
  }
  [[nodiscard]] bool exists(const std::string& name) const { return ::access(at(name).c_str(), F_OK) == 0; }

  /// Whether other users can be taken on here.
  static bool others_exist() {
    return in_child(12345, [] { return 0; }) == 0;
  }

  Everywhere reads_{Operations{Operation::read, Operation::write}};
  Everywhere look_ups_{Operations::all()};
  std::unique_ptr<DiskRig> rig_;
  std::string root_;
};

/// The call fails with this error.
#define EXPECT_FAILS(call, error)                                   \
  do {                                                              \
    errno = 0;                                                      \
    EXPECT_EQ(call, -1);                                            \
    EXPECT_EQ(errno, error) << "it said: " << std::strerror(errno); \
  } while (false)

inline std::string way_name(const ::testing::TestParamInfo<const char*>& info) { return info.param; }

#define EACH_WAY(suite)     \
  INSTANTIATE_TEST_SUITE_P( \
      Each, suite, ::testing::Values("plain", "passthrough", "cached", "uncached", "direct", "recorded"), way_name)

}  // namespace withstand::lab::disk::testing
