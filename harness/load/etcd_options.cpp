#include "load/etcd_options.hpp"

#include "load/options.hpp"

namespace withstand::load {

EtcdOptions read_etcd_options(const Config& config, std::vector<spec::Complaint>& complaints) {
  Options options("etcd", config.driver_options);
  EtcdOptions out;
  out.serializable = options.choice("reads", {"linearizable", "serializable"}) == "serializable";
  out.failover = options.choice("route", {"failover", "spread"}) == "failover";
  const auto sets = options.choice("sets", {"keys", "cas", "lock", "fenced-lock"});
  out.sets = sets == "keys"   ? EtcdOptions::Sets::keys
             : sets == "cas"  ? EtcdOptions::Sets::cas
             : sets == "lock" ? EtcdOptions::Sets::lock
                              : EtcdOptions::Sets::fenced;
  out.lease = options.duration("lease", std::chrono::seconds(2));
  if (out.lease < std::chrono::seconds(1) || out.lease % std::chrono::seconds(1) != std::chrono::nanoseconds::zero())
    options.complain("option 'lease' of driver 'etcd' is no whole number of seconds",
                     "etcd counts in whole seconds: lease = \"2s\"");
  out.think = options.duration("think", std::chrono::milliseconds(1));
  out.connect_timeout = options.duration("connect_timeout", std::chrono::nanoseconds(config.timeout));
  const auto found = options.finish();
  complaints.insert(complaints.end(), found.begin(), found.end());
  return out;
}

}  // namespace withstand::load
