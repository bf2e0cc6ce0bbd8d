#include "catalog/catalog.hpp"

#include "clock/clock_faults.hpp"
#include "disk/disk_faults.hpp"
#include "machine/machine_faults.hpp"
#include "network/network_faults.hpp"
#include "process/process_faults.hpp"

namespace withstand::faults {

core::Catalog catalog() {
  std::vector<std::unique_ptr<core::Fault>> faults;
  faults.push_back(clock_drift());
  faults.push_back(clock_freeze());
  faults.push_back(clock_jump());
  faults.push_back(clock_leap_delete());
  faults.push_back(clock_leap_insert());
  faults.push_back(clock_offset());
  faults.push_back(clock_settable());
  faults.push_back(clock_smear());
  faults.push_back(clock_start_at());
  faults.push_back(clock_strobe());
  faults.push_back(clock_suspend());
  faults.push_back(disk_bandwidth());
  faults.push_back(disk_corrupt());
  faults.push_back(disk_error());
  faults.push_back(disk_fsync());
  faults.push_back(disk_full());
  faults.push_back(disk_latency());
  faults.push_back(disk_stall());
  faults.push_back(machine_power_cut());
  faults.push_back(network_corrupt());
  faults.push_back(network_dns());
  faults.push_back(network_duplicate());
  faults.push_back(network_flap());
  faults.push_back(network_http());
  faults.push_back(network_latency());
  faults.push_back(network_loss());
  faults.push_back(network_mtu());
  faults.push_back(network_partition());
  faults.push_back(network_rate());
  faults.push_back(network_reorder());
  faults.push_back(network_stream());
  faults.push_back(network_ttl());
  faults.push_back(network_unplug());
  faults.push_back(process_kill());
  faults.push_back(process_pause());
  faults.push_back(process_terminate());
  return core::Catalog(std::move(faults));
}

}  // namespace withstand::faults
