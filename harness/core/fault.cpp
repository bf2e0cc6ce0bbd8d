#include "core/fault.hpp"

#include <algorithm>
#include <stdexcept>

namespace withstand::core {

std::vector<spec::KindTable::Objection> Fault::objections_when_attached(const spec::FaultSpec&) const {
  return {
      {"",
       {"an attached node has nothing that this could be done to: only the packets of its interface can be impaired",
        "say a fault of the network, or let the harness launch the target (command = [...])"}}};
}

Catalog::Catalog(std::vector<std::unique_ptr<Fault>> faults) : faults_(std::move(faults)) {
  for (std::size_t i = 1; i < faults_.size(); ++i)
    if (faults_[i - 1]->schema().kind >= faults_[i]->schema().kind)
      throw std::logic_error("the fault catalogue is not alphabetical at " + faults_[i]->schema().kind);
}

const Fault* Catalog::fault(std::string_view kind) const {
  const auto it = std::find_if(faults_.begin(), faults_.end(), [&](const auto& f) { return f->schema().kind == kind; });
  return it == faults_.end() ? nullptr : it->get();
}

const spec::KindSchema* Catalog::find(std::string_view kind) const {
  const Fault* found = fault(kind);
  return found == nullptr ? nullptr : &found->schema();
}

std::vector<std::string> Catalog::kinds() const {
  std::vector<std::string> names;
  for (const auto& fault : faults_) names.push_back(fault->schema().kind);
  return names;
}

std::vector<spec::KindTable::Objection> Catalog::objections(const spec::FaultSpec& fault_spec) const {
  const Fault* found = fault(fault_spec.kind);
  return found == nullptr ? std::vector<Objection>{} : found->objections(fault_spec);
}

}  // namespace withstand::core
