#pragma once

#include "report/html/series.hpp"

namespace withstand::report::html {

/// Reads the histories of operations in the run's folder in intervals of `width` nanoseconds; without any series where
/// there is none, it is larger than 256 MiB, or nothing in it can be read. Operations outside the window are left out.
LoadSeries history_series(const record::RunRecord& run, Window window, std::int64_t width);

}  // namespace withstand::report::html
