// How long the judges take on a history of one hot register (CPU time), and how much memory, the history included.
//
//   bench_check [OPERATIONS [CONCURRENCY]]     (default 1000000 50)

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <time.h>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "check/linearizable.hpp"
#include "check/metrics.hpp"

namespace withstand {
namespace {

using record::Operation;

/// What concurrent processes see of an atomic register: each operation takes effect at one instant between its start
/// and its end. One write in a hundred has an unknown outcome.
std::vector<Operation> atomic_history(std::size_t size, std::size_t concurrency) {
  std::mt19937_64 random(1);
  const auto below = [&](std::uint64_t bound) { return static_cast<std::int64_t>(random() % bound); };
  std::vector<std::int64_t> free(concurrency, 0);
  std::vector<std::pair<std::int64_t, std::size_t>> effects;
  std::vector<Operation> all(size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto process = i % concurrency;
    Operation& made = all[i];
    made.id = i;
    made.process = static_cast<std::uint32_t>(process);
    made.op = below(2) == 0 ? "write" : "read";
    made.key = "k0";
    made.node = "n1";
    made.intended = made.sent = free[process] + 1 + below(10'000);
    made.done = free[process] = made.sent + 100'000 + below(900'000);
    made.outcome = record::Outcome::ok;
    effects.emplace_back(made.sent + below(static_cast<std::uint64_t>(made.done - made.sent)), i);
  }
  std::sort(effects.begin(), effects.end());
  std::optional<std::string> held;
  for (const auto& [instant, i] : effects) {
    Operation& one = all[i];
    if (one.op == "write")
      held = one.value = fmt::format("v{}", i);
    else
      one.value = held;
    if (one.op == "write" && below(100) == 0) one.outcome = record::Outcome::info;
  }
  return all;
}

/// CPU time of this thread: other work on the machine does not count.
double cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <class Work>
double seconds(Work work) {
  const double start = cpu_now();
  work();
  return cpu_now() - start;
}

double peak_mebibytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void report(const std::vector<Operation>& history) {
  record::CheckResult result;
  const double judged = seconds([&] { result = check::Linearizable().judge(history, {}); });
  fmt::print("linearizable  {:>9}: {:.3f} s, {}\n", history.size(), judged, result.outcome);

  auto damaged = history;
  const auto reads = [](const Operation& one) { return one.op == "read" && one.value; };
  const auto early = std::find_if(damaged.begin(), damaged.end(), reads);
  const auto late = std::find_if(damaged.rbegin(), damaged.rend(), reads);
  if (early != damaged.end() && late != damaged.rend()) late->value = early->value;
  const double refuted = seconds([&] { result = check::Linearizable().judge(damaged, {}); });
  fmt::print("  a stale read at the end: {:.3f} s, {}\n", refuted, result.outcome);
}

void report_metrics(const std::vector<Operation>& history) {
  const std::int64_t end = history.back().done;
  std::string measured;
  const double took = seconds([&] {
    const check::Metrics metrics({history, {{"during", {0, end}}}, {}, 0, std::chrono::seconds(1)});
    for (const char* text : {"errors < 5%", "p99 < 1s", "outage < 1s", "recovery < 1s", "availability > 99%"}) {
      measured += metrics.evaluate(*spec::parse_threshold(text), "during").measured + "; ";
    }
    measured += fmt::format("{} summaries", metrics.summaries().size());
  });
  fmt::print("metrics       {:>9}: {:.3f} s for five thresholds and the summaries: {}\n", history.size(), took,
             measured);
}

}  // namespace
}  // namespace withstand

int main(int argc, char** argv) {
  const std::size_t size = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const std::size_t concurrency = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 50;
  if (size == 0 || concurrency == 0) return 2;
  const auto history = withstand::atomic_history(size, concurrency);
  fmt::print("one register, concurrency {}; peak before judging {:.0f} MiB\n", concurrency,
             withstand::peak_mebibytes());
  withstand::record::CheckResult result;
  const double judged = withstand::seconds([&] { result = withstand::check::Linearizable().judge(history, {}); });
  fmt::print("linearizable, first time: {:.3f} s, {}; peak {:.0f} MiB with the history\n", judged, result.outcome,
             withstand::peak_mebibytes());
  withstand::report(history);
  withstand::report_metrics(history);
  return 0;
}
