#include "core/undo_journal.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include "os/check.hpp"
#include "os/files.hpp"
#include "os/proc.hpp"
#include "os/process.hpp"
#include "os/users.hpp"

namespace withstand::core {
namespace {

namespace fs = std::filesystem;

class UndoJournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/withstand-undo-XXXXXX";
    folder_ = ::mkdtemp(name);
    run_ = "unit-" + std::to_string(::getpid());
  }
  void TearDown() override {
    fs::remove_all(folder_);
    fs::remove(journal_path(run_));
  }
  UndoEntry directory(const std::string& name, bool tagged) {
    UndoEntry entry;
    entry.kind = UndoEntry::Kind::directory;
    entry.path = folder_ + "/" + name;
    fs::create_directories(entry.path + "/deep");
    os::write_file(entry.path + "/deep/file", "x", 0400);
    if (tagged) os::write_file(entry.path + "/" + owner_tag, run_, 0644);
    return entry;
  }
  static UndoEntry process(pid_t pid, std::uint64_t start_time) {
    UndoEntry entry;
    entry.kind = UndoEntry::Kind::process;
    entry.pid = pid;
    entry.start_time = start_time;
    return entry;
  }
  std::string folder_, run_;
};

TEST_F(UndoJournalTest, UndoesWhatItNamesAndThenIsGone) {
  const auto child = os::clone_process("clone", {}, []() -> int {
    for (;;) ::pause();
  });
  UndoEntry file;
  file.kind = UndoEntry::Kind::file;
  file.path = folder_ + "/socket";
  os::write_file(file.path, "", 0600);
  UndoJournal journal(run_);
  journal.append(directory("tree", true));
  journal.append(file);
  journal.append(process(child.pid, os::process_stat(child.pid)->start_time));
  const auto outcome = undo(journal.path());
  EXPECT_EQ(outcome.undone, 3);
  EXPECT_TRUE(outcome.failed.empty());
  EXPECT_EQ(child.pidfd.reap().value, SIGKILL);
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_FALSE(fs::exists(journal.path()));
  EXPECT_EQ(undo(journal.path()).undone, 0) << "again does no harm";
}

TEST_F(UndoJournalTest, DetoursInANetworkThatIsGoneAreGoneWithIt) {
  UndoEntry detours;
  detours.kind = UndoEntry::Kind::detours;
  detours.detours = {"/run/netns/no-such-network", "0:1", "eth0", 2, run_, true};
  UndoJournal journal(run_);
  journal.append(detours);
  EXPECT_THAT(left_to_undo(journal.path()), ::testing::IsEmpty());
  const auto outcome = undo(journal.path());
  EXPECT_EQ(outcome.undone, 1);
  EXPECT_TRUE(outcome.failed.empty());
}

