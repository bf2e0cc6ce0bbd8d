#include "lab/dns/rules.hpp"

namespace withstand::lab::dns {

void Rules::add(core::Names::Handle handle, const core::NameFault& fault, const std::vector<core::NodeId>& nodes) {
  Rule& rule = rules_[handle];
  rule.fault = fault;
  for (const core::NodeId node : nodes) rule.asked[node];
}

Decision Rules::decide(core::NodeId node, const Question& question, bool over_tcp) {
  Decision decision;
  for (auto& [handle, rule] : rules_) {
    const auto here = rule.asked.find(node);
    const core::NameFault& fault = rule.fault;
    if (here == rule.asked.end() || !core::concerns(fault, question.name, question.type, over_tcp)) continue;
    Key key{question.name, question.type};
    if (here->second.size() >= core::most_names && !here->second.contains(key))
      key = {core::further_names, core::further_types};
    const std::uint64_t ordinal = here->second[key]++;
    const auto draws = core::query_draws(fault, topology_.at(node).name, key.first, key.second);
    if (!core::strikes(fault, draws, ordinal)) continue;
    if (fault.answer == core::NameAnswer::slow) {
      decision.delay += fault.delay;
    } else if (decision.by == nullptr || fault.answer < decision.by->answer) {
      decision.by = &fault;
    }
  }
  return decision;
}

}  // namespace withstand::lab::dns
