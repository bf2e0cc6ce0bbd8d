#include "lab/dns/account.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lab/dns/rules.hpp"

/// What the resolver decides and what its account counts, where a node asks for ever new names.
namespace withstand::lab::dns::testing {
namespace {

core::Topology one_node() {
  spec::Experiment experiment;
  spec::NodeKind kind;
  kind.name = "node";
  kind.count = 1;
  kind.command = {"true"};
  experiment.target.kinds = {kind};
  return core::Topology(experiment);
}

TEST(DnsAccount, NamesWithoutEndAreCountedInBoundedRoom) {
  const core::Topology topology = one_node();
  const Zone zone(topology, false);
  core::NameFault fault;
  fault.answer = core::NameAnswer::servfail;
  fault.fault = "f";
  fault.seed = 42;
  fault.names = {"*"};
  fault.share_ppb = 500'000'000;
  Account account(topology, zone);
  Rules rules(topology);
  account.add(1, fault, {0});
  rules.add(1, fault, {0});
  constexpr std::uint64_t asked = 3 * core::most_names;
  for (std::uint64_t i = 0; i < asked; ++i) {
    Query query;
    query.question = Question{.name = fmt::format("n{}.example", i), .type = 1, .owner = {}};
    const auto ticket = account.read(0, query, false, {});
    ASSERT_EQ(ticket.matches.size(), 1u);
    ASSERT_EQ(ticket.matches[0].struck, rules.decide(0, *query.question, false).by != nullptr) << i;
  }
  const auto effect = account.effect(1).at(0);
  EXPECT_EQ(effect.asked, asked);
  EXPECT_EQ(effect.names.size(), core::most_names + 1);
  std::uint64_t struck = 0;
  for (const auto& each : effect.names) {
    const auto draws = core::query_draws(fault, topology.at(0).name, each.name, each.type);
    for (std::uint64_t i = 0; i < each.asked; ++i) struck += core::strikes(fault, draws, i) ? 1U : 0U;
  }
  EXPECT_EQ(struck, effect.asked - effect.spared) << "decided again";
}

}  // namespace
}  // namespace withstand::lab::dns::testing
