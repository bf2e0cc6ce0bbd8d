// network.dns and network.stream: what a file may say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reading.hpp"

namespace withstand::faults {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string of_names(const std::string& keys) { return complaints_about("network.dns", "on = \"n1\"\n" + keys); }
std::string of_streams(const std::string& keys) {
  return complaints_about("network.stream", "from = \"n1\"\nto = \"n2\"\n" + keys);
}

TEST(Dns, NamesAreThoseOfHosts) {
  EXPECT_THAT(of_names("answer = \"nxdomain\"\nnames = [\"http://n2:7000/health\"]\n"),
              HasSubstr("say the host's name alone, without scheme, port and path: \"n2\""));
  EXPECT_THAT(of_names("answer = \"nxdomain\"\nnames = [\"n2:7000\"]\n"), HasSubstr(": \"n2\""));
  EXPECT_THAT(of_names("answer = \"nxdomain\"\nnames = []\n"), HasSubstr("names nothing"));
  EXPECT_THAT(of_names("answer = \"nxdomain\"\nnames = [\"\"]\n"), HasSubstr("a name is empty"));
  EXPECT_THAT(of_names("answer = \"nxdomain\"\nnames = [\"n2\", \"*.example\"]\n"), Not(HasSubstr("names")));
}

TEST(Dns, EachAnswerHasItsOwnParameters) {
  EXPECT_THAT(of_names("answer = \"slow\"\n"), HasSubstr("does not say how slow"));
  EXPECT_THAT(of_names("answer = \"wrong\"\n"), HasSubstr("does not say which address is given"));
  EXPECT_THAT(of_names("answer = \"wrong\"\nnode = \"n2\"\naddress = \"198.18.0.9\"\n"), HasSubstr("in two ways"));
  EXPECT_THAT(of_names("answer = \"wrong\"\naddress = \"n2\"\n"), HasSubstr("'n2' is no address"));
  EXPECT_THAT(of_names("answer = \"nxdomain\"\ndelay = \"2s\"\n"), HasSubstr("'delay' says nothing"));
  EXPECT_THAT(of_names("answer = \"stale\"\ntype = \"ptr\"\n"), HasSubstr("hold no address"));
}

TEST(Stream, EachActionHasItsOwnParameters) {
  EXPECT_THAT(of_streams("action = \"slice\"\n"), HasSubstr("action = \"slice\" needs 'size'"));
  EXPECT_THAT(of_streams("action = \"refuse\"\nafter = \"1s\"\n"), HasSubstr("'after' means nothing to"));
  EXPECT_THAT(of_streams("action = \"reset\"\nafter = \"1s\"\nafter_bytes = \"1KiB\"\n"),
              HasSubstr("keep one of them"));
  EXPECT_THAT(of_streams("action = \"slice\"\nsize = \"10B\"\nvariation = \"10B\"\n"), HasSubstr("could be empty"));
  EXPECT_THAT(of_streams("action = \"limit\"\nafter_bytes = \"1KiB\"\ndirection = \"both\"\n"),
              HasSubstr("a limit ends one direction"));
  EXPECT_THAT(of_streams("action = \"cap\"\nconnections = 70000\n"), HasSubstr("65536"));
}

}  // namespace
}  // namespace withstand::faults
