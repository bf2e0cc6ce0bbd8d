#include "catalog/catalog.hpp"
#include "experiment_run.hpp"
#include "support/mute_lab.hpp"

/// The same run twice: once with every fault, once with every injector switched off. Only the first may pass.
namespace withstand {
namespace {

constexpr const char* every_domain = R"(
title = "every kind of fault at once"
seed  = 7
[target]
use   = "quorum-kv"
nodes = 3
[load]
workload = "register"
rate     = "200/s"
[phases]
warm_up = "200ms"
before  = "500ms"
during  = "4s"
after   = "1500ms"
[[fault]]
name  = "slow"
kind  = "network.latency"
from  = "n1"
to    = "n2"
delay = "5ms"
at    = "0s"
for   = "1s"
[[fault]]
name = "lossy"
kind = "network.loss"
from = "all"
to   = "all"
loss = "20%"
at   = "0s"
for  = "1s"
[[fault]]
name  = "cut"
kind  = "network.partition"
shape = "isolate"
on    = "n3"
at    = "1s"
for   = "500ms"
[[fault]]
name = "hang"
kind = "process.pause"
on   = "n2"
at   = "1700ms"
for  = "300ms"
[[fault]]
name    = "kill"
kind    = "process.kill"
on      = "n1"
at      = "2200ms"
restart = "100ms"
[[fault]]
name    = "roll"
kind    = "process.terminate"
on      = "n3"
at      = "3s"
grace   = "500ms"
restart = "100ms"
[expect]
checks = ["linearizable"]
)";

using EveryFault = test::ExperimentRun;

TEST_F(EveryFault, IsWithstoodWhenEachTookEffect) {
  const auto run = this->run(every_domain, faults::catalog());
  EXPECT_EQ(run.end.verdict, "withstood") << run.end.reason;
  ASSERT_EQ(run.injections.size(), 6U);
  for (const auto& injection : run.injections)
    EXPECT_TRUE(injection.took_effect) << injection.fault << injection.objection;
  ASSERT_FALSE(ticks_.empty());
  EXPECT_EQ(ticks_.back().check, "linearizable") << "a check shows that it runs";
  EXPECT_GT(ticks_.back().checked_operations, 500U);
}

TEST_F(EveryFault, IsInconclusiveWhenTheInjectorsAreSwitchedOff) {
  const core::Catalog real = faults::catalog();
  const auto run = this->run(every_domain, test::switched_off(real));
  EXPECT_EQ(run.end.verdict, "inconclusive") << run.end.reason;
  EXPECT_EQ(run.end.exit_code, 4);
  ASSERT_EQ(run.injections.size(), 6U);
  for (const auto& injection : run.injections) {
    EXPECT_FALSE(injection.took_effect) << injection.fault;
    EXPECT_FALSE(injection.objection.empty()) << injection.fault;
  }
}

/// Every kind of fault on packets and names, in force and to no effect: of packets that nobody sends, names that nobody
/// asks for, of none by chance, for less than can be told, larger than there are.
constexpr const char* idle_faults = R"(
title = "faults that change nothing"
seed  = 7
[target]
use   = "quorum-kv"
nodes = 3
[load]
workload = "register"
rate     = "200/s"
[phases]
warm_up = "200ms"
before  = "500ms"
during  = "1500ms"
after   = "500ms"
[expect]
during = ["errors == 0%"]
after  = ["errors == 0%"]
[[fault]]
kind     = "network.latency"
from     = "all"
to       = "any"
delay    = "5ms"
protocol = "udp"
at       = "0s"
for      = "1s"
[[fault]]
kind = "network.loss"
from = "all"
to   = "all"
loss = "1ppb"
at   = "0s"
for  = "1s"
[[fault]]
kind      = "network.duplicate"
from      = "all"
to        = "all"
duplicate = "1ppb"
at        = "0s"
for       = "1s"
[[fault]]
kind    = "network.corrupt"
from    = "all"
to      = "all"
corrupt = "1ppb"
at      = "0s"
for     = "1s"
[[fault]]
kind    = "network.reorder"
from    = "all"
to      = "all"
reorder = "100%"
hold    = "10us"
at      = "0s"
for     = "1s"
[[fault]]
kind = "network.mtu"
from = "all"
to   = "all"
mtu  = "1499B"
at   = "0s"
for  = "1s"
[[fault]]
name = "huge"
kind = "network.rate"
from = "all"
to   = "all"
rate = "1000Gbit/s"
at   = "0s"
for  = "1s"
[[fault]]
name     = "slots"
kind     = "network.rate"
from     = "all"
to       = "all"
slot_min = "1ns"
at       = "0s"
for      = "1s"
[[fault]]
name       = "marks"
kind       = "network.rate"
from       = "all"
to         = "all"
rate       = "1000Gbit/s"
mark_above = "10m"
at         = "0s"
for        = "1s"
[[fault]]
kind     = "network.ttl"
from     = "all"
to       = "all"
hops     = 3
protocol = "icmp"
at       = "0s"
for      = "1s"
[[fault]]
kind  = "network.partition"
shape = "isolate"
on    = "n3"
port  = 9
at    = "0s"
for   = "1s"
[[fault]]
kind   = "network.dns"
answer = "nxdomain"
on     = "all"
at     = "0s"
for    = "1s"
[[fault]]
kind = "network.flap"
on   = "n2"
up   = "10m"
down = "100ms"
at   = "0s"
for  = "1s"
)";

