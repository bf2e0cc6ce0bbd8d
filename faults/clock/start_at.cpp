#include <cmath>
#include <cstdio>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "clock/clock_fault.hpp"
#include "clock/clock_faults.hpp"
#include "core/parameters.hpp"

namespace withstand::faults {
namespace {

constexpr double fastest = 32'000;
constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t last_year = 2261;

std::vector<spec::Parameter> start_at_parameters() {
  spec::Parameter date = core::described(
      "date", spec::ValueType::text, "What the clock shows then, in UTC: \"2038-01-19T03:14:00Z\", or a day alone.");
  date.required = true;
  spec::Parameter speed =
      core::described("speed", spec::ValueType::number,
                      "How fast it goes on from there: 3600 makes a day pass in 24 seconds; 0 stands still.");
  speed.fallback = 1.0;
  speed.minimum = 0.0;
  speed.maximum = fastest;
  speed.default_matters = core::nowhere;
  return {date, speed};
}

/// Seconds since 1970 of "2038-01-19", "2038-01-19T03:14:00Z" or the same with a space; nothing when it is none.
std::optional<std::int64_t> seconds_of(const std::string& text) {
  std::tm time{};
  int used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &time.tm_year, &time.tm_mon, &time.tm_mday, &used) < 3)
    return std::nullopt;
  std::string rest = text.substr(static_cast<std::size_t>(used));
  if (!rest.empty()) {
    if (rest[0] != 'T' && rest[0] != ' ') return std::nullopt;
    if (std::sscanf(rest.c_str() + 1, "%2d:%2d:%2d%n", &time.tm_hour, &time.tm_min, &time.tm_sec, &used) < 3)
      return std::nullopt;
    rest = rest.substr(static_cast<std::size_t>(used) + 1);
    if (rest != "Z" && !rest.empty()) return std::nullopt;
  }
  if (time.tm_year < 1970 || time.tm_year > last_year) return std::nullopt;
  const std::tm given = time;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  const auto seconds = ::timegm(&time);
  // timegm makes the 2nd of March of a 30th of February.
  const bool same = time.tm_mon + 1 == given.tm_mon && time.tm_mday == given.tm_mday && time.tm_hour == given.tm_hour &&
                    time.tm_min == given.tm_min && time.tm_sec == given.tm_sec;
  return same ? std::optional<std::int64_t>(seconds) : std::nullopt;
}

class StartAt : public ClockFault {
 public:
  StartAt()
      : ClockFault(core::nodes_schema("clock.start-at", "The wall clock of nodes is set to a date, and may run faster.",
                                      start_at_parameters()),
                   clock_documentation(
                       "The node's wall clock is set to a date: a leap day, the end of 32-bit time in 2038, the day "
                       "after a certificate ends, the eve of a leap second. With `speed` the time from there passes "
                       "faster, so that what takes a day is over in a test.",
                       "How far ahead a process of the node sees its clock, beside what was asked for.",
                       "[[fault]]\nname = \"y2038\"\nkind = \"clock.start-at\"\non   = \"all\"\n"
                       "date = \"2038-01-19T03:14:00Z\"\nat   = \"2s\"\nfor  = \"15s\"\n")) {}

  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    const auto date = core::parameter_or<std::string>(fault, "date", "");
    if (seconds_of(date)) return {};
    return {{"date",
             {fmt::format("\"{}\" is no date from 1970 to {}", date, last_year),
              "write it as \"2038-01-19T03:14:00Z\" or \"2038-01-19\""}}};
  }

 private:
  [[nodiscard]] core::ClockChange change(const spec::FaultSpec& fault) const override {
    core::ClockChange asked;
    asked.kind = core::ClockChange::Kind::start_at;
    asked.wall = seconds_of(core::parameter_or<std::string>(fault, "date", "")).value_or(0) * second;
    asked.rate_ppb = std::llround((core::parameter_or<double>(fault, "speed", 1.0) - 1) * 1e9);
    return asked;
  }
  [[nodiscard]] std::string in_words(const spec::FaultSpec& fault) const override {
    const double speed = core::parameter_or<double>(fault, "speed", 1.0);
    const auto date = core::parameter_or<std::string>(fault, "date", "");
    return speed == 1.0 ? date : fmt::format("{}, {} times as fast", date, speed);
  }
};

}  // namespace

std::unique_ptr<core::Fault> clock_start_at() { return std::make_unique<StartAt>(); }

}  // namespace withstand::faults
