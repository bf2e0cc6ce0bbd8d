#pragma once

#include <functional>

#include "core/fault.hpp"

namespace withstand::cli {

/// The whole command line: parses, runs the command, and returns the exit status (record/exit_code.hpp). `catalog`
/// makes the fault catalogue when a command needs it. Never throws.
int main(int argc, char** argv, const std::function<core::Catalog()>& catalog);

}  // namespace withstand::cli
