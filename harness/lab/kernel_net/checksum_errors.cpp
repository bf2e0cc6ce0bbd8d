#include "lab/kernel_net/checksum_errors.hpp"

#include <sstream>

#include "os/files.hpp"

namespace withstand::lab::kernel {
namespace {

bool is_error(const std::string& name) { return name.ends_with("InCsumErrors") || name.ends_with("InHdrErrors"); }

}  // namespace

std::uint64_t sum_of_errors(const std::string& snmp) {
  std::uint64_t sum = 0;
  std::istringstream lines(snmp);
  for (std::string names, values; std::getline(lines, names) && std::getline(lines, values);) {
    std::istringstream each_name(names), each_value(values);
    std::string name, value;
    while (each_name >> name && each_value >> value)
      if (is_error(name)) sum += std::stoull(value);
  }
  return sum;
}

std::uint64_t sum_of_errors6(const std::string& snmp6) {
  std::uint64_t sum = 0;
  std::istringstream lines(snmp6);
  std::string name;
  for (std::uint64_t value = 0; lines >> name >> value;)
    if (is_error(name)) sum += value;
  return sum;
}

std::uint64_t checksum_errors(const os::NetworkNamespace& network) {
  std::uint64_t sum = 0;
  network.visit([&] {
    // /proc/net is that of the process, /proc/thread-self/net that of who asks.
    const std::string folder = "/proc/thread-self/net/";
    sum += sum_of_errors(os::read_file(folder + "snmp").value_or(""));
    sum += sum_of_errors6(os::read_file(folder + "snmp6").value_or(""));
  });
  return sum;
}

}  // namespace withstand::lab::kernel
