#include <thread>

#include "connection_fixture.hpp"

/// What is done to HTTP messages, as a client and a server of plain sockets see it.
namespace withstand::faults::testing {
namespace {

using namespace std::chrono_literals;

class HttpFaultTest : public ConnectionFaultTest {
 protected:
  void watch() override { rig_->fabric().watch_http(); }

  static void say(const os::Fd& socket, const std::string& text) {
    EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// As much as was asked for, or what came before the end, an error or the end of patience.
  struct Heard {
    std::string text;
    int error = 0;  ///< EAGAIN: nothing more came in time
    bool ended = false;
  };
  static Heard hear(const os::Fd& socket, std::size_t count) {
    Heard heard;
    std::vector<char> room(65536);
    while (heard.text.size() < count) {
      const auto got = ::recv(socket.get(), room.data(), std::min(room.size(), count - heard.text.size()), 0);
      if (got > 0) {
        heard.text.append(room.data(), static_cast<std::size_t>(got));
        continue;
      }
      heard.ended = got == 0;
      if (got < 0) heard.error = errno;
      break;
    }
    return heard;
  }
  static std::string request(const std::string& method, const std::string& path, const std::string& body = "") {
    return method + " " + path + " HTTP/1.1\r\nHost: n2:7000\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  static std::string response(const std::string& body, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  /// One exchange; how long it took until the server had the request, and the client its answer.
  struct Times {
    std::chrono::nanoseconds there{}, back{};
  };
  static Times exchange(const Pair& pair, const std::string& asked, const std::string& answer) {
    const auto begin = core::now();
    say(pair.client, asked);
    EXPECT_EQ(hear(pair.server, asked.size()).text, asked);
    const auto there = core::now();
    say(pair.server, answer);
    EXPECT_EQ(hear(pair.client, answer.size()).text, answer);
    return {there - begin, core::now() - there};
  }

  core::Injection& http(std::map<std::string, spec::Value> parameters) {
    return inject("network.http", std::move(parameters));
  }
  static spec::Value list(spec::TextList texts) { return spec::Value(std::move(texts)); }
  static void expect_effect(core::Injection& injection) {
    EXPECT_TRUE(injection.observe().took_effect()) << injection.observe().objection() << table(injection);
  }
  static std::string table(core::Injection& injection) {
    std::string text;
    for (const auto& row : injection.observe().rows)
      text += "\n" + row.what + " | " + row.requested + " | " + row.measured;
    return text;
  }
};

TEST_F(HttpFaultTest, DelayHoldsTheRequestsThatMatchAndNoOthers) {
  const Pair pair = connected();
  auto& slow = http({{"action", text("delay")}, {"delay", milliseconds(150)}, {"path", text("/slow*")}});
  EXPECT_LT(exchange(pair, request("GET", "/quick"), response("x")).there, 100ms);
  const Times held = exchange(pair, request("GET", "/slow/1?a=b"), response("x"));
  EXPECT_GE(held.there, 150ms);
  EXPECT_LT(held.there, 250ms);
  EXPECT_LT(held.back, 100ms);
  EXPECT_LT(exchange(pair, request("GET", "/quick"), response("x")).there, 100ms);
  expect_effect(slow);
  EXPECT_NE(table(slow).find("3 requests, 3 responses; 1 matched, 1 chosen: 1 arrived 150"), std::string::npos)
      << table(slow);
}

TEST_F(HttpFaultTest, DelayMayBeOfResponsesAndLongerThanTcpWaits) {
  const Pair pair = connected();
  auto& slow = http(
      {{"action", text("delay")}, {"side", text("response")}, {"delay", milliseconds(700)}, {"method", list({"PUT"})}});
  EXPECT_LT(exchange(pair, request("GET", "/"), response("x")).back, 100ms);
  const Times held = exchange(pair, request("PUT", "/", "abc"), response(std::string(200'000, 'y')));
  EXPECT_LT(held.there, 100ms);
  EXPECT_GE(held.back, 700ms);
  EXPECT_LT(held.back, 1100ms) << "sent again meanwhile, and still only once";
  expect_effect(slow);
}

TEST_F(HttpFaultTest, DelayEndsWithTheFault) {
  const Pair pair = connected();
  auto& slow = http({{"action", text("delay")}, {"delay", milliseconds(60'000)}});
  const std::string asked = request("GET", "/");
  say(pair.client, asked);
  be_patient(pair.server, 200ms);
  EXPECT_EQ(hear(pair.server, 1).error, EAGAIN);
  EXPECT_FALSE(slow.observe().took_effect());
  slow.revert();
  be_patient(pair.server, 2s);
  EXPECT_EQ(hear(pair.server, asked.size()).text, asked);
  exchange(pair, request("GET", "/"), response("x"));
}

TEST_F(HttpFaultTest, AbortResetsTheClientInPlaceOfTheRequest) {
  const Pair pair = connected();
  auto& aborts = http({{"action", text("abort")}, {"header", list({"host = n2:*"})}, {"method", list({"PUT"})}});
  exchange(pair, request("GET", "/"), response("x"));
  say(pair.client, request("PUT", "/", "abc"));
  EXPECT_EQ(error_of(pair.client), ECONNRESET);
  be_patient(pair.server, 200ms);
  EXPECT_EQ(hear(pair.server, 1).error, EAGAIN) << "the server never hears of it";
  expect_effect(aborts);
}

TEST_F(HttpFaultTest, AbortMayTellBothEndsWhenTheResponseComes) {
  const Pair pair = connected();
  auto& aborts = http({{"action", text("abort")},
                       {"side", text("response")},
                       {"told", text("both")},
                       {"status", list({"2xx"})},
                       {"host", text("n2")}});
  exchange(pair, request("GET", "/"), response("x", "404 Not Found"));
  say(pair.client, request("GET", "/"));
  hear(pair.server, request("GET", "/").size());
  say(pair.server, response("x"));
  EXPECT_EQ(error_of(pair.client), ECONNRESET);
  EXPECT_EQ(error_of(pair.server), ECONNRESET);
  expect_effect(aborts);
}

TEST_F(HttpFaultTest, StatusIsAnotherAndTheRestIsTheSame) {
  const Pair pair = connected();
  auto& errors = http({{"action", text("status")}, {"code", number(503)}, {"method", list({"GET"})}});
  for (const std::size_t size : {0u, 10u, 100'000u}) {
    const std::string asked = request("GET", "/"), answer = response(std::string(size, 'y'));
    say(pair.client, asked);
    EXPECT_EQ(hear(pair.server, asked.size()).text, asked);
    say(pair.server, answer);
    std::string changed = answer;
    changed.replace(9, 3, "503");
    EXPECT_EQ(hear(pair.client, answer.size()).text, changed);
  }
  exchange(pair, request("PUT", "/", "abc"), response("x"));
  expect_effect(errors);
  EXPECT_NE(table(errors).find("3 arrived with it, 0 with their own"), std::string::npos) << table(errors);
  errors.revert();
  exchange(pair, request("GET", "/"), response("x"));
}

TEST_F(HttpFaultTest, StatusHoldsThroughLossAndDelayOfTheSameLink) {
  const Pair pair = connected();
  auto& errors = http({{"action", text("status")}, {"code", number(418)}});
  auto& loss = inject("network.loss", {{"loss", ratio(20)}}, {{}, {{1, 0}}});
  inject("network.latency", {{"delay", milliseconds(5)}}, {{}, {{1, 0}}});
  be_patient(pair.client, 20s);
  be_patient(pair.server, 20s);
  std::string changed = response("small");
  changed.replace(9, 3, "418");
  for (int i = 0; i < 30; ++i) {
    say(pair.client, request("GET", "/"));
    hear(pair.server, request("GET", "/").size());
    say(pair.server, response("small"));
    EXPECT_EQ(hear(pair.client, changed.size()).text, changed);
  }
  expect_effect(errors);
  expect_effect(loss);
}

TEST_F(HttpFaultTest, TruncatedBodiesEndAfterExactlySoMuch) {
  for (const char* close : {"fin", "rst"}) {
    const Pair pair = connected();
    auto& cut = http({{"action", text("truncate")}, {"after_bytes", bytes(70'001)}, {"close", text(close)}});
    exchange(pair, request("GET", "/small"), response("x"));
    const std::string answer = response(std::string(100'000, 'y'));
    say(pair.client, request("GET", "/large"));
    hear(pair.server, request("GET", "/large").size());
    say(pair.server, answer);
    const Heard heard = hear(pair.client, answer.size());
    if (std::string(close) == "fin") {
      EXPECT_EQ(heard.text, answer.substr(0, answer.size() - 29'999));
      EXPECT_TRUE(heard.ended);
    } else {
      EXPECT_LE(heard.text.size(), answer.size() - 29'999);
      EXPECT_EQ(heard.error, ECONNRESET);
    }
    EXPECT_EQ(error_of(pair.server), ECONNRESET);
    expect_effect(cut);
    cut.revert();
  }
}

TEST_F(HttpFaultTest, ADroppedResponseComesAfterAllWhenTheFaultEnds) {
  const Pair pair = connected();
  auto& lost = http({{"action", text("drop")}, {"side", text("response")}, {"path", text("/b")}});
  exchange(pair, request("GET", "/a"), response("x"));
  const std::string asked = request("GET", "/b"), answer = response("y");
  say(pair.client, asked);
  EXPECT_EQ(hear(pair.server, asked.size()).text, asked);
  say(pair.server, answer);
  be_patient(pair.client, 300ms);
  EXPECT_EQ(hear(pair.client, 1).error, EAGAIN);
  expect_effect(lost);
  lost.revert();
  be_patient(pair.client, 5s);
  EXPECT_EQ(hear(pair.client, answer.size()).text, answer);
  exchange(pair, request("GET", "/b"), response("z"));
}

TEST_F(HttpFaultTest, PipelinedRequestsAreToldApart) {
  const Pair pair = connected();
  auto& slow = http({{"action", text("delay")}, {"delay", milliseconds(150)}, {"method", list({"PUT"})}});
  const std::string first = request("GET", "/1"), second = request("PUT", "/2", "abc"), third = request("GET", "/3");
  const auto begin = core::now();
  say(pair.client, first + second + third);
  EXPECT_EQ(hear(pair.server, first.size()).text, first);
  EXPECT_LT(core::now() - begin, 100ms);
  EXPECT_EQ(hear(pair.server, second.size() + third.size()).text, second + third);
  EXPECT_GE(core::now() - begin, 150ms);
  expect_effect(slow);
}

TEST_F(HttpFaultTest, TheSeedChoosesAmongRequestsAndAgreesWithItsRecount) {
  const Pair pair = connected();
  auto& some = http({{"action", text("status")}, {"code", number(503)}, {"toxicity", ratio(40)}});
  int changed = 0;
  for (int i = 0; i < 100; ++i) {
    say(pair.client, request("GET", "/"));
    hear(pair.server, request("GET", "/").size());
    say(pair.server, response("x"));
    changed += hear(pair.client, response("x").size()).text.find(" 503 ") == 8 ? 1 : 0;
  }
  // Binomial(100, 0.4): outside with probability 1e-5.
  EXPECT_GE(changed, 19);
  EXPECT_LE(changed, 62);
  expect_effect(some);
  EXPECT_NE(table(some).find(std::to_string(changed) + " chosen: " + std::to_string(changed) + " arrived with it"),
            std::string::npos)
      << table(some);
}

TEST_F(HttpFaultTest, OneThatMatchesNothingSaysWhatThereWas) {
  const Pair pair = connected();
  auto& aborts = http({{"action", text("abort")}, {"path", text("/none")}});
  for (int i = 0; i < 3; ++i) exchange(pair, request("GET", "/kv/a?x=1"), response("x"));
  exchange(pair, request("PUT", "/kv/b", "abc"), response("x"));
  EXPECT_FALSE(aborts.observe().took_effect());
  EXPECT_NE(table(aborts).find("none of 4 requests matched; seen most: GET /kv/a (3), PUT /kv/b (1)"),
            std::string::npos)
      << table(aborts);
}

TEST_F(HttpFaultTest, WhatIsNotHttpPassesAndIsSaid) {
  auto& aborts = http({{"action", text("abort")}});
  const Pair hidden = connected(), binary = connected(), newer = connected();
  exchange(hidden, std::string("\x16\x03\x01\x00\x05hello", 10), std::string("\x16\x03\x03", 3));
  exchange(binary, std::string("\0\1\2\3", 4), std::string(100'000, '\0'));
  exchange(newer, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", std::string("\0\0\0\4", 4));
  EXPECT_FALSE(aborts.observe().took_effect());
  EXPECT_NE(table(aborts).find("1 spoke TLS, which hides what is said, 1 spoke HTTP/2, which is not read, 1 not HTTP"),
            std::string::npos)
      << table(aborts);
}

TEST_F(HttpFaultTest, AnUpgradedConnectionIsLeftAlone) {
  const Pair pair = connected();
  auto& aborts = http({{"action", text("abort")}, {"method", list({"PUT"})}});
  exchange(pair, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
  exchange(pair, request("PUT", "/", "abc"), "frame");
  EXPECT_FALSE(aborts.observe().took_effect());
  EXPECT_NE(table(aborts).find("1 upgraded to another protocol"), std::string::npos) << table(aborts);
}

TEST_F(HttpFaultTest, SeveralOnOneResponseEachDoTheirs) {
  const Pair pair = connected();
  auto& slow = http({{"action", text("delay")}, {"side", text("response")}, {"delay", milliseconds(100)}});
  auto& errors = http({{"action", text("status")}, {"code", number(500)}});
  auto& narrow =
      inject("network.stream", {{"action", text("bandwidth")}, {"rate", mbits(8)}, {"direction", text("down")}});
  std::string answer = response(std::string(100'000, 'y'));
  const auto begin = core::now();
  say(pair.client, request("GET", "/"));
  hear(pair.server, request("GET", "/").size());
  say(pair.server, answer);
  answer.replace(9, 3, "500");
  EXPECT_EQ(hear(pair.client, answer.size()).text, answer);
  EXPECT_GE(core::now() - begin, 100ms);
  expect_effect(slow);
  expect_effect(errors);
  expect_effect(narrow);
}

TEST_F(HttpFaultTest, ManyRequestsPassUnharmedBesideARule) {
  auto& aborts = http({{"action", text("abort")}, {"path", text("/none")}});
  const Pair pair = connected();
  const std::string asked = request("PUT", "/some/path", std::string(30'000, 'a')),
                    answer = response(std::string(30'000, 'b'));
  constexpr int count = 300;
  std::thread server([&] {
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(hear(pair.server, asked.size()).text, asked);
      say(pair.server, answer);
    }
  });
  for (int i = 0; i < count; ++i) {
    say(pair.client, asked);
    EXPECT_EQ(hear(pair.client, answer.size()).text, answer);
  }
  server.join();
  EXPECT_NE(table(aborts).find("none of 300 requests matched"), std::string::npos) << table(aborts);
}

}  // namespace
}  // namespace withstand::faults::testing
