#include "network/number_file.hpp"

#include <fstream>
#include <random>
#include <unistd.h>

#include <gtest/gtest.h>

namespace withstand::faults {
namespace {

TEST(NumberFile, ReadsDelaysWithTheirUnits) {
  const auto delays = read_delays("# measured on a Tuesday\n12.5ms\n\n  800us  # short\r\n1s\n");
  ASSERT_TRUE(delays);
  EXPECT_EQ(*delays, (Numbers{12'500'000, 800'000, 1'000'000'000}));
  const auto bare = read_delays("12ms\n13\n");
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().message.substr(0, 7), "line 2:");
  EXPECT_FALSE(read_delays("11m"));
  EXPECT_FALSE(read_delays("# nothing\n"));
}

TEST(NumberFile, ReadsTablesOfSeveralNumbersALine) {
  const auto table = read_delay_table("# a comment\n-8192 0\t4096\n 8192\n");
  ASSERT_TRUE(table);
  EXPECT_EQ(*table, (Numbers{-8192, 0, 4096, 8192}));
  EXPECT_FALSE(read_delay_table("1 2 x"));
  EXPECT_FALSE(read_delay_table("99999999999999999999"));
  EXPECT_FALSE(read_delay_table("2000000"));
}

TEST(NumberFile, ReadsLinkTraces) {
  const auto trace = read_link_trace("0\n1\n1\n5\n");
  ASSERT_TRUE(trace);
  EXPECT_EQ(*trace, (Numbers{0, 1'000'000, 1'000'000, 5'000'000}));
  EXPECT_FALSE(read_link_trace("5\n4\n"));
  EXPECT_FALSE(read_link_trace("0\n0\n"));
  EXPECT_FALSE(read_link_trace("-1\n4\n"));
  EXPECT_FALSE(read_link_trace("1.5\n"));
  EXPECT_FALSE(read_link_trace("9223372036854775807\n"));
}

TEST(NumberFile, NoTextBreaksTheReaders) {
  std::mt19937_64 random(1);
  const std::string letters = "0123456789.-+eE#msun \t\r\n\n";
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 80, ' ');
    for (char& c : text) c = random() % 20 == 0 ? static_cast<char>(random()) : letters[random() % letters.size()];
    for (const NumberReader reader : {read_delays, read_delay_table, read_link_trace})
      if (const auto numbers = reader(text); numbers) {
        EXPECT_FALSE(numbers->empty());
      }
  }
}

TEST(NumberFile, SaysWhichFileCannotBeRead) {
  const auto missing = read_number_file("/nowhere/trace", read_link_trace);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/nowhere/trace"), std::string::npos);
  const std::string path = "/tmp/withstand-numbers-" + std::to_string(::getpid());
  std::ofstream(path) << "3\n2\n";
  const auto wrong = read_number_file(path, read_link_trace);
  ::unlink(path.c_str());
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace withstand::faults
