#pragma once

#include <memory>

#include "load/driver.hpp"
#include "load/etcd_options.hpp"
#include "load/http_dialect.hpp"

namespace withstand::load {

/// Every operation but those of plain registers, by etcd's transactions and leases (version 3.4, JSON gateway). Nothing
/// for those.
std::unique_ptr<HttpTalk> etcd_talk(const Request& request, const EtcdOptions& options);

}  // namespace withstand::load
