#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lab/link/http/conversation.hpp"
#include "lab/link/http/rule.hpp"

/// HTTP/1 as it is read, whatever pieces it comes in.
namespace withstand::lab::link::http {
namespace {

/// Writes down what it hears.
class Notes : public Hearer {
 public:
  bool heard(const Message& message) override {
    if (message.response == nullptr)
      said += message.request->head.method + " " + message.request->head.target;
    else
      said += std::to_string(message.response->status) + " to " +
              (message.request == nullptr ? "nobody" : message.request->head.target);
    said += " at " + std::to_string(message.begins) + "+" + std::to_string(message.body - message.begins) + "\n";
    return true;
  }
  void ended(bool, std::int64_t at) override { said += "end at " + std::to_string(at) + "\n"; }
  void spoken(Speech speech) override { speeches.push_back(speech); }

  std::string said;
  std::vector<Speech> speeches;
};

const std::string get = "GET /a?b=c HTTP/1.1\r\nHost: n1\r\n\r\n";
const std::string put = "PUT /k HTTP/1.1\r\nHost: n1\r\nContent-Length: 5\r\n\r\nhello";
const std::string posted =
    "POST /chunks HTTP/1.1\r\nHost: n1\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", empty = "HTTP/1.1 204 No Content\r\n\r\n",
                  interim = "HTTP/1.1 100 Continue\r\n\r\n",
                  chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

/// Up first, then down, in pieces of `size` bytes.
Notes notes_of(const std::string& up, const std::string& down, std::size_t size) {
  Conversation conversation;
  Notes notes;
  for (const bool way : {true, false}) {
    const std::string& text = way ? up : down;
    for (std::size_t at = 0; at < text.size(); at += size)
      conversation.hear(way, std::string_view(text).substr(at, size), notes);
  }
  return notes;
}

TEST(HttpReader, MessagesBeginAndEndWhereTheyDo) {
  const Notes notes = notes_of(get + put + posted, interim + ok + empty + chunked, 100'000);
  EXPECT_EQ(notes.said,
            "GET /a?b=c at 0+33\nend at 33\n"
            "PUT /k at 33+48\nend at 86\n"
            "POST /chunks at 86+63\nend at 186\n"
            "end at 25\n200 to /a?b=c at 25+38\nend at 65\n"
            "204 to /k at 65+27\nend at 92\n"
            "200 to /chunks at 92+47\nend at 152\n")
      << notes.said;
}

TEST(HttpReader, PiecesOfAnySizeSayTheSame) {
  const std::string up = get + put + posted + get, down = interim + ok + empty + chunked + ok;
  const Notes whole = notes_of(up, down, up.size() + down.size());
  for (std::size_t size = 1; size < up.size(); ++size) EXPECT_EQ(notes_of(up, down, size).said, whole.said) << size;
}

/// RFC 9112 §2.2: before the first request as before any other.
TEST(HttpReader, EmptyLinesBeforeARequestAreNone) {
  for (const std::size_t size : {1U, 3U, 1000U}) {
    const Notes notes = notes_of("\r\n\r\n" + get + "\r\n" + get, ok + ok, size);
    EXPECT_EQ(notes.said,
              "GET /a?b=c at 4+33\nend at 37\n"
              "GET /a?b=c at 39+33\nend at 72\n"
              "200 to /a?b=c at 0+38\nend at 40\n"
              "200 to /a?b=c at 40+38\nend at 80\n")
        << size;
  }
}

TEST(HttpReader, EachByteMayBeTheLastOfItsPiece) {
  const std::string up = put + get + posted, down = interim + ok + chunked + empty;
  const Notes whole = notes_of(up, down, up.size() + down.size());
  for (std::size_t first = 0; first <= up.size(); ++first) {
    Conversation conversation;
    Notes notes;
    conversation.hear(true, std::string_view(up).substr(0, first), notes);
    conversation.hear(true, std::string_view(up).substr(first), notes);
    conversation.hear(false, down, notes);
    EXPECT_EQ(notes.said, whole.said) << first;
  }
  for (std::size_t first = 0; first <= down.size(); ++first) {
    Conversation conversation;
    Notes notes;
    conversation.hear(true, up, notes);
    conversation.hear(false, std::string_view(down).substr(0, first), notes);
    conversation.hear(false, std::string_view(down).substr(first), notes);
    EXPECT_EQ(notes.said, whole.said) << first;
  }
}

TEST(HttpReader, AResponseToHeadHasNoBodyWhateverItSays) {
  const Notes notes =
      notes_of("HEAD /h HTTP/1.1\r\n\r\n" + get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + ok, 7);
  EXPECT_NE(notes.said.find("200 to /h at 0+38\nend at 38\n200 to /a?b=c at 38+38\n"), std::string::npos) << notes.said;
}

TEST(HttpReader, ABodyWithoutLengthLastsToTheEndOfTheStream) {
  const Notes notes = notes_of(get, "HTTP/1.0 200 OK\r\n\r\nall the rest HTTP/1.1 200 OK\r\n\r\n", 5);
  EXPECT_EQ(notes.said, "GET /a?b=c at 0+33\nend at 33\n200 to /a?b=c at 0+19\n");
}

TEST(HttpReader, BodiesOfKnownLengthNeedNotBeSeen) {
  Conversation conversation;
  Notes notes;
  conversation.hear(true, "PUT /k HTTP/1.1\r\nContent-Length: 1000\r\n\r\nx", notes);
  EXPECT_EQ(conversation.skippable(true), 999);
  conversation.skip(true, 999);
  conversation.hear(true, get, notes);
  EXPECT_NE(notes.said.find("end at 1041\nGET /a?b=c at 1041+33\n"), std::string::npos) << notes.said;
}

std::vector<Speech> speech_of(const std::string& up, const std::string& down) {
  std::vector<Speech> whole = notes_of(up, down, 100'000).speeches;
  EXPECT_EQ(notes_of(up, down, 1).speeches, whole) << up;
  return whole;
}

TEST(HttpReader, WhatIsNoHttpIsKnownFromItsFirstBytes) {
  using All = std::vector<Speech>;
  EXPECT_EQ(speech_of("*1\r\n$4\r\nPING\r\n", ""), All{Speech::other});
  EXPECT_EQ(speech_of("get key\r\n", ""), All{Speech::other});
  EXPECT_EQ(speech_of(std::string("\0\0\0\x2c", 4), ""), All{Speech::other});
  EXPECT_EQ(speech_of("", "220 mail.example ESMTP\r\n"), All{Speech::other});
  EXPECT_EQ(speech_of("\x16\x03\x01\x02", ""), All{Speech::tls});
  EXPECT_EQ(speech_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""), All{Speech::http2});
  EXPECT_EQ(speech_of("PRINT /x HTTP/1.1\r\n\r\n", ""), All{Speech::http});
  EXPECT_EQ(speech_of(get + "nonsense\r\n", ""), (All{Speech::http, Speech::malformed}));
  EXPECT_EQ(speech_of("GET / HTTP/1.1\r\nX: " + std::string(Reader::most_head, 'x'), ""), All{Speech::oversized});
  EXPECT_EQ(speech_of("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", ""), All{Speech::other});
}

TEST(HttpReader, WhatFollowsAnUpgradeIsNotRead) {
  using All = std::vector<Speech>;
  const std::string upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  EXPECT_EQ(speech_of(upgrade, "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x01x"),
            (All{Speech::http, Speech::upgraded}));
  EXPECT_EQ(speech_of("CONNECT n2:80 HTTP/1.1\r\n\r\n\x16\x03", "HTTP/1.1 200 OK\r\n\r\n\x16\x03"),
            (All{Speech::http, Speech::upgraded}));
  EXPECT_EQ(speech_of(upgrade + get, ok + ok), All{Speech::http}) << "refused";
}

/// Whatever comes: nothing breaks, and pieces say the same as the whole.
TEST(HttpReader, DamagedMessagesReadTheSameInAnyPieces) {
  std::mt19937 random(11);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const std::vector<std::string> words{"\r\n",
                                       "\r\n\r\n",
                                       " HTTP/1.1\r\n",
                                       "Content-Length: 7\r\n",
                                       "0\r\n\r\n",
                                       "ffffffffffffffff",
                                       "Transfer-Encoding: chunked\r\n",
                                       ":",
                                       "GET ",
                                       "HEAD ",
                                       "CONNECT x HTTP/1.1\r\n\r\n",
                                       "HTTP/1.1 101 x\r\n\r\n",
                                       "100",
                                       "304",
                                       std::string(1, '\0')};
  const auto damaged = [&](std::string text) {
    for (std::size_t steps = below(4); steps > 0 && !text.empty(); --steps) {
      const std::size_t at = below(text.size());
      if (const auto how = below(3); how == 0)
        text.insert(at, words[below(words.size())]);
      else if (how == 1)
        text.erase(at, 1 + below(8));
      else
        text[at] = static_cast<char>(below(256));
    }
    return text;
  };
  for (int round = 0; round < 5000; ++round) {
    const std::string up = damaged(put + posted + get + "HEAD / HTTP/1.1\r\n\r\n"),
                      down = damaged(interim + ok + chunked + empty + ok);
    const std::string whole = notes_of(up, down, up.size() + down.size() + 1).said;
    ASSERT_EQ(notes_of(up, down, 1 + below(20)).said, whole) << up << down;
  }
}

TEST(HttpReader, ManyRequestsMayBeOpenButNotAnyNumber) {
  std::string many;
  for (std::size_t i = 0; i <= Conversation::most_open; ++i) many += get;
  EXPECT_EQ(speech_of(many, ""), (std::vector<Speech>{Speech::http, Speech::oversized}));
  const std::string large = "GET / HTTP/1.1\r\nCookie: " + std::string(60'000, 'x') + "\r\n\r\n";
  EXPECT_EQ(speech_of(large + large + large, ""), std::vector<Speech>{Speech::http});
  EXPECT_EQ(speech_of(large + large + large + large + large, ""),
            (std::vector<Speech>{Speech::http, Speech::oversized}));
}

TEST(HttpRule, StarsAndQuestionMarks) {
  EXPECT_TRUE(fits("/kv/*", "/kv/a/b"));
  EXPECT_FALSE(fits("/kv/*", "/kv"));
  EXPECT_TRUE(fits("*", ""));
  EXPECT_TRUE(fits("*/v?/*", "/api/v1/x"));
  EXPECT_FALSE(fits("a?", "a"));
  EXPECT_TRUE(fits("*a*b", "xaxxaxb"));
  EXPECT_FALSE(fits("*a*b", "xaxxaxbc"));
}

TEST(HttpRule, PathAndHostOfAnyTarget) {
  EXPECT_EQ(path_of("/a?b=c"), "/a");
  EXPECT_EQ(path_of("http://n1:80/a#b"), "/a");
  EXPECT_EQ(path_of("http://n1"), "/");
  EXPECT_EQ(path_of("/x?u=http://y/z"), "/x");
  EXPECT_EQ(host_of({.method = "GET", .target = "http://n1:80/a", .status = 0, .fields = {{"Host", "n2"}}}), "n1");
  EXPECT_EQ(host_of({.method = "GET", .target = "/", .status = 0, .fields = {{"host", "[fd00::1]:80"}}}), "[fd00::1]");
}

TEST(HttpRule, EverythingThatIsGivenMustHold) {
  const Request request{.ordinal = 0,
                        .head = {.method = "GET",
                                 .target = "/kv/a",
                                 .status = 0,
                                 .fields = {{"Host", "N1:7000"}, {"X-User", "ann"}, {"X-User", "bob"}}}};
  const Head head{.method = "", .target = "", .status = 503, .fields = {{"Retry-After", "1"}}};
  Message message;
  message.request = &request;
  EXPECT_TRUE(meant({}, message));
  EXPECT_TRUE(
      meant({.methods = {"PUT", "GET"}, .path = "/kv/?", .host = "n1", .headers = {{"x-user", "b*"}}}, message));
  EXPECT_FALSE(meant({.methods = {"PUT"}}, message));
  EXPECT_FALSE(meant({.path = "/kv"}, message));
  EXPECT_TRUE(meant({.host = "n?:7000"}, message));
  EXPECT_FALSE(meant({.headers = {{"x-user", "c*"}}}, message));
  EXPECT_FALSE(meant({.headers = {{"x-user", ""}, {"x-none", ""}}}, message));
  message.response = &head;
  EXPECT_TRUE(meant({.path = "/kv/*", .response_headers = {{"retry-after", ""}}, .statuses = {"200", "5xx"}}, message));
  EXPECT_FALSE(meant({.statuses = {"4xx", "500"}}, message));
  message.request = nullptr;
  EXPECT_TRUE(meant({.statuses = {"503"}}, message));
  EXPECT_FALSE(meant({.path = "*"}, message)) << "nobody asked for it";
}

TEST(HttpRule, LabelsAreForPeople) {
  EXPECT_EQ(label_of({.method = "GET", .target = "/a\x01?b", .status = 0, .fields = {}}), "GET /a?");
  EXPECT_EQ(label_of({.method = "GET", .target = "/" + std::string(100, 'a'), .status = 0, .fields = {}}).size(), 64u);
}

}  // namespace
}  // namespace withstand::lab::link::http
