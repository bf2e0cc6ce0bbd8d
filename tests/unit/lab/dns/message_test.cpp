#include "lab/dns/message.hpp"

#include <random>

#include <gtest/gtest.h>

#include "queries.hpp"

namespace withstand::lab::dns::testing {
namespace {

TEST(DnsMessage, ReadsAQuestionWhateverItsCase) {
  const auto read = read_query(query({.name = "Redis-1", .type = 28}));
  ASSERT_TRUE(read && read->question);
  EXPECT_EQ(read->refusal, rcode::no_error);
  EXPECT_EQ(read->id, 0x1234);
  EXPECT_TRUE(read->recursion_desired);
  EXPECT_EQ(read->question->name, "redis-1");
  EXPECT_EQ(read->question->type, 28);
  EXPECT_EQ(read->udp_limit, plain_udp_limit);
  EXPECT_EQ(read_query(query({.name = ""}))->question->name, ".");
  EXPECT_EQ(read_query(query({.name = "a.b.example"}))->question->name, "a.b.example");
}

TEST(DnsMessage, AnswersNothingThatIsNoQuery) {
  EXPECT_FALSE(read_query({}));
  EXPECT_FALSE(read_query(Bytes(11, 0)));
  EXPECT_FALSE(read_query(query({.name = "n1", .flags = 0x8180}))) << "an answer: two such would never stop";
}

TEST(DnsMessage, RefusesWhatItDoesNotDo) {
  const auto refusal = [](const Asked& asked) { return read_query(query(asked))->refusal; };
  EXPECT_EQ(refusal({.name = "n1", .type = type::axfr}), rcode::refused);
  EXPECT_EQ(refusal({.name = "n1", .record_class = 3}), rcode::refused) << "CHAOS";
  EXPECT_EQ(refusal({.name = "n1", .flags = 0x2800}), rcode::not_implemented) << "an update";
  EXPECT_EQ(refusal({.name = "n1", .edns_size = 1232, .edns_version = 1}), rcode::bad_version);
  Bytes cut = query({.name = "n1"});
  cut.pop_back();
  EXPECT_EQ(read_query(cut)->refusal, rcode::format_error);
  Bytes none = query({.name = "n1"});
  none.resize(12);
  none[5] = 0;
  EXPECT_EQ(read_query(none)->refusal, rcode::format_error) << "no question";
  Bytes loop = query({.name = "n1"});
  loop.resize(12);
  for (const unsigned pair : {0xc00cU, 1U, 1U}) put16(loop, pair);
  EXPECT_EQ(read_query(loop)->refusal, rcode::format_error) << "a name that points at itself";
}

TEST(DnsMessage, TakesTheSizeThatTheAskerNames) {
  EXPECT_EQ(read_query(query({.name = "n1", .edns_size = 900}))->udp_limit, 900U);
  EXPECT_EQ(read_query(query({.name = "n1", .edns_size = 100}))->udp_limit, plain_udp_limit);
  EXPECT_EQ(read_query(query({.name = "n1", .edns_size = 65535}))->udp_limit, largest_udp);
}

TEST(DnsMessage, AnAnswerReadsBackAsItWasMeant) {
  const Bytes asked = query({.name = "N2", .type = 1});
  const Reply reply{rcode::no_error, false, {{type::a, "198.18.0.2"}}};
  const Bytes wire = write_reply(*read_query(asked), reply, plain_udp_limit);
  ASSERT_GT(wire.size(), asked.size());
  EXPECT_EQ((wire[2] << 8 | wire[3]) & 0xffff, 0x8180) << "an answer, recursion desired and there";
  EXPECT_TRUE(std::equal(asked.begin() + 12, asked.end(), wire.begin() + 12)) << "the question as it was asked";
  const Bytes address{198, 18, 0, 2}, kept{0, 0, 0, time_to_live, 0, 4};
  EXPECT_TRUE(std::equal(address.begin(), address.end(), wire.end() - 4));
  EXPECT_TRUE(std::equal(kept.begin(), kept.end(), wire.end() - 10));
  const auto seen = read_reply(wire);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->id, 0x1234);
  EXPECT_EQ(seen->question.name, "n2");
  EXPECT_EQ(seen->reply, reply);
}

TEST(DnsMessage, NegativeAnswersSayHowLongToBelieveThem) {
  const auto wire = write_reply(*read_query(query({.name = "nobody"})), {rcode::no_such_name, false, {}}, 512);
  EXPECT_EQ(wire[3] & 0xf, 3);
  EXPECT_EQ(wire[9], 1) << "one record of authority";
  const auto seen = read_reply(wire);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->reply, (Reply{rcode::no_such_name, false, {}}));
  const auto failed = write_reply(*read_query(query({.name = "n1"})), {rcode::server_failure, false, {}}, 512);
  EXPECT_EQ(failed[9], 0) << "a failure is not to be believed for long";
}

TEST(DnsMessage, CutsWhatDoesNotFit) {
  Reply many;
  for (int i = 0; i < 60; ++i) many.records.push_back({type::a, "198.18.0." + std::to_string(i)});
  const auto plain = read_query(query({.name = "n1"}));
  const Bytes cut = write_reply(*plain, many, plain->udp_limit);
  EXPECT_LE(cut.size(), plain_udp_limit);
  EXPECT_EQ(read_reply(cut)->reply, (Reply{rcode::no_error, true, {}}));
  EXPECT_EQ(read_reply(write_reply(*plain, many, largest_tcp))->reply, many);
  const auto more = read_query(query({.name = "n1", .edns_size = 1232}));
  EXPECT_EQ(read_reply(write_reply(*more, many, more->udp_limit))->reply, many);
}

TEST(DnsMessage, AnExtendedCodeNeedsBothItsHalves) {
  const auto asked = read_query(query({.name = "n1", .edns_size = 1232, .edns_version = 1}));
  const Bytes wire = write_reply(*asked, {asked->refusal, false, {}}, 512);
  EXPECT_EQ(wire[3] & 0xf, 0);
  EXPECT_EQ(read_reply(wire)->reply.code, rcode::bad_version);
}

/// Whatever comes in, what goes out can be read, and is an answer to it.
TEST(DnsMessage, AnswersDamagedQueriesInOrder) {
  std::mt19937 random(7);
  const Bytes whole = query({.name = "a.long-name.of.redis-1", .type = 28, .edns_size = 1232});
  for (int i = 0; i < 20'000; ++i) {
    Bytes damaged = whole;
    for (unsigned hits = 1 + random() % 4; hits > 0; --hits)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    if (random() % 4 == 0) damaged.resize(random() % (damaged.size() + 1));
    const auto read = read_query(damaged);
    if (!read) continue;
    const Bytes wire = write_reply(*read, {read->refusal, false, {}}, read->udp_limit);
    ASSERT_GE(wire.size(), 12U);
    ASSERT_EQ(wire[0] << 8 | wire[1], read->id);
    ASSERT_TRUE(read->refusal != rcode::no_error || read_reply(wire));
  }
}

}  // namespace
}  // namespace withstand::lab::dns::testing
