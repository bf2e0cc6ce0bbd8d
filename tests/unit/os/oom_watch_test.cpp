#include "os/oom_watch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "os/files.hpp"
#include "os/process.hpp"

namespace withstand::os {
namespace {

namespace fs = std::filesystem;

TEST(OomWatch, ReadsWhoWasKilledAndWhy) {
  const auto host = parse_oom_kill("Out of memory: Killed process 4711 (redis-server) total-vm:91kB, anon-rss:3kB", "");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->pid, 4711);
  EXPECT_EQ(host->program, "redis-server");
  EXPECT_FALSE(host->at_limit);

  const std::string summary =
      "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a/b,task_memcg=/a/b/c,"
      "task=kv,pid=12,uid=0";
  const auto limit = parse_oom_kill("Memory cgroup out of memory: Killed process 12 (k) v) total-vm:1kB", summary);
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->program, "k) v");
  EXPECT_TRUE(limit->at_limit);
  EXPECT_EQ(limit->limit_of, "/a/b");

  const auto other = parse_oom_kill("Memory cgroup out of memory: Killed process 1 (x) total-vm:1kB", summary);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->limit_of, "") << "the summary is of another process";
  EXPECT_FALSE(parse_oom_kill("Out of memory: Killed process", ""));
  EXPECT_FALSE(parse_oom_kill("usb 1-1: new device", summary));
}

/// A cgroup with a memory limit, v1 or v2, or none.
class Limited {
 public:
  Limited() {
    const std::string name = "/withstand-unit-oom-" + std::to_string(::getpid());
    if (fs::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
      make("/sys/fs/cgroup/memory" + name, "memory.limit_in_bytes");
    else if (read_file("/sys/fs/cgroup/cgroup.subtree_control").value_or("").find("memory") != std::string::npos)
      make("/sys/fs/cgroup" + name, "memory.max");
  }
  ~Limited() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void make(const std::string& path, const char* limit) {
    if (::mkdir(path.c_str(), 0755) < 0) return;
    path_ = path;
    std::ofstream(path + "/" + limit) << (16 << 20) << std::flush;
  }
  std::string path_;
};

TEST(OomWatch, SeesAKillAtALimit) {
  OomWatch watch;
  if (!watch.names_victims()) GTEST_SKIP() << "/dev/kmsg cannot be read here";
  const Limited limited;
  if (limited.path().empty()) GTEST_SKIP() << "no cgroup with a memory limit can be made here";
  const Child child = clone_process("clone", {}, [&]() -> int {
    std::ofstream(limited.path() + "/cgroup.procs") << 0 << std::flush;
    constexpr std::size_t size = 64U << 20;
    auto* memory = static_cast<char*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
    return memory == MAP_FAILED ? 1 : memory[size - 1];
  });
  const auto status = child.pidfd.reap();
  ASSERT_TRUE(status.signalled) << status.to_text() << ": is swap unlimited?";
  watch.collect();
  const auto found =
      std::find_if(watch.kills().begin(), watch.kills().end(), [&](const auto& each) { return each.pid == child.pid; });
  ASSERT_NE(found, watch.kills().end());
  EXPECT_TRUE(found->at_limit);
  EXPECT_NE(found->limit_of.find("withstand-unit-oom"), std::string::npos) << found->limit_of;
  EXPECT_GE(watch.count(), 1U);
}

}  // namespace
}  // namespace withstand::os
