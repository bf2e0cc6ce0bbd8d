#include "check/history/read.hpp"
#include "check/history_models.hpp"
#include "check/picture.hpp"
#include "entry.hpp"
#include "promise.hpp"

namespace withstand::fuzz {

void history(std::string_view input) {
  check::HistoryOptions options;
  options.linear.time = std::chrono::milliseconds(20);
  options.linear.memory = std::size_t{1} << 20;
  options.linear.threads = 1;
  for (const check::FormatInfo& format : check::history_formats()) {
    const auto read = check::read_operations(input, format.format);
    promise(read.problems.empty() == (read.bad_lines == 0), "what is wrong is named", input);
    for (const check::HistoryModel& model : check::history_models()) {
      const auto found = check::judge_history(read, model, options);
      promise(!found.summary.empty() || !found.misfit.empty(), "a verdict says something", input);
      promise(found.judgement != check::Judgement::failed || !found.explanation.empty(), "a failure is explained",
              input);
      for (const std::uint32_t culprit : found.culprits)
        promise(culprit < read.operations.size(), "what is told is in the history", input);
      if (found.judgement == check::Judgement::failed)
        promise(!check::picture_page(read, found, "x").empty(), "a failure can be drawn", input);
    }
  }
}

}  // namespace withstand::fuzz
