#pragma once

#include <string>

namespace withstand::report {

/// Compares with tests/golden/report/NAME. With WITHSTAND_APPROVE=1 in the environment the file is written instead:
/// look at the difference before committing it.
void expect_golden(const std::string& name, const std::string& actual);

}  // namespace withstand::report