TEST_F(EveryFault, OnTheNetworkIsNotWithstoodWhenItChangesNothing) {
  const auto run = this->run(idle_faults, faults::catalog());
  EXPECT_EQ(run.end.verdict, "inconclusive") << run.end.reason;
  ASSERT_EQ(run.injections.size(), 13U);
  for (const auto& injection : run.injections) {
    EXPECT_FALSE(injection.took_effect) << injection.fault;
    EXPECT_NE(injection.objection.find("no effect seen"), std::string::npos) << injection.fault << injection.objection;
  }
}

TEST_F(EveryFault, OfACableIsNotWithstoodWhenNobodyUsesIt) {
  const auto run = this->run(R"(
title = "a cable that nobody uses"
[target]
command = ["/bin/sleep", "60"]
nodes   = 2
[phases]
warm_up = "100ms"
before  = "100ms"
during  = "700ms"
after   = "100ms"
[[fault]]
kind = "network.unplug"
on   = "n2"
at   = "100ms"
for  = "500ms"
)",
                             faults::catalog());
  EXPECT_EQ(run.end.verdict, "inconclusive") << run.end.reason;
  ASSERT_EQ(run.injections.size(), 1U);
  EXPECT_NE(run.injections.front().objection.find("nobody sent it anything"), std::string::npos)
      << run.injections.front().objection;
}

/// Every kind of fault on processes, carried out and to no effect: of a node that is down already, or of one that pays
/// no heed. n2 is brought down first, by a fault that does take effect.
constexpr const char* vain_strikes = R"(
title = "blows that change nothing"
[target]
nodes   = 2
command = ["/bin/sh", "-c", "trap '' HUP USR1; while :; do sleep 0.1; done"]
[phases]
warm_up = "100ms"
before  = "200ms"
during  = "2s"
after   = "200ms"
[expect]
exits = []
[[fault]]
name = "down"
kind = "process.kill"
on   = "n2"
at   = "0s"
)";

TEST_F(EveryFault, OnProcessesIsNotWithstoodWhenItChangesNothing) {
  const std::vector<std::pair<std::string, std::string>> vain{
      {"kind = \"process.kill\"\non = \"n1\"\nsignal = \"HUP\"", "it still runs"},
      {"kind = \"process.kill\"\non = \"n1\"\nsignal = \"USR1\"\ntree = false", "it still runs"},
      {"kind = \"process.kill\"\non = \"n2\"", "the node was not running"},
      {"kind = \"process.terminate\"\non = \"n2\"\ngrace = \"100ms\"", "the node was not running"},
      {"kind = \"process.pause\"\non = \"n2\"\nfor = \"500ms\"", "the node was not running"},
  };
  for (const auto& [fault, why] : vain) {
    const auto run = this->run(vain_strikes + std::string("[[fault]]\nname = \"vain\"\nat = \"1s\"\n") + fault + "\n",
                               faults::catalog());
    EXPECT_EQ(run.end.verdict, "inconclusive") << fault << run.end.reason;
    ASSERT_EQ(run.injections.size(), 2U) << fault;
    for (const auto& injection : run.injections) {
      EXPECT_EQ(injection.took_effect, injection.fault == "down") << fault << injection.objection;
      if (injection.fault == "vain") {
        EXPECT_NE(injection.objection.find(why), std::string::npos) << fault << injection.objection;
      }
    }
  }
}

}  // namespace
}  // namespace withstand