/// Files of this process cannot grow beyond so many bytes from now on: what stands for a disk that is full.
void let_files_grow_to(rlim_t size) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = std::min(size, limit.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST_F(UndoJournalTest, AnEntryForWhichThereIsNoRoomLeavesNoTornLine) {
  const auto before = ::signal(SIGXFSZ, SIG_IGN);  // then write(2) says EFBIG
  UndoJournal journal(run_);
  const auto first = directory("first", true), lost = directory("lost", true), second = directory("second", true);
  journal.append(first);
  const auto size = fs::file_size(journal.path());
  for (const rlim_t room : {rlim_t{20}, rlim_t{0}}) {
    let_files_grow_to(size + room);
    EXPECT_THROW(journal.append(lost), os::SystemError);
    let_files_grow_to(RLIM_INFINITY);
    EXPECT_EQ(fs::file_size(journal.path()), size);
  }
  ::signal(SIGXFSZ, before);
  journal.append(second);
  EXPECT_THAT(left_to_undo(journal.path()),
              ::testing::ElementsAre("remove the folder " + second.path, "remove the folder " + first.path));
  EXPECT_EQ(undo(journal.path()).undone, 2);
  EXPECT_TRUE(fs::exists(lost.path)) << "what was not announced is not undone";
}

TEST_F(UndoJournalTest, SaysWhatIsLeftWithoutTouchingIt) {
  UndoEntry file;
  file.kind = UndoEntry::Kind::file;
  file.path = folder_ + "/socket";
  os::write_file(file.path, "", 0600);
  UndoEntry gone = file;
  gone.path = folder_ + "/never-made";
  UndoJournal journal(run_);
  journal.append(directory("tree", true));
  journal.append(file);
  journal.append(gone);
  journal.append(process(::getpid(), os::process_stat(::getpid())->start_time + 1));  // another's number
  EXPECT_THAT(left_to_undo(journal.path()), ::testing::ElementsAre("remove the file " + folder_ + "/socket",
                                                                   "remove the folder " + folder_ + "/tree"));
  EXPECT_TRUE(fs::exists(folder_ + "/tree/deep/file"));
  EXPECT_TRUE(fs::exists(file.path));
  undo(journal.path());
  EXPECT_THAT(left_to_undo(journal.path()), ::testing::IsEmpty());
}

TEST_F(UndoJournalTest, TouchesNothingThatIsNotOurs) {
  UndoJournal journal(run_);
  journal.append(directory("stranger", false));
  const auto outcome = undo(journal.path());
  EXPECT_THAT(outcome.failed, ::testing::ElementsAre(::testing::HasSubstr("owner tag")));
  EXPECT_TRUE(fs::exists(folder_ + "/stranger/deep/file"));
  EXPECT_TRUE(fs::exists(journal.path())) << "what was not undone is not forgotten";
}

TEST_F(UndoJournalTest, KillsNoProcessThatTookOverANumber) {
  const auto child = os::clone_process("clone", {}, []() -> int {
    for (;;) ::pause();
  });
  UndoJournal journal(run_);
  journal.append(process(child.pid, os::process_stat(child.pid)->start_time + 1));
  EXPECT_TRUE(undo(journal.path()).failed.empty());
  EXPECT_FALSE(child.pidfd.wait_end(0));
  child.pidfd.send(SIGKILL);
  child.pidfd.reap();
}

TEST_F(UndoJournalTest, EntriesOfAnotherBootNameNoProcessOfThisOne) {
  const auto child = os::clone_process("clone", {}, []() -> int {
    for (;;) ::pause();
  });
  UndoJournal journal(run_);
  journal.append(process(child.pid, os::process_stat(child.pid)->start_time));
  auto text = *os::read_file(journal.path());
  text.replace(text.find(os::boot_id()), 4, "beef");
  os::write_file(journal.path(), text, 0600);
  EXPECT_TRUE(undo(journal.path()).failed.empty());
  EXPECT_FALSE(child.pidfd.wait_end(0));
  child.pidfd.send(SIGKILL);
  child.pidfd.reap();
}

TEST_F(UndoJournalTest, ALineThatWasCutOffIsNoEntry) {
  UndoJournal journal(run_);
  journal.append(directory("tree", true));
  auto text = *os::read_file(journal.path());
  os::write_file(journal.path(), text + text.substr(0, text.size() / 2), 0600);
  EXPECT_EQ(undo(journal.path()).undone, 1);
}

TEST_F(UndoJournalTest, NamesKindsInWords) {
  UndoJournal journal(run_);
  UndoEntry entry;
  for (const auto kind :
       {UndoEntry::Kind::cgroup, UndoEntry::Kind::directory, UndoEntry::Kind::process, UndoEntry::Kind::file}) {
    entry.kind = kind;
    entry.path = folder_ + "/none";
    journal.append(entry);
  }
  const auto text = *os::read_file(journal.path());
  for (const char* name : {"cgroup", "directory", "process", "file"})
    EXPECT_THAT(text, ::testing::HasSubstr(std::string(R"("kind":")") + name + '"'));
  EXPECT_EQ(undo(journal.path()).undone, 4);
}

TEST_F(UndoJournalTest, OfAnotherVersionIsRefusedAsAWhole) {
  for (const std::string kind : {R"("mount")", "1", "null"}) {
    UndoJournal journal(run_);
    journal.append(directory("tree", true));
    const auto theirs = fmt::format(R"({{"kind":{},"path":"{}/tree/deep/file","pid":0}})", kind, folder_);
    os::write_file(journal.path(), *os::read_file(journal.path()) + theirs + "\n", 0600);
    const auto why = ::testing::AllOf(::testing::HasSubstr(journal.path() + ", line 2: the kind of entry " + kind),
                                      ::testing::HasSubstr("another version of withstand wrote this journal"));
    EXPECT_THAT(left_to_undo(journal.path()),
                ::testing::ElementsAre(::testing::AllOf(::testing::StartsWith("do nothing: "), why)));
    const auto outcome = undo(journal.path());
    EXPECT_EQ(outcome.undone, 0);
    EXPECT_THAT(outcome.failed, ::testing::ElementsAre(why));
    EXPECT_TRUE(fs::exists(folder_ + "/tree/deep/file"));
    EXPECT_TRUE(fs::exists(journal.path())) << "the version that wrote it can still undo it";
    journal.close();
  }
}

TEST_F(UndoJournalTest, OfAnotherVersionMayHoldOtherTypes) {
  UndoJournal journal(run_);
  os::write_file(journal.path(),
                 R"({"kind":"process","pid":"some","boot_id":7})"
                 "\n",
                 0600);
  EXPECT_THAT(undo(journal.path()).failed, ::testing::ElementsAre(::testing::HasSubstr("another version")));
}

/// Every part of an ordinary user's state folder is that user's alone: here a child's, which gives up root.
TEST_F(UndoJournalTest, AnOrdinaryUsersFolderGoesWithItsLastJournal) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody who has no state folder yet";
  constexpr uid_t somebody = 1900100001;
  const auto child = os::clone_process("clone", {}, []() -> int {
    ::unsetenv("XDG_RUNTIME_DIR");
    os::become({somebody, somebody, {}});
    const auto folder = state_folder();
    if (fs::exists(folder) || !stale_journals().empty() || fs::exists(folder)) return 1;  // asking makes none
    UndoJournal one("one"), two("two");
    if (!undo(one.path()).failed.empty() || !fs::exists(folder)) return 2;
    if (!undo(two.path()).failed.empty() || fs::exists(folder)) return 3;
    const UndoJournal again("three");  // and it is made anew
    undo(again.path());
    return fs::exists(folder) ? 4 : 0;
  });
  EXPECT_EQ(child.pidfd.reap().to_text(), "exited with status 0");
  fs::remove_all(fmt::format("/tmp/withstand-{}", somebody));
}

TEST_F(UndoJournalTest, IsStaleWhenItsWriterIsGone) {
  const auto is_stale = [&] {
    const auto all = stale_journals();
    return std::count(all.begin(), all.end(), journal_path(run_)) == 1;
  };
  {
    UndoJournal journal(run_);
    EXPECT_FALSE(is_stale());
    EXPECT_THROW(UndoJournal(std::string(run_)), std::system_error) << "a run's name is its own";
  }
  EXPECT_TRUE(is_stale());
  undo(journal_path(run_));
  EXPECT_FALSE(is_stale());
}

}  // namespace
}  // namespace withstand::core
