#pragma once

#include <string_view>

namespace withstand::spec {

/// Whether a TOML text has any table of an experiment ([target], [[fault]], target.use = ..., probe = [{...}]): other
/// programs' settings are TOML as well. A text that is no TOML is taken for an experiment when it has a line that
/// begins such a table, for its mistake is to be told. Thread-safe.
bool may_be_experiment(std::string_view text);

}  // namespace withstand::spec
