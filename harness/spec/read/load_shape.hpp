#pragma once

#include "spec/experiment.hpp"
#include "spec/read/table_reader.hpp"

namespace withstand::spec {

/// What [load] says of when operations are due, on which keys, how large their values are, and what counts as borne.
/// The workload must have been read.
void read_load_shape(TableReader& load, LoadSpec& out);

/// The most operations per second that are ever due; of a trace nothing is known, and `rate` told.
Rate highest_rate(const LoadSpec& load);

}  // namespace withstand::spec
