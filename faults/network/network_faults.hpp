#pragma once

#include <memory>

#include "core/fault.hpp"

namespace withstand::faults {

std::unique_ptr<core::Fault> network_corrupt();
std::unique_ptr<core::Fault> network_dns();
std::unique_ptr<core::Fault> network_duplicate();
std::unique_ptr<core::Fault> network_flap();
std::unique_ptr<core::Fault> network_http();
std::unique_ptr<core::Fault> network_latency();
std::unique_ptr<core::Fault> network_loss();
std::unique_ptr<core::Fault> network_mtu();
std::unique_ptr<core::Fault> network_partition();
std::unique_ptr<core::Fault> network_rate();
std::unique_ptr<core::Fault> network_reorder();
std::unique_ptr<core::Fault> network_stream();
std::unique_ptr<core::Fault> network_ttl();
std::unique_ptr<core::Fault> network_unplug();

}  // namespace withstand::faults
