#include "load/etcd_options.hpp"

#include "load/options.hpp"

namespace withstand::load {

EtcdOptions read_etcd_options(const Config& config, std::vector<spec::Complaint>& complaints) {
  Options options("etcd", config.driver_options);
  EtcdOptions out;
  out.serializable = options.choice("reads", {"linearizable", "serializable"}) == "serializable";
  out.failover = options.choice("route", {"failover", "spread"}) == "failover";
  out.connect_timeout = options.duration("connect_timeout", std::chrono::nanoseconds(config.timeout));
  const auto found = options.finish();
  complaints.insert(complaints.end(), found.begin(), found.end());
  return out;
}

}  // namespace withstand::load
