#include "lab/dns/zone.hpp"

#include <gtest/gtest.h>

#include "support/lab_fixture.hpp"

namespace withstand::lab::dns::testing {
namespace {

Question ask(const std::string& name, std::uint16_t type) { return {name, type, 1, {}}; }

class ZoneTest : public ::testing::Test {
 protected:
  core::Topology topology_{lab::testing::experiment_of("true")};
  Zone zone_{topology_, true};
};

TEST_F(ZoneTest, KnowsEveryNodeByItsNameAndAddress) {
  EXPECT_EQ(zone_.answer(ask("n2", type::a)).records, (std::vector<Record>{{type::a, "198.18.0.2"}}));
  EXPECT_EQ(zone_.answer(ask("n2", type::aaaa)).records, (std::vector<Record>{{type::aaaa, "fd57:7374::2"}}));
  EXPECT_EQ(zone_.answer(ask("client", type::a)).records, (std::vector<Record>{{type::a, "198.18.0.4"}}));
  EXPECT_EQ(zone_.answer(ask("localhost", type::a)).records, (std::vector<Record>{{type::a, "127.0.0.1"}}));
  EXPECT_EQ(zone_.answer(ask("n2", type::any)).records.size(), 2U);
  EXPECT_EQ(zone_.answer(ask("3.0.18.198.in-addr.arpa", type::ptr)).records, (std::vector<Record>{{type::ptr, "n3."}}));
  EXPECT_EQ(zone_.answer(ask(reverse_name("fd57:7374::3"), type::ptr)).records,
            (std::vector<Record>{{type::ptr, "n3."}}));
}

TEST_F(ZoneTest, TellsNoSuchNameFromNoSuchRecord) {
  EXPECT_EQ(zone_.answer(ask("n2", 15)), Reply{}) << "no mail for n2, but there it is";
  EXPECT_EQ(zone_.answer(ask("3.0.18.198.in-addr.arpa", type::a)), Reply{});
  EXPECT_EQ(zone_.answer(ask(".", type::a)), Reply{});
  for (const char* name : {"n4", "n2.example", "9.0.18.198.in-addr.arpa"})
    EXPECT_EQ(zone_.answer(ask(name, type::a)), (Reply{rcode::no_such_name, false, {}})) << name;
}

TEST_F(ZoneTest, WithoutIpv6ANameHasNoSuchAddress) {
  const Zone zone(topology_, false);
  EXPECT_EQ(zone.answer(ask("n2", type::aaaa)), Reply{});
  EXPECT_EQ(zone.answer(ask("n2", type::any)).records.size(), 1U);
}

TEST_F(ZoneTest, AStaleAddressIsTheNamesOwnAndNobodys) {
  const auto one = zone_.stale(ask("n1", type::a)).records, two = zone_.stale(ask("n2", type::a)).records;
  ASSERT_EQ(one.size(), 1U);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, zone_.stale(ask("n1", type::a)).records);
  for (const std::uint16_t family : {type::a, type::aaaa})
    for (const char* name : {"n1", "client", "elsewhere.example"})
      for (const auto& record : zone_.stale(ask(name, family)).records) {
        EXPECT_EQ(zone_.answer(ask(reverse_name(record.data), type::ptr)).code, rcode::no_such_name) << record.data;
        EXPECT_TRUE(record.data.starts_with("198.19.") || record.data.starts_with("fd57:7374::dead:")) << record.data;
      }
}

}  // namespace
}  // namespace withstand::lab::dns::testing
