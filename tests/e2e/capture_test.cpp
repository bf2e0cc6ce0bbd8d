#include <cstdio>

#include "catalog/catalog.hpp"
#include "experiment_run.hpp"
#include "support/pcapng_reader.hpp"

/// What a capture says of a run's packets is what the evidence of its faults counted.
namespace withstand {
namespace {

constexpr const char* experiment = R"(
title   = "what was decided can be read packet by packet"
capture = CAPTURE
[target]
use   = "quorum-kv"
nodes = 3
[load]
workload   = "register"
rate       = "200/s"
value_size = "4KiB"
[phases]
warm_up = "200ms"
before  = "500ms"
during  = "2s"
after   = "1s"
[[fault]]
name = "lossy"
kind = "network.loss"
on   = "n2"
loss = "10%"
at   = "0s"
for  = "1500ms"
[[fault]]
name  = "slow"
kind  = "network.latency"
from  = "n1"
to    = "n3"
delay = "60ms"
at    = "0s"
for   = "1500ms"
[[fault]]
name  = "cut"
kind  = "network.partition"
shape = "isolate"
on    = "n3"
at    = "1s"
for   = "500ms"
[expect]
checks = ["linearizable"]
)";

class CapturedRun : public test::ExperimentRun {
 protected:
  record::RunRecord run_with(const std::string& capture) {
    std::string text = experiment;
    text.replace(text.find("CAPTURE"), 7, capture);
    return run(text, faults::catalog());
  }
};

/// The sum over a fault's links of how many packets it took, as its evidence has it: "8% (17 of 204 packets; ...)".
std::uint64_t taken(const record::RunRecord& run, const std::string& fault) {
  std::uint64_t sum = 0;
  for (const auto& injection : run.injections) {
    if (injection.fault != fault) continue;
    for (const auto& row : injection.evidence) {
      const auto bracket = row.measured.find('(');
      const std::string counts = bracket == std::string::npos ? row.measured : row.measured.substr(bracket + 1);
      unsigned long of_link = 0, offered = 0;
      if (std::sscanf(counts.c_str(), "%lu of %lu packets", &of_link, &offered) == 2) sum += of_link;
    }
  }
  return sum;
}

std::uint64_t wire_packets(const support::CapturedFile& file, const std::string& comment) {
  std::uint64_t sum = 0;
  for (const auto& packet : file.packets)
    if (packet.says(comment)) sum += packet.wire_packets();
  return sum;
}

TEST_F(CapturedRun, HasADecisionForEachPacketThatTheEvidenceCounts) {
  const auto run = run_with("true");
  EXPECT_EQ(run.end.verdict, "withstood") << run.end.reason;
  ASSERT_TRUE(run.capture);
  EXPECT_EQ(run.capture->file, "capture.pcapng");
  EXPECT_EQ(run.capture->why, "");
  EXPECT_EQ(run.capture->missing, 0U);
  const auto file = support::read_pcapng(run.directory + "/" + run.capture->file);
  EXPECT_EQ(file.packets.size(), run.capture->packets);
  EXPECT_EQ(file.links.size(), run.capture->links);
  EXPECT_EQ(std::filesystem::file_size(run.directory + "/" + run.capture->file), run.capture->bytes);
  EXPECT_GT(file.packets.size(), 1000U);
  EXPECT_GT(taken(run, "lossy"), 10U);
  EXPECT_GT(taken(run, "cut"), 10U);
  EXPECT_EQ(wire_packets(file, "dropped by loss 'lossy'"), taken(run, "lossy"));
  EXPECT_EQ(wire_packets(file, "dropped by partition 'cut'"), taken(run, "cut"));
  for (const auto& packet : file.packets) {
    if (packet.says("latency 'slow': delayed 60ms")) {
      EXPECT_EQ(packet.link, "n1>n3");
    }
  }
  EXPECT_GT(file.that_say("latency 'slow': delayed 60ms"), 10U);
}

TEST_F(CapturedRun, KeepsToItsLimitAndSaysSo) {
  const auto run = run_with(R"({ snap = "64B", limit = "64KiB" })");
  EXPECT_EQ(run.end.verdict, "withstood") << run.end.reason;
  ASSERT_TRUE(run.capture);
  EXPECT_LE(run.capture->bytes, 64U << 10);
  EXPECT_GT(run.capture->missing, 0U);
  EXPECT_EQ(run.capture->why,
            fmt::format("it ends at its limit of 64KiB, {} packets are left out", run.capture->missing));
  const auto file = support::read_pcapng(run.directory + "/" + run.capture->file);
  EXPECT_EQ(file.packets.size(), run.capture->packets);
}

}  // namespace
}  // namespace withstand
