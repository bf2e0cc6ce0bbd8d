#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "check/judgement.hpp"
#include "check/windows.hpp"
#include "record/history.hpp"
#include "record/journal.hpp"
#include "spec/threshold.hpp"

/// What a run measured, judged against thresholds. Every metric is defined in harness/check/README.md. Pure.
namespace withstand::check {

struct MetricsInput {
  std::span<const record::Operation> operations;  ///< any order; needed only while Metrics is being constructed
  std::vector<PhaseWindow> phases;
  std::vector<ProbeObservation> probes;
  std::optional<std::int64_t> last_fault_end;        ///< when the last fault's effect was undone; absent: none was
  spec::Duration timeout = std::chrono::seconds(1);  ///< of an operation: failures count as at least this slow
  std::vector<spec::Threshold> slo{};  ///< what a second must keep to for the rate offered in it to count as `capacity`
  bool confident = false;              ///< judge only where the 95 % interval is on one side of the limit
};

/// One threshold, judged over one phase.
struct Evaluation {
  Judgement judgement = Judgement::inconclusive;
  std::string measured;        ///< "3.21s", ">1s", "0.25% (3 of 1200)"; "no sample" when there is none
  std::uint64_t samples = 0;   ///< operations, successes or probe samples that the figure rests on
  std::string detail;          ///< why, in words; may be empty
  bool beyond_excuse = false;  ///< see record::ExpectationResult
  using Figure = std::variant<spec::Duration, spec::Ratio, spec::Rate, std::int64_t>;
  std::optional<Figure> value{};        ///< what was compared; none: there was nothing to compare
  std::optional<Figure> low{}, high{};  ///< the ends of its 95 % interval, where it has one (check/confidence.hpp)
};

class Metrics {
 public:
  explicit Metrics(MetricsInput input);
  ~Metrics();
  Metrics(Metrics&&) noexcept;
  Metrics& operator=(Metrics&&) noexcept;

  /// Judges one threshold over the phase of that name. No sample, or no such phase: inconclusive.
  [[nodiscard]] Evaluation evaluate(const spec::Threshold& threshold, std::string_view phase) const;
  /// The same as a journal event. `line` is the threshold's line in the experiment file.
  [[nodiscard]] record::ExpectationResult judge(const spec::Threshold& threshold, std::string_view phase,
                                                int line = 0) const;
  /// Per phase: all operations together (op ""), then each kind by name. Percentiles count failures as the README says;
  /// the figure of a percentile that falls on a failure is that failure's max(elapsed, timeout).
  [[nodiscard]] std::vector<record::LatencySummary> summaries() const;
  /// The same per second of the run, for those that were due in it; named by the phase in which the second begins.
  [[nodiscard]] std::vector<record::LatencySummary> summaries_by_second() const;

 private:
  /// Of a limit that is relative to nothing.
  [[nodiscard]] Evaluation evaluate_here(const spec::Threshold& threshold, std::string_view phase) const;
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace withstand::check
