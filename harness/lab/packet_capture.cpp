#include "lab/packet_capture.hpp"

#include <fcntl.h>

#include <fmt/format.h>
#include <system_error>

#include "os/check.hpp"

namespace withstand::lab {
namespace {

std::string packets(std::uint64_t count) { return fmt::format("{} packet{}", count, count == 1 ? "" : "s"); }

}  // namespace

std::optional<link::CaptureFile> make_capture_file(const spec::Experiment& experiment,
                                                   const std::string& run_directory) {
  if (!experiment.capture) return {};
  const std::string path = run_directory + "/" + capture_file;
  os::Fd file(os::check("create " + path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)));
  const link::CaptureSettings settings{.snap = static_cast<std::uint32_t>(experiment.capture->snap.count),
                                       .limit = static_cast<std::uint64_t>(experiment.capture->limit.count)};
  return link::CaptureFile{std::move(file), settings};
}

record::CaptureEnded describe_capture(const link::CaptureCounts& counts, const spec::CaptureSpec& asked) {
  record::CaptureEnded ended{.file = capture_file,
                             .packets = counts.packets,
                             .links = counts.links,
                             .bytes = counts.bytes,
                             .missing = counts.overrun + counts.beyond,
                             .why = {}};
  const auto add = [&](const std::string& reason) { ended.why += (ended.why.empty() ? "" : "; ") + reason; };
  if (counts.error != 0)
    add(fmt::format("it ends early, {} are left out: write {}: {}", packets(counts.beyond), capture_file,
                    std::generic_category().message(counts.error)));
  else if (counts.full)
    add(fmt::format("it ends at its limit of {}, {} are left out", spec::to_text(asked.limit), packets(counts.beyond)));
  if (counts.overrun > 0)
    add(fmt::format("{} are left out that came faster than they could be written", packets(counts.overrun)));
  if (!counts.done) add("its end was not written in time");
  return ended;
}

}  // namespace withstand::lab
