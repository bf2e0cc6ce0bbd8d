#include "os/proc.hpp"

#include <algorithm>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/check.hpp"
#include "os/process.hpp"

namespace withstand::os {
namespace {

TEST(ParseStat, ReadsNamesWithBracketsAndSpaces) {
  const auto stat = parse_stat(
      "42 (a) (b c) S 7 42 41 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 1 0 987654 100 1 1844 1 1 0 0 0 0 0 0 0 0 0 17 1");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 42);
  EXPECT_EQ(stat->name, "a) (b c");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->session, 41);
  EXPECT_EQ(stat->cpu_ticks, 175U);
  EXPECT_EQ(stat->start_time, 987654U);
}

TEST(ParseStat, RefusesWhatIsNone) {
  for (const char* line : {"", "42", "42 (x", "42 (x) S 1 2", ") ("}) EXPECT_FALSE(parse_stat(line)) << line;
}

TEST(ProcessLives, GoesByStartTimeAndNotByNumberAlone) {
  const auto self = process_stat(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(process_lives(::getpid(), self->start_time));
  EXPECT_FALSE(process_lives(::getpid(), self->start_time + 1));
}

TEST(ProcessLives, AZombieDoesNot) {
  const Child child = clone_process("clone", {}, [] { return 0; });
  const auto started = process_stat(child.pid);
  ASSERT_TRUE(child.pidfd.wait_end(5000));
  ASSERT_TRUE(started);
  EXPECT_FALSE(process_lives(child.pid, started->start_time));
  child.pidfd.reap();
}

TEST(IgnoresSignal, IsWhatTheProcessAskedFor) {
  Pipe set = make_pipe();
  const Child child = clone_process("clone", {}, [&]() -> int {
    ::signal(SIGTERM, SIG_IGN);
    if (::write(set.write.get(), "x", 1) != 1) return 1;
    for (;;) ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(set.read.get(), &byte, 1), 1);
  EXPECT_TRUE(ignores_signal(child.pid, SIGTERM));
  EXPECT_FALSE(ignores_signal(child.pid, SIGINT));
  child.pidfd.send(SIGKILL);
  child.pidfd.reap();
  EXPECT_FALSE(ignores_signal(child.pid, SIGTERM)) << "it is gone";
}

TEST(ProcFolder, ListsAndSignalsWithoutANumberThatCouldBeReused) {
  const ProcFolder proc(Fd(check("open /proc", ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC))));
  const Child child = clone_process("clone", {}, []() -> int {
    for (;;) ::pause();
  });
  const auto all = proc.processes();
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [&](const auto& each) { return each.pid == child.pid; }), 1);
  EXPECT_TRUE(Pidfd(proc.open_process(child.pid)).send(SIGKILL));
  EXPECT_EQ(child.pidfd.reap().value, SIGKILL);
  EXPECT_FALSE(proc.open_process(child.pid).valid());
}

/// A vfork(2) parent cannot be seen stopped while its child is: the pending stop is what tells.
TEST(ProcFolder, SeesAStopThatIsPending) {
  const ProcFolder proc(Fd(check("open /proc", ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC))));
  Pipe told = make_pipe();
  const Child parent = clone_process("clone", {}, [&]() -> int {
    if (::vfork() == 0) {
      const pid_t self = ::getpid();
      if (::write(told.write.get(), &self, sizeof self) > 0) ::raise(SIGSTOP);
      ::_exit(0);
    }
    for (;;) ::pause();
  });
  pid_t child = 0;
  ASSERT_EQ(::read(told.read.get(), &child, sizeof child), static_cast<ssize_t>(sizeof child));
  for (int i = 0; i < 5000 && proc.stat(child)->state != 'T'; ++i) ::usleep(1000);
  EXPECT_FALSE(proc.stop_is_pending(parent.pid));
  parent.pidfd.send(SIGSTOP);
  EXPECT_EQ(proc.stat(parent.pid)->state, 'D');
  EXPECT_TRUE(proc.stop_is_pending(parent.pid));
  Pidfd(proc.open_process(child)).send(SIGKILL);
  for (int i = 0; i < 5000 && proc.stat(parent.pid)->state != 'T'; ++i) ::usleep(1000);
  EXPECT_EQ(proc.stat(parent.pid)->state, 'T');
  parent.pidfd.send(SIGKILL);
  parent.pidfd.reap();
}

}  // namespace
}  // namespace withstand::os
