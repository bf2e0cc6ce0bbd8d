#include "lab/request_ledger.hpp"

#include <signal.h>

#include <gtest/gtest.h>

namespace withstand::lab {
namespace {

os::WaitStatus exited(int status) { return {true, false, false, status}; }
os::WaitStatus killed(int signal) { return {true, true, false, signal}; }

TEST(RequestLedger, NobodyAskedForAnything) {
  const RequestLedger ledger;
  EXPECT_EQ(ledger.asked_for(exited(0)), "");
  EXPECT_EQ(ledger.asked_for(killed(SIGKILL)), "");
}

TEST(RequestLedger, APoliteSignalAsksForAnExitOrItsOwnDeath) {
  RequestLedger ledger;
  ledger.signalled(SIGTERM, "stop");
  EXPECT_EQ(ledger.asked_for(exited(1)), "stop");
  EXPECT_EQ(ledger.asked_for(killed(SIGTERM)), "stop");
  EXPECT_EQ(ledger.asked_for(killed(SIGSEGV)), "") << "crashing on the way out was not asked for";
  EXPECT_EQ(ledger.asked_for(killed(SIGKILL)), "") << "the kernel out of memory, or somebody else";
}

TEST(RequestLedger, WhatIsIgnoredAsksForNothing) {
  RequestLedger ledger;
  ledger.signalled(SIGTERM, "stop", true);
  EXPECT_EQ(ledger.asked_for(exited(9)), "") << "its own crash, later";
}

TEST(RequestLedger, OtherSignalsAskOnlyForWhatTheyDo) {
  RequestLedger ledger;
  ledger.signalled(SIGHUP, "reload");
  EXPECT_EQ(ledger.asked_for(exited(1)), "") << "it was to reload, not to end";
  EXPECT_EQ(ledger.asked_for(killed(SIGHUP)), "reload");
  ledger.signalled(SIGABRT, "abort");
  EXPECT_EQ(ledger.asked_for(killed(SIGABRT)), "abort");
}

TEST(RequestLedger, PausingIsNoRequest) {
  RequestLedger ledger;
  ledger.signalled(SIGSTOP, "pause");
  ledger.signalled(SIGCONT, "pause");
  EXPECT_EQ(ledger.asked_for(killed(SIGSTOP)), "");
}

TEST(RequestLedger, EverythingIsAskedForAtTheEndUntilTheNextStart) {
  RequestLedger ledger;
  ledger.anything("tear-down");
  EXPECT_EQ(ledger.asked_for(killed(SIGSEGV)), "tear-down");
  ledger.clear();
  EXPECT_EQ(ledger.asked_for(killed(SIGSEGV)), "");
}

}  // namespace
}  // namespace withstand::lab
