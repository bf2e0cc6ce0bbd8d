// A leap second of the kernel's own, beside one of a clock domain: one program sets its clock to just before midnight,
// announces a leap second and writes down what adjtimex(2) tells of it; once it sets the clock of the machine it runs
// on. So that machine must be one to throw away: see clock-in-vm.

#include <cstdio>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "domain_rig.hpp"

namespace withstand::lab::clock {
namespace {

const std::string selftest = WITHSTAND_BINARY_DIR "/tests/clock-selftest-dynamic";

/// Said on the command line of its kernel, which nobody on another machine gives by mistake.
bool machine_is_to_throw_away() {
  std::ifstream file("/proc/cmdline");
  for (std::string word; file >> word;)
    if (word == "withstand.throwaway=1") return true;
  return false;
}

struct Table {
  std::vector<std::string> rows;
  std::map<std::string, std::int64_t> values;
};

Table table_of(const std::string& output) {
  Table table;
  std::istringstream lines(output);
  for (std::string name, value; lines >> name >> value;) {
    if (name == "row")
      table.rows.push_back(value);
    else
      table.values[name] = std::atoll(value.c_str());
  }
  return table;
}

/// As this machine's kernel does it. Its clock is set by that.
Table by_kernel(const std::string& what) {
  std::string output;
  FILE* program = ::popen((selftest + " " + what).c_str(), "r");
  char line[256];
  while (std::fgets(line, sizeof line, program) != nullptr) output += line;
  EXPECT_EQ(::pclose(program), 0) << output;
  return table_of(output);
}

Table in_domain(const std::string& what) {
  DomainRig rig;
  rig.state().may_set = true;
  const auto outcome = rig.run({selftest, what});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  return table_of(outcome.output);
}

const char* name_of(int state) {
  constexpr const char* names[] = {"TIME_OK", "TIME_INS", "TIME_DEL", "TIME_OOP", "TIME_WAIT", "TIME_ERROR"};
  return state >= 0 && state <= TIME_ERROR ? names[state] : "?";
}

std::string in_words(const std::string& row) {
  int shown = 0, state = 0, tai = 0;
  if (std::sscanf(row.c_str(), "%d/%d/%d", &shown, &state, &tai) != 3) return row;
  return fmt::format("{:+d} s  {:<10}  TAI-UTC {}", shown, name_of(state), tai);
}

void print(const std::string& what, const Table& kernel, const Table& domain) {
  utsname machine{};
  ::uname(&machine);
  fmt::print("{}, seconds from midnight as the clock shows them\n{:<38}a clock domain\n", what,
             fmt::format("Linux {}", machine.release));
  for (std::size_t i = 0; i < std::max(kernel.rows.size(), domain.rows.size()); ++i)
    fmt::print("{:<38}{}\n", i < kernel.rows.size() ? in_words(kernel.rows[i]) : "",
               i < domain.rows.size() ? in_words(domain.rows[i]) : "");
  for (const auto& [name, value] : kernel.values)
    fmt::print("{:<24}{:>14}{:<14}{}\n", name, value, "", domain.values.count(name) > 0 ? domain.values.at(name) : -1);
}

class LeapSecond : public ::testing::TestWithParam<const char*> {};

TEST_P(LeapSecond, OfADomainIsThatOfTheKernel) {
  if (!machine_is_to_throw_away()) GTEST_SKIP() << "sets the machine's clock: only in clock-in-vm";
  const auto domain = in_domain(GetParam());
  const auto kernel = by_kernel(GetParam());
  print(GetParam(), kernel, domain);
  EXPECT_GE(kernel.rows.size(), 6U);
  EXPECT_EQ(domain.rows, kernel.rows);
  for (const char* same : {"state-in-the-end", "tai-in-the-end"})
    EXPECT_EQ(domain.values.at(same), kernel.values.at(same)) << same;
  for (const auto& table : {kernel, domain}) EXPECT_GE(table.values.at("woke-after-midnight"), 0);
  const bool inserted = std::string(GetParam()) == "leap-insert";
  for (const auto& table : {kernel, domain}) {
    EXPECT_LE(table.values.at("back"), inserted ? 1'000'000'000 : 0);
    EXPECT_GE(table.values.at("back"), inserted ? 500'000'000 : 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LeapSecond, ::testing::Values("leap-insert", "leap-delete"),
                         [](const auto& kind) { return std::string(kind.param).substr(5); });

}  // namespace
}  // namespace withstand::lab::clock
