#include "core/http_get.hpp"

#include <gtest/gtest.h>

namespace withstand::core {
namespace {

TEST(ParseHttpUrl, TakesHostPortAndPath) {
  const auto full = parse_http_url("http://n1:8080/health?deep=1");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host, "n1");
  EXPECT_EQ(full->port, 8080);
  EXPECT_EQ(full->path, "/health?deep=1");
  const auto bare = parse_http_url("http://198.18.0.2");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->port, 80);
  EXPECT_EQ(bare->path, "/");
  EXPECT_EQ(parse_http_url("http://n1?x=1")->path, "/?x=1");
  const auto six = parse_http_url("http://[fd00::2]:81/");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "fd00::2");
  EXPECT_EQ(six->port, 81);
  EXPECT_EQ(parse_http_url("http://[fd00::2]")->host, "fd00::2");
}

TEST(ParseHttpUrl, RefusesWhatIsNone) {
  for (const char* url : {"", "n1:80", "https://n1/", "http://", "http://:80", "http:///x", "http://n1:", "http://n1:0",
                          "http://n1:70000", "http://n1:8o", "http://user@n1/", "http://[fd00::2", "http://n 1/"}) {
    EXPECT_FALSE(parse_http_url(url)) << url;
  }
}

}  // namespace
}  // namespace withstand::core
