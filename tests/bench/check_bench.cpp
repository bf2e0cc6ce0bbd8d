// How long the judges take (CPU time of all threads), and how much memory, the history included: one hot register,
// other objects, transactions; or files of others.
//
//   bench_check [OPERATIONS [CONCURRENCY]]     one register, unique values (default 1000000 50)
//   bench_check general [OPERATIONS]           registers whose values are not unique, queues, stacks (default 100000)
//   bench_check transactions [COUNT]           list-append (default 100000)
//   bench_check files MODEL FILE...            reads and judges each, with the sums

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "check/history/read.hpp"
#include "check/history_models.hpp"
#include "check/linearizable.hpp"
#include "check/metrics.hpp"
#include "check_histories.hpp"

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

/// CPU time of this process: other work on the machine does not count.
double cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
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

void report_model(std::string_view what, const check::OperationHistory& history, std::string_view model) {
  check::Finding found;
  const double judged = seconds([&] { found = check::judge_history(history, *check::find_history_model(model), {}); });
  fmt::print("{:<34} {:>9}: {:.3f} s, {}; peak {:.0f} MiB{}\n", what, history.operations.size(), judged,
             to_text(found.judgement), peak_mebibytes(), found.misfit.empty() ? "" : "; " + found.misfit);
}

int general(std::size_t size) {
  for (const std::size_t clients : {5U, 20U, 50U})
    report_model(fmt::format("cas-register of 5 values, {} clients", clients), bench::ambiguous_register(size, clients),
                 "cas-register");
  report_model("queue, 50 clients", bench::container(size, 50, false), "queue");
  report_model("stack, 50 clients", bench::container(size, 50, true), "stack");
  return 0;
}

int transactions(std::size_t count) {
  const auto history = bench::list_append(count, 20);
  fmt::print("list-append; peak before judging {:.0f} MiB\n", peak_mebibytes());
  report_model("list-append, strict-serializable", history, "list-append");
  return 0;
}

int files(std::string_view model_name, std::span<char*> paths) {
  const check::HistoryModel* model = check::find_history_model(model_name);
  if (model == nullptr) return 2;
  double read = 0, judged = 0;
  std::size_t counts[3] = {};
  for (const char* path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto format = check::detect_format(text);
    check::OperationHistory history;
    check::Finding found;
    read += seconds([&] { history = check::read_operations(text, format); });
    check::HistoryOptions options;
    options.linear.refused_cas_counts = format == check::HistoryFormat::log;
    judged += seconds([&] { found = check::judge_history(history, *model, options); });
    ++counts[static_cast<std::size_t>(found.judgement)];
    fmt::print("{} {}\n", path, found.misfit.empty() ? to_text(found.judgement) : found.misfit);
  }
  fmt::print("{} held, {} failed, {} inconclusive; {:.3f} s to read, {:.3f} s to judge\n", counts[0], counts[1],
             counts[2], read, judged);
  return 0;
}

}  // namespace
}  // namespace withstand

int main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  const auto count = [&](std::size_t usual) { return argc > 2 ? std::strtoul(argv[2], nullptr, 10) : usual; };
  if (first == "general") return withstand::general(count(100'000));
  if (first == "transactions") return withstand::transactions(count(100'000));
  if (first == "files" && argc > 3)
    return withstand::files(argv[2], std::span(argv + 3, static_cast<std::size_t>(argc - 3)));
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
