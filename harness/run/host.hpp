#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/lab.hpp"
#include "os/oom_watch.hpp"
#include "record/journal.hpp"

namespace withstand::run {

/// version, kernel, host and wall_time of a RunStarted.
void fill_host(record::RunStarted& started);
/// What says that this machine, or a memory limit around the harness, was out of memory during the run: the kernel's
/// log, else its count of victims together with a SIGKILL that nobody asked for. Limits of others do not matter.
std::optional<std::string> host_out_of_memory(const os::OomWatch& watch, std::span<const core::Exit> exits);
/// The version of this build: "0.1.0".
std::string version();

}  // namespace withstand::run
