#pragma once

#include <cstdint>
#include <string>

#include "os/network_namespace.hpp"

namespace withstand::lab::kernel {

/// How many packets a network namespace found damaged by their checksums, or by headers that make no sense, since it
/// was made: IP, ICMP, TCP and UDP of both families (/proc/net/snmp, snmp6).
std::uint64_t checksum_errors(const os::NetworkNamespace& network);

/// The sum of these counters in the text of /proc/net/snmp, which has a line of names, then one of values; and in that
/// of snmp6, which has one name and value a line.
std::uint64_t sum_of_errors(const std::string& snmp);
std::uint64_t sum_of_errors6(const std::string& snmp6);

}  // namespace withstand::lab::kernel
