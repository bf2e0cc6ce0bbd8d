#include "spec/vocabulary.hpp"

#include <algorithm>

namespace withstand::spec {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Info>
const Info* find_in(const std::vector<Info>& table, std::string_view name) {
  for (const Info& info : table) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

}  // namespace

const std::vector<WorkloadInfo>& workloads() {
  static const std::vector<WorkloadInfo> table{
      {"register",
       {"read", "write"},
       "reads and writes of a fixed set of keys; every value written is unique in the run"},
      {"write-once",
       {"write", "read"},
       "every write takes a fresh key, so that each acknowledged one can be looked for"},
  };
  return table;
}

const std::vector<CheckInfo>& checks() {
  static const std::vector<CheckInfo> table{
      {"linearizable", "register",
       "the history of every key can be explained by one register that changes in one instant"},
      {"no-acknowledged-write-lost", "write-once",
       "every acknowledged write is read back after recovery through every live node"},
  };
  return table;
}

const WorkloadInfo* find_workload(std::string_view name) { return find_in(workloads(), name); }
const CheckInfo* find_check(std::string_view name) { return find_in(checks(), name); }

const std::vector<std::string>& drivers() {
  static const std::vector<std::string> names{"etcd", "exec", "http", "postgres", "redis"};
  return names;
}

const std::vector<std::string>& features() {
  static const std::vector<std::string> names{"kernel",       "namespaces",     "user-namespaces", "tun",
                                              "cgroup",       "cgroup-freezer", "cgroup-kill",     "time-namespaces",
                                              "fuse",         "seccomp-notify", "ptrace",          "netem",
                                              "kernel-links", "nftables",       "realtime"};
  return names;
}

const std::vector<std::string>& later_workloads() {
  static const std::vector<std::string> names{"append", "bank", "cas-register", "counter", "list-append",
                                              "lock",   "log",  "queue",        "set",     "transactions"};
  return names;
}

const std::vector<std::string>& later_checks() {
  static const std::vector<std::string> names{"bank",          "counter",    "monotonic-reads",   "mutual-exclusion",
                                              "no-duplicates", "queue",      "read-your-writes",  "serializable",
                                              "set",           "sequential", "snapshot-isolation"};
  return names;
}

bool is_later_kind(std::string_view kind) {
  static const std::vector<std::string> domains{"disk", "clock", "resource", "machine", "config", "human"};
  static const std::vector<std::string> named{
      "network.bandwidth", "network.corrupt", "network.duplicate", "network.mtu",     "network.queue",  "network.rate",
      "network.reorder",   "network.reset",   "network.blackhole", "network.dns",     "network.flap",   "network.down",
      "process.crash",     "process.exit",    "process.slow",      "process.syscall", "process.signal", "process.hang"};
  const std::size_t dot = kind.find('.');
  return dot != kind.npos && (contains(domains, kind.substr(0, dot)) || contains(named, kind));
}

const std::vector<std::string>& reserved_fault_keys() {
  static const std::vector<std::string> names{"name", "kind",  "on",    "from", "to",     "at",       "for",
                                              "when", "every", "pulse", "ramp", "random", "evidence", "tolerance"};
  return names;
}

}  // namespace withstand::spec
