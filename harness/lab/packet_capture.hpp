#pragma once

#include <optional>
#include <string>

#include "lab/link/fabric.hpp"
#include "record/journal.hpp"
#include "spec/experiment.hpp"

namespace withstand::lab {

/// Its name in the run's directory.
inline constexpr const char* capture_file = "capture.pcapng";

/// Creates the file that `[capture]` asks for, nothing where it does not. Throws os::SystemError.
std::optional<link::CaptureFile> make_capture_file(const spec::Experiment& experiment,
                                                   const std::string& run_directory);

/// For the journal, in words: what the file lacks, and why.
record::CaptureEnded describe_capture(const link::CaptureCounts& counts, const spec::CaptureSpec& asked);

}  // namespace withstand::lab
