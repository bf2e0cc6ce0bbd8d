#include "spec/units.hpp"

#include <random>

namespace withstand::spec {
namespace {

using namespace std::chrono_literals;

TEST(Ordinal, IsEnglish) {
  for (const auto& [number, text] : std::map<std::int64_t, std::string>{{1, "1st"},
                                                                        {2, "2nd"},
                                                                        {3, "3rd"},
                                                                        {4, "4th"},
                                                                        {11, "11th"},
                                                                        {12, "12th"},
                                                                        {13, "13th"},
                                                                        {22, "22nd"},
                                                                        {101, "101st"},
                                                                        {111, "111th"}})
    EXPECT_EQ(ordinal(number), text);
}

TEST(Duration, ReadsEveryUnitExactly) {
  EXPECT_EQ(*parse_duration("1ns"), 1ns);
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("0.000000001s"), 1ns);
  EXPECT_EQ(*parse_duration("2h"), 2h);
  EXPECT_EQ(*parse_duration("1d"), 24h);
  EXPECT_EQ(*parse_duration("1m30s"), 90s);
  EXPECT_EQ(*parse_duration("1h0.5s"), 1h + 500ms);
  EXPECT_EQ(*parse_duration("-5s"), -5s);
  EXPECT_EQ(*parse_duration("0s"), 0s);
}

struct Wrong {
  const char* text;
  const char* message;
  const char* help;
};

void expect_wrong(const Wrong& wrong, const Complaint& complaint) {
  EXPECT_EQ(complaint.message, wrong.message) << wrong.text;
  EXPECT_EQ(complaint.help, wrong.help) << wrong.text;
}

TEST(Duration, SaysWhatIsWrong) {
  const std::string units = "units of a duration: ns us ms s m h d";
  for (const Wrong& wrong : {
           Wrong{"250", "'250' has no unit", "write \"250ms\" or \"250s\""},
           Wrong{"", "'' is not a duration", "write a number and its unit, e.g. \"250ms\""},
           Wrong{"soon", "'soon' is not a duration", "write a number and its unit, e.g. \"250ms\""},
           Wrong{"5 s", "'5 s' has a space before its unit", "write \"5s\""},
           Wrong{"5 sec", "'5 sec' has a space before its unit", "write \"5s\""},
           Wrong{"5%", "'5%' is a ratio, but a duration belongs here", units.c_str()},
           Wrong{"5sec", "unknown unit 'sec' in '5sec'", "write \"5s\""},
           Wrong{"5x", "unknown unit 'x' in '5x'", units.c_str()},
           Wrong{"30s1m", "'30s1m' does not go from large units to small ones", "write e.g. \"1m30s\""},
           Wrong{"0.5ns", "'0.5ns' is finer than 1ns, the smallest step of a duration", "round it"},
           Wrong{"300000d", "'300000d' is too large for a duration", ""},
           Wrong{"1e3s", "unknown unit 'e' in '1e3s'", units.c_str()},
           Wrong{"5.s", "unknown unit 's' in '5.s'", units.c_str()},
           Wrong{"1234567890123456789ns", "'1234567890123456789ns' has more than 18 digits",
                 "round it, or write it in another unit"},
           Wrong{"0.1234567890123456789s", "'0.1234567890123456789s' has more than 18 digits",
                 "round it, or write it in another unit"},
           Wrong{"99999999999999999999s", "'99999999999999999999s' is too large for a duration", ""},
           Wrong{"-99999999999999999999ns", "'-99999999999999999999ns' is too large for a duration", ""},
           Wrong{"99999999999999999999", "'99999999999999999999' has no unit",
                 "write \"99999999999999999999ms\" or \"99999999999999999999s\""},
       }) {
    const auto result = parse_duration(wrong.text);
    ASSERT_FALSE(result.ok()) << wrong.text;
    expect_wrong(wrong, result.error());
  }
}

TEST(Quantities, SayThatTheyAreTooLarge) {
  for (const std::string& digits : {std::string(19, '9'), std::string(20, '9'), std::string(400, '9')}) {
    EXPECT_EQ(parse_duration(digits + "s").error().message, "'" + digits + "s' is too large for a duration");
    EXPECT_EQ(parse_ratio(digits + "%").error().message, "'" + digits + "%' is too large for a ratio");
    EXPECT_EQ(parse_bytes(digits + "KiB").error().message, "'" + digits + "KiB' is too large for a size");
    EXPECT_EQ(parse_rate(digits + "/s").error().message, "'" + digits + "/s' is too large for a rate");
    EXPECT_EQ(parse_bandwidth(digits + "Mbit/s").error().message,
              "'" + digits + "Mbit/s' is too large for a bandwidth");
  }
  EXPECT_EQ(parse_duration(std::string(400, '0') + "5s").error().message,
            "'" + std::string(400, '0') + "5s' has more than 18 digits");
}

TEST(Ratio, ReadsAndRefuses) {
  EXPECT_EQ(parse_ratio("5%")->ppb, 50'000'000);
  EXPECT_EQ(parse_ratio("0.3%")->ppb, 3'000'000);
  EXPECT_EQ(parse_ratio("12ppm")->ppb, 12'000);
  EXPECT_EQ(parse_ratio("3ppb")->ppb, 3);
  EXPECT_EQ(parse_ratio("100%")->ppb, 1'000'000'000);
  EXPECT_EQ(parse_ratio("0.05").error().help, "write \"5%\", or \"0.05%\" if that is what is meant");
  EXPECT_EQ(parse_ratio("0.0025").error().help, "write \"0.25%\", or \"0.0025%\" if that is what is meant");
  EXPECT_EQ(parse_ratio("5").error().help, "write \"5%\"");
  EXPECT_EQ(parse_ratio("0.0").error().help, "write \"0.0%\"");
  EXPECT_EQ(parse_ratio("5 percent").error().message, "'5 percent' has a space before its unit");
  EXPECT_EQ(parse_ratio("5percent").error().help, "write \"5%\"");
  EXPECT_FALSE(parse_ratio("-5%").ok());
}

TEST(Bytes, TellsBinaryFromDecimal) {
  EXPECT_EQ(parse_bytes("512B")->count, 512);
  EXPECT_EQ(parse_bytes("4KiB")->count, 4096);
  EXPECT_EQ(parse_bytes("1kB")->count, 1000);
  EXPECT_EQ(parse_bytes("1.5MiB")->count, 1'572'864);
  EXPECT_EQ(parse_bytes("2GB")->count, 2'000'000'000);
  EXPECT_EQ(parse_bytes("4KB").error().help, "write \"4kB\"");
  EXPECT_FALSE(parse_bytes("0.3B").ok());
}

TEST(Rate, IsExactInThousandths) {
  EXPECT_EQ(parse_rate("400/s")->millihertz, 400'000);
  EXPECT_EQ(parse_rate("30/m")->millihertz, 500);
  EXPECT_EQ(parse_rate("0.5/s")->millihertz, 500);
  EXPECT_EQ(parse_rate("36/h")->millihertz, 10);
  EXPECT_EQ(parse_rate("10/m").error().message, "'10/m' is finer than 0.001/s, the smallest step of a rate");
  EXPECT_EQ(parse_rate("10rps").error().help, "write \"10/s\"");
}

TEST(Bandwidth, TakesBitsAndBytes) {
  EXPECT_EQ(parse_bandwidth("10Mbit/s")->bits_per_second, 10'000'000);
  EXPECT_EQ(parse_bandwidth("512kbit/s")->bits_per_second, 512'000);
  EXPECT_EQ(parse_bandwidth("1MiB/s")->bits_per_second, 8'388'608);
  EXPECT_EQ(parse_bandwidth("500kB/s")->bits_per_second, 4'000'000);
  EXPECT_EQ(parse_bandwidth("10Mbps").error().help, "write \"10Mbit/s\"");
  EXPECT_EQ(parse_bandwidth("10MiB").error().message, "'10MiB' is a size, but a bandwidth belongs here");
}

TEST(ToText, IsTheShortestThatReadsBack) {
  EXPECT_EQ(to_text(Duration(1500ms)), "1.5s");
  EXPECT_EQ(to_text(Duration(250ms)), "250ms");
  EXPECT_EQ(to_text(Duration(90s)), "90s");
  EXPECT_EQ(to_text(Duration(60s)), "1m");
  EXPECT_EQ(to_text(Duration(0s)), "0s");
  EXPECT_EQ(to_text(Duration(-40ms)), "-40ms");
  EXPECT_EQ(to_text(Ratio{50'000'000}), "5%");
  EXPECT_EQ(to_text(Ratio{0}), "0%");
  EXPECT_EQ(to_text(Ratio{5'000'000}), "0.5%");
  EXPECT_EQ(to_text(Bytes{4096}), "4KiB");
  EXPECT_EQ(to_text(Bytes{0}), "0B");
  EXPECT_EQ(to_text(Rate{400'000}), "400/s");
  EXPECT_EQ(to_text(Rate{500}), "0.5/s");
  EXPECT_EQ(to_text(Bytes{1536}), "1536B");
  EXPECT_EQ(to_text(Bandwidth{10'000'000}), "10Mbit/s");
}

// Every value that a user can write in 18 digits comes back as it was.
TEST(ToText, RoundTrips) {
  std::mt19937_64 random(7);  // NOLINT: the same values on every machine
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>((random() >> (4 + random() % 59)) % 1'000'000'000'000'000'000);
    EXPECT_EQ(parse_duration(to_text(Duration(value)))->count(), value);
    EXPECT_EQ(parse_duration(to_text(Duration(-value)))->count(), -value);
    EXPECT_EQ(parse_ratio(to_text(Ratio{value}))->ppb, value);
    EXPECT_EQ(parse_bytes(to_text(Bytes{value}))->count, value);
    EXPECT_EQ(parse_rate(to_text(Rate{value}))->millihertz, value);
    EXPECT_EQ(parse_bandwidth(to_text(Bandwidth{value}))->bits_per_second, value);
  }
}

TEST(ToHuman, ShowsThreeDigits) {
  EXPECT_EQ(to_human(12'345'678ns), "12.3ms");
  EXPECT_EQ(to_human(8'060ms), "8.06s");
  EXPECT_EQ(to_human(999'700us), "1.00s");
  EXPECT_EQ(to_human(90s), "90.0s");
  EXPECT_EQ(to_human(150s), "2.50m");
  EXPECT_EQ(to_human(7ns), "7ns");
  EXPECT_EQ(to_human(-250us), "-250us");
  EXPECT_EQ(to_human(0ns), "0s");
}

}  // namespace
}  // namespace withstand::spec
