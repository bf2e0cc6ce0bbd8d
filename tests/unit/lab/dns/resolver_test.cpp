#include "lab/dns/resolver.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "lab/dns/answers.hpp"
#include "os/check.hpp"
#include "queries.hpp"
#include "support/lab_fixture.hpp"

/// The resolver as an asker on this host's loopback sees it; no lab is needed.
namespace withstand::lab::dns::testing {
namespace {

using core::NameAnswer;
using std::chrono::milliseconds;

os::Fd bound(int kind, sockaddr_in& address) {
  os::Fd made(os::check("socket", ::socket(AF_INET, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  os::check("bind", ::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
  socklen_t size = sizeof address;
  os::check("name", ::getsockname(made.get(), reinterpret_cast<sockaddr*>(&address), &size));
  return made;
}

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    std::vector<Sockets> sockets;
    Sockets one{bound(SOCK_DGRAM, udp_), bound(SOCK_STREAM, tcp_)};
    os::check("listen", ::listen(one.tcp.get(), 8));
    sockets.push_back(std::move(one));
    resolver_ = std::make_unique<Resolver>(loop_, topology_, std::move(sockets));
  }

  os::Fd connected(int kind, const sockaddr_in& to) {
    os::Fd made(os::check("socket", ::socket(AF_INET, kind | SOCK_CLOEXEC, 0)));
    os::check("connect", ::connect(made.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to));
    return made;
  }
  Bytes receive(const os::Fd& socket, std::chrono::nanoseconds patience) {
    Bytes got(2000);
    ssize_t size = -1;
    const auto ready = loop_.on_readable(socket.get(), [&] {
      if (size < 0) size = ::recv(socket.get(), got.data(), got.size(), MSG_DONTWAIT);
    });
    loop_.run_until([&] { return size >= 0; }, core::now() + patience);
    got.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return got;
  }
  /// Nothing when no answer came in time.
  std::optional<Reply> ask(const Asked& asked, std::chrono::nanoseconds patience = milliseconds(2000)) {
    const os::Fd socket = connected(SOCK_DGRAM, udp_);
    const Bytes bytes = query(asked);
    os::check("send", ::send(socket.get(), bytes.data(), bytes.size(), 0));
    const auto seen = read_reply(receive(socket, patience));
    return seen ? std::optional(seen->reply) : std::nullopt;
  }
  std::optional<Reply> ask_over_tcp(const Asked& asked, std::chrono::nanoseconds patience = milliseconds(2000)) {
    const os::Fd socket = connected(SOCK_STREAM, tcp_);
    Bytes bytes;
    const Bytes message = query(asked);
    put16(bytes, static_cast<unsigned>(message.size()));
    bytes.insert(bytes.end(), message.begin(), message.end());
    os::check("send", ::send(socket.get(), bytes.data(), bytes.size(), 0));
    const Bytes got = receive(socket, patience);
    if (got.size() < 2) return std::nullopt;
    EXPECT_EQ(got.size(), 2U + (static_cast<unsigned>(got[0]) << 8 | got[1]));
    return read_reply(ByteView(got).subspan(2))->reply;
  }

  core::NameFault fault(NameAnswer answer, const std::string& name = "f") {
    core::NameFault made;
    made.answer = answer;
    made.fault = name;
    made.seed = 42;
    made.names = {"*"};
    made.share_ppb = 1'000'000'000;
    return made;
  }
  core::NameEffect effect(core::Names::Handle handle) { return resolver_->effect(handle).at(0); }

  core::EventLoop loop_;
  core::Topology topology_{lab::testing::experiment_of("true")};
  sockaddr_in udp_{}, tcp_{};
  std::unique_ptr<Resolver> resolver_;
};

const Reply right{rcode::no_error, false, {{type::a, "198.18.0.2"}}};

TEST_F(ResolverTest, AnswersOverUdpAndTcp) {
  EXPECT_EQ(ask({.name = "n2"}), right);
  EXPECT_EQ(ask({.name = "N2", .edns_size = 1232}), right);
  EXPECT_EQ(ask_over_tcp({.name = "n2"}), right);
  EXPECT_EQ(ask({.name = "n9"})->code, rcode::no_such_name);
  EXPECT_EQ(ask({.name = "n2", .record_class = 3})->code, rcode::refused);
}

TEST_F(ResolverTest, KeepsAConnectionForSeveralQuestionsHoweverTheyArrive) {
  const os::Fd socket = connected(SOCK_STREAM, tcp_);
  Bytes bytes;
  for (unsigned id : {1U, 2U}) {
    const Bytes message = query({.name = "n2", .id = id});
    put16(bytes, static_cast<unsigned>(message.size()));
    bytes.insert(bytes.end(), message.begin(), message.end());
  }
  const std::size_t half = bytes.size() / 2 + 5;
  os::check("send", ::send(socket.get(), bytes.data(), half, 0));
  const Bytes first = receive(socket, milliseconds(2000));
  ASSERT_GT(first.size(), 4U);
  EXPECT_EQ(first[3], 1);
  os::check("send", ::send(socket.get(), bytes.data() + half, bytes.size() - half, 0));
  const Bytes second = receive(socket, milliseconds(2000));
  ASSERT_GT(second.size(), 4U);
  EXPECT_EQ(second[3], 2);
}

TEST_F(ResolverTest, EveryAnswerIsWhatItsNameSays) {
  const std::pair<NameAnswer, Reply> cases[] = {{NameAnswer::refused, {rcode::refused, false, {}}},
                                                {NameAnswer::servfail, {rcode::server_failure, false, {}}},
                                                {NameAnswer::nxdomain, {rcode::no_such_name, false, {}}},
                                                {NameAnswer::empty, {rcode::no_error, false, {}}},
                                                {NameAnswer::truncated, {rcode::no_error, true, {}}},
                                                {NameAnswer::stale, {rcode::no_error, false, {{1, "198.19.0.2"}}}},
                                                {NameAnswer::wrong, {rcode::no_error, false, {{1, "198.18.0.3"}}}}};
  for (const auto& [answer, expected] : cases) {
    auto asked = fault(answer);
    asked.address = "198.18.0.3";
    const auto handle = resolver_->add(asked, {0});
    EXPECT_EQ(ask({.name = "n2"}), expected) << core::to_text(answer);
    EXPECT_EQ(effect(handle).shown, 1U) << core::to_text(answer) << ": " << effect(handle).stray;
    resolver_->remove(handle);
    EXPECT_EQ(ask({.name = "n2"}), right);
    EXPECT_EQ(effect(handle).asked, 1U);
  }
}

TEST_F(ResolverTest, AWrongAddressLeavesNoneOfTheOtherFamily) {
  auto asked = fault(NameAnswer::wrong);
  asked.address = "198.18.0.3";
  const auto handle = resolver_->add(asked, {0});
  EXPECT_EQ(ask({.name = "n2", .type = 28}), Reply{});
  EXPECT_EQ(ask({.name = "n2", .type = 15}), Reply{}) << "no address is asked for: none of its business";
  EXPECT_EQ(effect(handle).asked, 1U);
  EXPECT_EQ(effect(handle).shown, 1U);
}

TEST_F(ResolverTest, ATimeoutIsNoAnswerByAnyTransport) {
  const auto handle = resolver_->add(fault(NameAnswer::timeout), {0});
  EXPECT_FALSE(ask({.name = "n2"}, milliseconds(100)));
  EXPECT_FALSE(ask_over_tcp({.name = "n2"}, milliseconds(100)));
  EXPECT_EQ(effect(handle).shown, 2U);
  EXPECT_EQ(effect(handle).over_tcp, 1U);
}

TEST_F(ResolverTest, ATruncatedAnswerIsWholeOverTcpUnlessThatIsClosed) {
  const auto open = resolver_->add(fault(NameAnswer::truncated), {0});
  EXPECT_TRUE(ask({.name = "n2"})->truncated);
  EXPECT_EQ(ask_over_tcp({.name = "n2"}), right);
  EXPECT_EQ(effect(open).asked, 1U);
  EXPECT_EQ(effect(open).asked_again, 1U);
  resolver_->remove(open);
  auto asked = fault(NameAnswer::truncated);
  asked.answer_over_tcp = false;
  const auto closed = resolver_->add(asked, {0});
  EXPECT_TRUE(ask({.name = "n2"})->truncated);
  EXPECT_FALSE(ask_over_tcp({.name = "n2"}, milliseconds(100)));
  EXPECT_EQ(effect(closed).shown, 2U);
}

TEST_F(ResolverTest, SlownessIsMeasuredAndAddsUp) {
  auto slow = fault(NameAnswer::slow, "one");
  slow.delay = milliseconds(60);
  const auto one = resolver_->add(slow, {0});
  slow.fault = "two";
  slow.delay = milliseconds(40);
  const auto two = resolver_->add(slow, {0});
  auto begin = core::now();
  EXPECT_EQ(ask({.name = "n2"}), right);
  EXPECT_GE(core::now() - begin, milliseconds(100));
  EXPECT_GE(effect(one).delay_min_ns, 100'000'000);
  EXPECT_EQ(effect(one).asked_delay_mean_ns, 100'000'000);
  EXPECT_EQ(effect(two).shown, 1U);
  resolver_->remove(one);
  begin = core::now();
  EXPECT_EQ(ask_over_tcp({.name = "n2"}), right);
  EXPECT_GE(core::now() - begin, milliseconds(40));
  EXPECT_EQ(effect(one).asked, 1U);
  EXPECT_EQ(effect(two).shown, 2U);
}

TEST_F(ResolverTest, AnAnswerHeldBackIsStillGivenWhenTheFaultEnds) {
  auto slow = fault(NameAnswer::slow);
  slow.delay = milliseconds(80);
  const auto handle = resolver_->add(slow, {0});
  const os::Fd socket = connected(SOCK_DGRAM, udp_);
  const Bytes bytes = query({.name = "n2"});
  os::check("send", ::send(socket.get(), bytes.data(), bytes.size(), 0));
  loop_.run_until([&] { return effect(handle).asked == 1; }, core::now() + milliseconds(2000));
  EXPECT_EQ(effect(handle).waiting, 1U);
  resolver_->remove(handle);
  EXPECT_TRUE(read_reply(receive(socket, milliseconds(2000))));
  EXPECT_EQ(effect(handle).waiting, 0U);
  EXPECT_EQ(effect(handle).shown, 1U);
}

TEST_F(ResolverTest, OfTwoThatStrikeOneQueryTheWorseDecides) {
  auto wrong = fault(NameAnswer::wrong, "wrong");
  wrong.address = "198.18.0.3";
  const auto one = resolver_->add(wrong, {0});
  const auto two = resolver_->add(fault(NameAnswer::servfail, "failing"), {0});
  EXPECT_EQ(ask({.name = "n2"})->code, rcode::server_failure);
  EXPECT_EQ(effect(one).overruled, 1U);
  EXPECT_EQ(effect(two).shown, 1U);
  resolver_->remove(two);
  EXPECT_EQ(ask({.name = "n2"})->records.at(0).data, "198.18.0.3");
  EXPECT_EQ(effect(one).shown, 1U);
  EXPECT_EQ(effect(one).asked, 2U);
}

TEST_F(ResolverTest, ConcernsOnlyTheNamesAndTypesItSays) {
  auto narrow = fault(NameAnswer::servfail);
  narrow.names = {"n2", "redis-*"};
  narrow.type = type::aaaa;
  const auto handle = resolver_->add(narrow, {0});
  EXPECT_EQ(ask({.name = "n2"}), right);
  EXPECT_EQ(ask({.name = "n3", .type = 28})->code, rcode::no_error);
  EXPECT_EQ(ask({.name = "N2", .type = 28})->code, rcode::server_failure);
  EXPECT_EQ(ask({.name = "redis-7.example", .type = 28})->code, rcode::server_failure);
  EXPECT_EQ(effect(handle).asked, 2U);
  EXPECT_EQ(effect(handle).others, (std::vector<std::string>{"n2 A", "n3 AAAA"}));
}

TEST_F(ResolverTest, TheSeedDecidesWhichOfTheQueriesAreStruck) {
  auto half = fault(NameAnswer::servfail);
  half.share_ppb = 500'000'000;
  const auto pattern = [&](const char* name) {
    const auto handle = resolver_->add(half, {0});
    std::string text;
    for (int i = 0; i < 40; ++i) text += ask({.name = name})->code == rcode::server_failure ? 'x' : '.';
    resolver_->remove(handle);
    EXPECT_EQ(effect(handle).shown + effect(handle).spared, 40U);
    EXPECT_EQ(effect(handle).strayed, 0U) << effect(handle).stray;
    return text;
  };
  const std::string first = pattern("n2");
  EXPECT_NE(first.find('x'), std::string::npos);
  EXPECT_NE(first.find('.'), std::string::npos);
  EXPECT_EQ(pattern("n2"), first) << "the same again";
  EXPECT_NE(pattern("n3"), first) << "another name has draws of its own";
  const auto other = resolver_->add(fault(NameAnswer::refused, "other"), {0});
  resolver_->remove(other);
  EXPECT_EQ(pattern("n2"), first) << "another fault changes nothing";
  half.seed = 43;
  EXPECT_NE(pattern("n2"), first);
}

/// An account that is told of bytes which no decision asked for says so.
TEST_F(ResolverTest, TheAccountFindsAnswersThatNobodyDecided) {
  const Zone zone(topology_, true);
  Account account(topology_, zone);
  account.add(1, fault(NameAnswer::nxdomain), {0});
  const auto now = core::now();
  const auto asked = *read_query(query({.name = "n2"}));
  account.written(account.read(0, asked, false, now), write_reply(asked, right, 512), now);
  account.written(account.read(0, asked, false, now), write_reply(asked, {rcode::no_such_name, false, {}}, 512), now);
  account.unanswered(account.read(0, asked, false, now));
  const auto seen = account.effect(1).at(0);
  EXPECT_EQ(seen.asked, 3U);
  EXPECT_EQ(seen.shown, 1U);
  EXPECT_EQ(seen.strayed, 1U);
  EXPECT_EQ(seen.lost, 1U);
  EXPECT_EQ(seen.stray, "n2 A got NOERROR 198.18.0.2 instead of nxdomain");
}

TEST_F(ResolverTest, SurvivesNonsense) {
  const os::Fd udp = connected(SOCK_DGRAM, udp_);
  for (const Bytes& nonsense : {Bytes{}, Bytes{1, 2, 3}, Bytes(12, 0xff), Bytes(1400, 0x3f), Bytes(12, 0)})
    os::check("send", ::send(udp.get(), nonsense.data(), nonsense.size(), 0));
  const os::Fd tcp = connected(SOCK_STREAM, tcp_);
  const Bytes torn{0xff, 0xff, 1, 2, 3};
  os::check("send", ::send(tcp.get(), torn.data(), torn.size(), 0));
  EXPECT_EQ(ask({.name = "n2"}), right);
  EXPECT_EQ(ask_over_tcp({.name = "n2"}), right);
}

}  // namespace
}  // namespace withstand::lab::dns::testing
