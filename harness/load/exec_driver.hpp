#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "load/driver.hpp"
#include "spec/result.hpp"

namespace withstand::load {

/// A program of the user's, in any language, that speaks JSON lines on its standard input and output (the protocol is
/// in README.md of this folder). It is started once, and ready when it says so; its end is an error of the harness,
/// told to `on_broken`. Throws when it cannot be started.
std::unique_ptr<Driver> make_exec_driver(const Config& config, boost::asio::io_context& context,
                                         std::function<void(const std::string&)> on_broken);

std::vector<spec::Complaint> exec_objections(const Config& config);

}  // namespace withstand::load
