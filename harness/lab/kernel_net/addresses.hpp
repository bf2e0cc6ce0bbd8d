#pragma once

#include <map>
#include <string>

#include "spec/experiment.hpp"

namespace withstand::lab::kernel {

/// The IPv4 addresses of attached nodes and of the clients, by name: as the file says, else the interface's first; a
/// client's is what it reaches the first node from. Looks into the nodes' network namespaces, touches nothing. Throws
/// std::runtime_error naming the node and what is in the way.
std::map<std::string, std::string> attached_addresses(const spec::Experiment& experiment);

}  // namespace withstand::lab::kernel
