// Answers that are read at once against the same answers byte by byte, which goes another way.

#include "load/http_reply.hpp"

#include <optional>

#include <gmock/gmock.h>

namespace withstand::load {
namespace {

struct Read {
  Reply::State state = Reply::State::more;
  bool keep_alive = false;
  int status = 0;
  std::string body;
  friend bool operator==(const Read&, const Read&) = default;
};

Read read(std::string_view text, std::size_t at_once) {
  HttpReply reply;
  Read out;
  while (!text.empty() && out.state == Reply::State::more) {
    out.state = reply.take(text.substr(0, at_once));
    text.remove_prefix(std::min(at_once, text.size()));
  }
  if (out.state == Reply::State::more) out.state = reply.end();
  if (out.state != Reply::State::complete) return out;
  out.keep_alive = reply.keep_alive();
  out.status = reply.status();
  out.body = reply.body();
  return out;
}

TEST(HttpReply, SaysTheSameAtOnceAndByteByByte) {
  for (const char* text : {
           "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"value\":\"x\"}",
           "HTTP/1.1 200 OK\r\ncontent-length:2\r\nX-Of: a b\r\nServer:\r\n\r\nab",
           "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 503 \r\nContent-Length: 1\r\n\r\nx",
           "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx",
           "HTTP/1.1 204 No Content\r\n\r\n",
           "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nab",
           "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
           "HTTP/1.1 200 OK\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
           "HTTP/1.1 200 OK\r\n: 2\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 -20 OK\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
           "no answer at all\r\n\r\n",
       }) {
    const Read whole = read(text, 4096);
    EXPECT_EQ(whole, read(text, 1)) << text;
  }
}

TEST(HttpReply, LeavesAStreamWithMoreOnItAlone) {
  HttpReply reply;
  ASSERT_EQ(reply.take("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1"), Reply::State::complete);
  EXPECT_EQ(reply.body(), "x");
  EXPECT_FALSE(reply.keep_alive());
}

/// The same value in an object of one member and of two, which goes another way.
TEST(HttpAnswers, OfOneMemberAreReadAsOthersAre) {
  HttpOptions options;
  options.pointer = "/value";
  options.ok = {200};
  const auto judged = [&](const std::string& body) { return judge_http(Request::Kind::read, 200, body, options); };
  for (const char* value :
       {R"("x")", R"("")", R"("a\nb")", "\"\xc3\xbc\"", R"("a"b)", "7", "null", "[1]", R"(" x ")", "\"a\tb\""}) {
    for (const char* space : {"", " ", "\n"}) {
      const auto one = judged(fmt::format(R"({1}{{{1}"value"{1}:{1}{0}{1}}}{1})", value, space));
      const auto two = judged(fmt::format(R"({{"other":1,"value":{}}})", value));
      EXPECT_EQ(one.fate, two.fate) << value;
      EXPECT_EQ(one.value, two.value) << value;
    }
  }
  for (const char* body :
       {R"({"value":"x"},)", R"({"value":"x"}})", R"({"value":"x")", R"({"value" "x"})", R"({"valu":"x"})"})
    EXPECT_EQ(judged(body).fate, Fate::unknown) << body;
  options.pointer = "/a/value";
  EXPECT_EQ(judged(R"({"a":{"value":"x"}})").value, "x");
  options.pointer = "value";
  EXPECT_EQ(judged(R"({"value":"x"})").fate, Fate::unknown);
}

}  // namespace
}  // namespace withstand::load
