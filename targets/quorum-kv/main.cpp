#include <exception>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "kv/disk.hpp"
#include "kv/exit_code.hpp"
#include "kv/node.hpp"
#include "kv/options.hpp"

using quorum_kv::ExitCode;

namespace {

int end(ExitCode code, const std::exception& why) {
  spdlog::critical("{}", why.what());
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  // No times in the log: this program reads no wall clock, and whoever collects the lines stamps them.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("quorum-kv"));
  spdlog::set_pattern("%l: %v");
  try {
    const auto options = quorum_kv::parse_options(argc, argv);
    if (!options) return static_cast<int>(ExitCode::ok);
    quorum_kv::Node node(*options);
    node.run();
    return static_cast<int>(ExitCode::ok);
  } catch (const quorum_kv::Refusal& refusal) {
    return end(refusal.code(), refusal);
  } catch (const quorum_kv::StorageError& error) {
    return end(ExitCode::storage_error, error);
  } catch (const std::exception& error) {
    return end(ExitCode::unexpected, error);
  }
}
