#pragma once

#include <string>

#include <gtest/gtest.h>

namespace withstand::report {

/// Compares with tests/golden/report/NAME. With WITHSTAND_APPROVE=1 in the environment the file is written instead:
/// look at the difference before committing it.
void expect_golden(const std::string& name, const std::string& actual);

/// A sample's name as a test's name.
std::string test_name(const ::testing::TestParamInfo<std::string>& info);

}  // namespace withstand::report
