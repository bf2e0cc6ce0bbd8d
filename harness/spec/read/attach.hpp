#pragma once

#include <map>
#include <string>

#include "spec/read/table_reader.hpp"
#include "spec/target.hpp"

namespace withstand::spec {

/// [target] with `attach`: nodes that somebody else runs, on interfaces that somebody else made. Reports what is wrong.
Target read_attached_target(TableReader& fields, std::map<std::string, std::int64_t>& counts);

}  // namespace withstand::spec
