#pragma once

#include <vector>

#include "core/http.hpp"
#include "spec/experiment.hpp"
#include "spec/parameter.hpp"

namespace withstand::faults {

/// Which HTTP messages a fault means: method, path, host, header, status, response_header.
std::vector<spec::Parameter> http_match_parameters();
/// Of what is well.
core::HttpMatch http_match_of(const spec::FaultSpec& fault);
std::vector<spec::KindTable::Objection> http_match_objections(const spec::FaultSpec& fault,
                                                              core::HttpSettings::Side side);

}  // namespace withstand::faults
