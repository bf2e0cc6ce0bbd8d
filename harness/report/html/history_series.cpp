#include "report/html/history_series.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "record/history_line.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_bytes = 256ULL << 20;
constexpr std::size_t most_kinds = 8;  ///< of operations; a history of another program could have any number

std::vector<fs::path> histories(const std::string& directory) {
  std::vector<fs::path> out;
  std::error_code error;
  std::uintmax_t bytes = 0;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name != "history.jsonl" && !(name.starts_with("history-") && name.ends_with(".jsonl"))) continue;
    std::error_code unknown;
    bytes += entry->is_regular_file(unknown) ? entry->file_size(unknown) : most_bytes + 1;
    out.push_back(entry->path());
  }
  std::sort(out.begin(), out.end());
  return bytes > most_bytes ? std::vector<fs::path>() : out;
}

/// Operations by interval. Response times are kept one by one, so that percentiles are exact.
class Intervals {
 public:
  Intervals(Window window, std::int64_t origin, std::int64_t width, std::int64_t timeout)
      : window_(window), width_(width), timeout_(timeout) {
    const std::int64_t back = origin - window.from;  // an interval begins with `origin`
    from_ = back <= 0 ? window.from : origin - (back + width - 1) / width * width;
  }
  [[nodiscard]] std::int64_t from() const { return from_; }

  void add(const record::Operation& one) {
    if (one.final_read || one.done < 0 || one.intended < from_ || one.intended >= window_.to) return;
    const auto at = static_cast<std::size_t>((one.intended - from_) / width_);
    add(kinds_[""], at, one);
    if (kinds_.size() <= most_kinds || kinds_.contains(one.op)) add(kinds_[one.op], at, one);
  }

  std::vector<OpSeries> series() && {
    std::vector<OpSeries> out;
    for (auto& [op, kind] : kinds_) {
      kind.series.op = op;
      for (std::size_t at = 0; at < kind.times.size(); ++at) summarise(kind, at);
      out.push_back(std::move(kind.series));
    }
    return out;
  }

 private:
  struct Kind {
    OpSeries series;
    std::vector<std::vector<std::int64_t>> times;
  };

  void add(Kind& kind, std::size_t at, const record::Operation& one) const {
    kind.series.grow(at + 1);
    kind.times.resize(std::max(kind.times.size(), at + 1));
    const bool ended = one.outcome != record::Outcome::dropped && one.done != std::numeric_limits<std::int64_t>::max();
    if (ended || timeout_ > 0) kind.times[at].push_back(record::response_time(one, timeout_));
    auto& counts = one.outcome == record::Outcome::ok     ? kind.series.ok
                   : one.outcome == record::Outcome::fail ? kind.series.fail
                   : one.outcome == record::Outcome::info ? kind.series.info
                                                          : kind.series.dropped;
    ++counts[at];
  }

  static void summarise(Kind& kind, std::size_t at) {
    auto& times = kind.times[at];
    if (times.empty()) return;
    std::sort(times.begin(), times.end());
    const auto share = [&](double part) {
      const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(times.size())));
      return times[std::min(times.size(), std::max<std::size_t>(rank, 1)) - 1];
    };
    kind.series.p50[at] = share(0.50);
    kind.series.p90[at] = share(0.90);
    kind.series.p99[at] = share(0.99);
    kind.series.max[at] = times.back();
  }

  Window window_;
  std::int64_t from_ = 0, width_, timeout_;
  std::map<std::string, Kind> kinds_;
};

void read(const fs::path& path, Intervals& intervals) {
  std::ifstream in(path, std::ios::binary);
  std::unordered_map<std::uint64_t, record::Operation> open;
  std::string text;
  record::HistoryLine line;
  while (std::getline(in, text)) {
    line = {};
    if (text.empty() || !record::parse_history_line(text, line)) continue;
    record::Operation& one = line.operation;
    if (line.invoke) {
      one.value.reset();
      one.done = std::numeric_limits<std::int64_t>::max();
      one.outcome = record::Outcome::info;
      open.insert_or_assign(one.id, std::move(one));
    } else if (const auto begun = open.find(one.id); begun != open.end()) {
      begun->second.done = one.done;
      begun->second.outcome = one.outcome;
      intervals.add(begun->second);
      open.erase(begun);
    } else if (one.outcome == record::Outcome::dropped) {
      intervals.add(one);
    }
  }
  for (const auto& [id, one] : open) intervals.add(one);  // nobody knows what became of these
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

LoadSeries history_series(const record::RunRecord& run, Window window, std::int64_t width) {
  if (run.directory.empty()) return {};
  const std::vector<fs::path> files = histories(run.directory);
  if (files.empty()) return {};
  const std::int64_t timeout = timeout_of(read_text(fs::path(run.directory) / "experiment.toml"));
  Intervals intervals(window, origin_of(run), width, timeout);
  for (const auto& file : files) read(file, intervals);
  LoadSeries out;
  out.from = intervals.from();
  out.width = width;
  out.ops = std::move(intervals).series();
  out.words = fmt::format("Each point is {} of operations by when they were due, from the history", human_time(width));
  out.words +=
      timeout > 0 ? fmt::format("; one that did not succeed counts with its timeout, {}, at least", human_time(timeout))
                  : "; one that did not succeed counts with the time it took";
  return out;
}

}  // namespace withstand::report::html
