#include <toml++/toml.h>

#include "report/html/series.hpp"
#include "spec/experiment.hpp"
#include "spec/units.hpp"

namespace withstand::report::html {

// The spec's own reader wants to know every fault kind, which a report does not.
std::int64_t timeout_of(const std::string& experiment) {
  try {
    const toml::table file = toml::parse(experiment);
    const auto* const load = file["load"].as_table();
    if (load == nullptr) return 0;
    const auto text = (*load)["timeout"].value<std::string>();
    if (!text) return spec::LoadSpec{}.timeout.count();
    const auto timeout = spec::parse_duration(*text);
    return timeout ? timeout->count() : 0;
  } catch (const toml::parse_error&) {
    return 0;
  }
}

}  // namespace withstand::report::html
