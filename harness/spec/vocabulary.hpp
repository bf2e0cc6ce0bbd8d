#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The words of the experiment file that are no fault kinds: what this build has, and what is planned. Parser, JSON
/// Schema and documentation are made from these tables.
namespace withstand::spec {

struct WorkloadInfo {
  std::string name;
  std::vector<std::string> operations;  ///< what `mix` and the filter op= may name
  std::string summary;
  std::map<std::string, std::int64_t> mix;  ///< weights when nobody says otherwise
  std::int64_t keys = 16;                   ///< the same for `keys`
};

struct CheckInfo {
  std::string name;
  std::vector<std::string> workloads;  ///< whose histories it can judge
  std::string summary;
};

const std::vector<WorkloadInfo>& workloads();
const WorkloadInfo* find_workload(std::string_view name);
const std::vector<CheckInfo>& checks();
const CheckInfo* find_check(std::string_view name);
const std::vector<std::string>& drivers();
/// What `requires` may name: the ids of doctor's features, in its order.
const std::vector<std::string>& features();

/// Names that the documentation of the project has but this build lacks.
const std::vector<std::string>& later_workloads();
const std::vector<std::string>& later_checks();
/// Whether `kind` is a fault kind that is planned: of a domain that is still to come, or named.
bool is_later_kind(std::string_view kind);

/// Keys that every fault shares, those of later builds included: no parameter may take one of these names.
const std::vector<std::string>& reserved_fault_keys();

template <class Info>
std::vector<std::string> names_of(const std::vector<Info>& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const Info& info : table) names.push_back(info.name);
  return names;
}

}  // namespace withstand::spec
