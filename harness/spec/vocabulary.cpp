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
       "reads and writes of a fixed set of keys; every value written is unique in the run",
       {{"read", 50}, {"write", 50}},
       16},
      {"write-once",
       {"write", "read"},
       "every write takes a fresh key, so that each acknowledged one can be looked for",
       {{"write", 100}},
       16},
      {"cas-register",
       {"read", "write", "cas"},
       "as register, and writes that happen only where a key holds the value last seen there",
       {{"read", 40}, {"write", 20}, {"cas", 40}},
       16},
      {"append",
       {"txn"},
       "transactions of one to four steps, each of which reads a list or appends a unique number to it",
       {{"txn", 100}},
       8},
      {"set", {"add", "read"}, "unique numbers are added to sets, which are read whole", {{"add", 100}}, 1},
      {"counter", {"add", "read"}, "numbers are added to counters", {{"add", 80}, {"read", 20}}, 1},
      {"queue",
       {"enqueue", "dequeue"},
       "unique numbers are put into queues and taken out again; at the end they are emptied",
       {{"enqueue", 50}, {"dequeue", 50}},
       1},
      {"unique-ids", {"generate"}, "values are asked for that nobody else may get", {{"generate", 100}}, 1},
      {"bank",
       {"transfer", "read"},
       "money is moved between accounts that begin with 100 each; reads see all of them at once",
       {{"transfer", 80}, {"read", 20}},
       8},
      {"lock",
       {"acquire", "release"},
       "a lock is taken, held for a while and given back; each holder has a fencing token",
       {{"acquire", 100}},
       1},
      {"write-skew",
       {"insert"},
       "two transactions at a time, of which each inserts its own half of a pair unless one half is there already",
       {{"insert", 100}},
       1},
      {"long-fork",
       {"write", "read"},
       "keys in twos, each written once; transactions read both",
       {{"write", 30}, {"read", 70}},
       2},
      {"monotonic",
       {"inc", "read"},
       "counters that only ever grow, and say how far they are",
       {{"inc", 50}, {"read", 50}},
       4},
      {"session",
       {"write", "read"},
       "users in a closed loop, each of whom writes a key of its own in ascending order and reads anybody's",
       {{"write", 50}, {"read", 50}},
       16},
  };
  return table;
}

const std::vector<CheckInfo>& checks() {
  static const std::vector<CheckInfo> table{
      {"linearizable",
       {"register", "cas-register"},
       "the history of every key can be explained by one register that changes in one instant"},
      {"no-acknowledged-write-lost",
       {"write-once"},
       "every acknowledged write is read back after recovery through every live node"},
      {"set-full", {"set"}, "every acknowledged element is there in the end, once, and none that nobody added"},
      {"counter-bounds", {"counter"}, "no read is below what was acknowledged before it, or above what was asked for"},
      {"total-queue", {"queue"}, "every acknowledged element comes out, once, and none that nobody put in"},
      {"unique-ids", {"unique-ids"}, "no value was given twice"},
      {"bank", {"bank"}, "every read finds the same total, and no account below nothing"},
      {"lock", {"lock"}, "nobody got the lock while another held it, and tokens only grow"},
      {"write-skew", {"write-skew"}, "no pair has both halves"},
      {"long-fork", {"long-fork"}, "no two reads saw two writes in opposite orders"},
      {"monotonic", {"monotonic"}, "no counter went back, for anybody who could know"},
      {"sessions", {"session"}, "users read their own writes, and never something older than they had read"},
      {"read-committed", {"append"}, "transactions show no anomaly that read committed forbids"},
      {"repeatable-read", {"append"}, "transactions show no anomaly that repeatable read forbids"},
      {"snapshot-isolation", {"append"}, "transactions show no anomaly that snapshot isolation forbids"},
      {"serializable", {"append"}, "transactions show no anomaly that serializability forbids"},
      {"strict-serializable", {"append"}, "transactions are serializable in an order that respects real time"},
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
  static const std::vector<std::string> names{
      "kernel",         "namespaces",     "user-namespaces", "tun",   "cgroup",
      "cgroup-freezer", "cgroup-kill",    "time-namespaces", "fuse",  "fuse-passthrough",
      "loop-devices",   "seccomp-notify", "ptrace",          "netem", "kernel-links",
      "nftables",       "realtime"};
  return names;
}

const std::vector<std::string>& later_workloads() {
  static const std::vector<std::string> names{"leases", "log"};
  return names;
}

const std::vector<std::string>& later_checks() {
  static const std::vector<std::string> names{"serializable", "sequential", "snapshot-isolation",
                                              "strict-serializable"};
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
