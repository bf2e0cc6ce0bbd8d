#include "os/process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "os/handshake.hpp"

namespace withstand::os {
namespace {

using ::testing::HasSubstr;

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(CloneProcess, GivesAPidfdThatTellsTheEnd) {
  const Child child = clone_process("clone", {}, [] { return 9; });
  EXPECT_GT(child.pid, 0);
  EXPECT_EQ(child.pidfd.pid(), child.pid);
  EXPECT_TRUE(child.pidfd.wait_end(5000));
  const WaitStatus status = child.pidfd.reap();
  EXPECT_EQ(status.to_text(), "exited with status 9");
  EXPECT_FALSE(child.pidfd.send(0)) << "reaped processes take no signals";
}

TEST(CloneProcess, TellsASignalFromAnExitStatus) {
  const Child child = clone_process("clone", {}, []() -> int {
    for (;;) ::pause();
  });
  EXPECT_FALSE(child.pidfd.try_reap().has_value());
  EXPECT_TRUE(child.pidfd.send(SIGKILL));
  const WaitStatus status = child.pidfd.reap();
  EXPECT_EQ(status.to_text(), "was killed by SIGKILL");
  EXPECT_EQ(status.shell_status(), 137);
}

TEST(CloneProcess, RefusesWhileThereAreThreads) {
  std::thread other([] { ::usleep(50'000); });
  EXPECT_THROW(clone_process("clone", {}, [] { return 0; }), std::logic_error);
  other.join();
}

/// A child with a child of its own (in such namespaces), which asks whether to die once its parent is dead, or before.
/// What it says if it goes on living; nothing when it ends.
std::string said_by_orphan(unsigned namespaces, bool asks_late) {
  Pipe go = make_pipe(), asked = make_pipe(), said = make_pipe();
  const Child parent = clone_process("clone", {}, [&]() -> int {
    const Parent self;
    const Child child = clone_process("clone", {namespaces, -1}, [&]() -> int {
      close_other_descriptors({go.read.get(), asked.write.get(), said.write.get(), self.descriptor()});
      if (!asks_late) self.die_with(SIGKILL);
      char word = 'a';
      if (::write(asked.write.get(), &word, 1) != 1 || ::read(go.read.get(), &word, 1) != 1) return 1;
      if (asks_late) self.die_with(SIGKILL);
      return ::write(said.write.get(), "I live", 6) == 6 ? 0 : 1;
    });
    for (;;) ::pause();
  });
  asked.write.reset();
  said.write.reset();
  char word = 0;
  EXPECT_EQ(::read(asked.read.get(), &word, 1), 1);
  parent.pidfd.send(SIGKILL);
  parent.pidfd.reap();
  EXPECT_EQ(::write(go.write.get(), "g", 1), 1);
  std::string text(16, '\0');
  const auto size = ::read(said.read.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

TEST(Parent, AChildThatAsksAfterItsDeathEndsAtOnce) { EXPECT_EQ(said_by_orphan(0, true), ""); }
TEST(Parent, AChildThatAskedBeforeDiesWithIt) { EXPECT_EQ(said_by_orphan(0, false), ""); }

TEST(Parent, FromInsideAPidNamespaceItsDeathIsSeenToo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root makes PID namespaces";
  EXPECT_EQ(said_by_orphan(CLONE_NEWPID, true), "");
  EXPECT_EQ(said_by_orphan(CLONE_NEWPID, false), "");
}

TEST(Parent, ALivingOneIsNoReasonToEnd) {
  const Parent self;
  const Child child = clone_process("clone", {}, [&] {
    self.die_with(SIGKILL);
    return 9;
  });
  EXPECT_EQ(child.pidfd.reap().to_text(), "exited with status 9");
}

TEST(Handshake, TheParentThrowsWhatTheChildCouldNot) {
  SocketPair sockets = make_socket_pair();
  const Child child = clone_process("clone", {}, [&] {
    set_up_or_report(sockets.second.get(), [] { check("open /no/such/file", ::open("/no/such/file", O_RDONLY)); });
    return 0;
  });
  EXPECT_EQ(message_of([&] { await_ready("node n1", sockets.first.get(), 5000); }),
            "node n1: open /no/such/file: No such file or directory");
  EXPECT_EQ(child.pidfd.reap().value, 70);
}

TEST(Handshake, BringsDescriptors) {
  SocketPair sockets = make_socket_pair();
  const Child child = clone_process("clone", {}, [&] {
    const Pipe pipe = make_pipe();
    if (::write(pipe.write.get(), "x", 1) != 1) return 1;
    report_ready(sockets.second.get(), {pipe.read.get()});
    return 0;
  });
  const auto descriptors = await_ready("child", sockets.first.get(), 5000);
  ASSERT_EQ(descriptors.size(), 1U);
  char c = 0;
  EXPECT_EQ(::read(descriptors[0].get(), &c, 1), 1);
  EXPECT_EQ(c, 'x');
  child.pidfd.reap();
}

TEST(Handshake, SaysWhenTheChildDiedOrIsLate) {
  SocketPair sockets = make_socket_pair();
  EXPECT_THAT(message_of([&] { await_ready("child", sockets.first.get(), 10); }), HasSubstr("timed out"));
  sockets.second.reset();
  EXPECT_THAT(message_of([&] { await_ready("child", sockets.first.get(), 5000); }),
              HasSubstr("ended while it was set up"));
}

TEST(Descriptors, ArePlacedWhateverTheirNumbersWere) {
  const Child child = clone_process("clone", {}, [] {
    // The two that are to become 3 and 4 stand at 4 and 3.
    const int first = ::fcntl(::open("/dev/null", O_RDONLY), F_DUPFD, 10);
    const int second = ::fcntl(::open("/dev/zero", O_RDONLY), F_DUPFD, 10);
    ::dup2(first, 4);
    ::dup2(second, 3);
    place_descriptors({4, 3}, 3);
    close_other_descriptors({3, 4});
    char byte = 1;
    if (::read(3, &byte, 1) != 0) return 1;  // /dev/null is at its end
    if (::read(4, &byte, 1) != 1) return 2;
    return ::fcntl(5, F_GETFD) < 0 ? 0 : 3;
  });
  EXPECT_EQ(child.pidfd.reap().value, 0);
}

TEST(Signals, HaveNamesAndNumbers) {
  EXPECT_EQ(signal_number("TERM"), SIGTERM);
  EXPECT_EQ(signal_number("SIGKILL"), SIGKILL);
  EXPECT_EQ(signal_number("10"), 10);
  EXPECT_EQ(signal_number("NONSENSE"), 0);
  EXPECT_EQ(signal_name(SIGSTOP), "SIGSTOP");
}

}  // namespace
}  // namespace withstand::os
