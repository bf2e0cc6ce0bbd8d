// A node without power, and with power again: its namespaces end, and it gets new ones on the same disk.
#include <stdexcept>

#include "lab/local_lab_impl.hpp"

namespace withstand::lab {

void LocalLab::Impl::power_off(core::NodeId id) {
  if (node(id).plan().network) throw std::logic_error("a node that is attached has no power of ours");
  readiness.erase(id);
  start_waiters.erase(id);
  node(id).power_off();
}

/// Its way into the fabric takes the place of the old one, which ends with all connections that were opened over it.
void LocalLab::Impl::power_on(core::NodeId id) {
  node(id).power_on();
  auto ways = node(id).finish_setup();
  fabric->replace(id, std::move(ways.interface));
  names->replace(id, std::move(ways.names));
  if (disks) disks->mount(node(id));
  write_state();
}

}  // namespace withstand::lab
