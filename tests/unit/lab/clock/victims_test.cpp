// Programs in many languages, which read the clock and sleep by every route that their language has: what each saw of
// which fault, against what the domain showed at that very instant. Printed as a table.

#include <array>
#include <cmath>
#include <cstdlib>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "domain_rig.hpp"

namespace withstand::lab::clock {
namespace {

namespace fs = std::filesystem;

/// The machine may be busy; what a fault would do to a wait is far more.
constexpr double victim_patience = 30'000;  // ms

/// How programs of a language are run: made once, in a folder of their own; empty where that cannot be done here.
struct Language {
  const char* name;
  const char* needs;    ///< the program that makes it
  const char* prepare;  ///< a shell command; FILE is the source's folder, OUT the folder to build in
  std::vector<std::string> command;
  std::array<std::vector<std::string>, 3> arguments{{{"read"}, {"sleep"}, {}}};  ///< to read; to sleep, in two ways
};

void PrintTo(const Language& language, std::ostream* out) { *out << language.name; }

const std::vector<Language>& languages() {
  const auto c = [](const char* name, const std::string& kind) {
    return Language{
        name, "sh", "", {victim(kind)}, {{{"read", "beside"}, {"wait", "all", "200"}, {"wait", "spans", "200"}}}};
  };
  static const std::vector<Language> all{
      c("C", "dynamic"),
      c("C_static", "static"),
      c("C_musl", "musl"),
      {"Go", "go", "cd OUT && GO111MODULE=off GOCACHE=OUT/cache go build -o victim FILE/victim.go", {"OUT/victim"}},
      {"Java", "javac", "javac -d OUT FILE/Victim.java", {"java", "-XX:TieredStopAtLevel=1", "-cp", "OUT", "Victim"}},
      {"Python", "python3", "", {"python3", "FILE/victim.py"}},
      {"Node", "node", "", {"node", "FILE/victim.js"}},
      {"Rust", "rustc", "rustc -O -o OUT/victim FILE/victim.rs", {"OUT/victim"}},
  };
  return all;
}

/// What the clock is made to do.
struct Fault {
  const char* name;
  std::function<Share(const Domain&, Ns)> share;
};

const std::vector<Fault>& faults() {
  const auto by = [](Deviation deviation) {
    Share share;
    share.deviation = std::move(deviation);
    return share;
  };
  static const std::vector<Fault> all{
      {"none", {}},
      {"+1 h", [by](const Domain&, Ns at) { return by(offset(at, hour)); }},
      {"-20 years", [by](const Domain&, Ns at) { return by(offset(at, -20 * 365 * 24 * hour)); }},
      {"2 x as fast", [by](const Domain&, Ns at) { return by(drift(at, true_rate)); }},
      {"stands still", [by](const Domain&, Ns at) { return by(freeze(at)); }},
      {"year 2038", [by](const Domain& domain, Ns at) {
         return by(offset(at, INT64_C(2147483650) * second - domain.shown(WS_WALL, at)));
       }}};
  return all;
}

class Victims : public ::testing::TestWithParam<Language> {
 protected:
  void SetUp() override {
    const auto& language = GetParam();
    if (program(language.needs).empty()) GTEST_SKIP() << language.needs << " is not installed";
    char name[] = "/tmp/clock-victims-XXXXXX";
    folder_ = ::mkdtemp(name);
    if (*language.prepare != 0 && std::system(filled(language.prepare).c_str()) != 0)
      GTEST_SKIP() << language.needs << " cannot make the program here";
    for (const auto& word : language.command) command_.push_back(filled(word));
    if (command_[0][0] != '/') command_[0] = program(command_[0]);
    if (::access(command_[0].c_str(), X_OK) != 0) GTEST_SKIP() << command_[0] << " was not built";
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  [[nodiscard]] std::string filled(std::string text) const {
    const std::pair<std::string, std::string> places[] = {
        {"FILE", WITHSTAND_SOURCE_DIR "/tests/programs/clock_victims"}, {"OUT", folder_}};
    for (const auto& [mark, value] : places)
      for (std::size_t i; (i = text.find(mark)) != std::string::npos;) text.replace(i, mark.size(), value);
    return text;
  }

  /// Each line of its output, as words.
  std::vector<std::vector<std::string>> run(DomainRig& rig, const std::vector<std::string>& arguments) {
    auto argv = command_;
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto outcome = rig.run(argv);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_EQ(rig.coverage().escaped, 0U);
    std::vector<std::vector<std::string>> lines;
    std::istringstream all(outcome.output);
    for (std::string line; std::getline(all, line);) {
      std::istringstream words(line);
      lines.emplace_back();
      for (std::string word; words >> word;) lines.back().push_back(word);
    }
    return lines;
  }

  static void apply(DomainRig& rig, const Fault& fault) {
    if (fault.share) rig.change([&](Domain& domain, Ns at) { domain.add(fault.share(domain, at), steady_now()); });
    rig.serve_for(second / 100);
  }

  std::string folder_;
  std::vector<std::string> command_;
};

ws_clock_line_id line_of(const std::string& route) {
  if (route.find("monotonic") != std::string::npos) return WS_STEADY;
  if (route.find("boottime") != std::string::npos) return WS_BOOT;
  if (route.ends_with("-tai")) return WS_TAI;
  return WS_WALL;
}

/// Each reading by each route under each fault: never more than its own resolution before, nor later than a busy
/// machine makes it.
TEST_P(Victims, ReadWhatTheDomainShows) {
  std::map<std::string, std::string> table;
  for (const auto& fault : faults()) {
    DomainRig rig;
    apply(rig, fault);
    std::size_t readings = 0;
    for (const auto& words : run(rig, GetParam().arguments[0])) {
      if (words.size() != 3 || words[0].ends_with("-raw")) continue;
      ++readings;
      const Ns shown = std::atoll(words[1].c_str()), steady = std::atoll(words[2].c_str());
      const Ns error = shown - rig.state().domain.shown(line_of(words[0]), steady);
      // Whole seconds; or a tick, of which an emulated processor may miss some.
      const bool rough = words[0].ends_with("-time") || words[0].ends_with(".Time") || words[0].ends_with("-coarse");
      EXPECT_GE(error, rough ? -second : -20'000'000) << words[0] << ", " << fault.name;
      EXPECT_LE(static_cast<double>(error) / 1e6, victim_patience) << words[0] << ", " << fault.name;
      table[words[0]] += fmt::format("{:>14.6f}", static_cast<double>(error) / 1e6);
    }
    EXPECT_GE(readings, 2U) << fault.name;
  }
  fmt::print("{} reads, minus what was shown just before, in ms:\n{:<26}", GetParam().name, "");
  for (const auto& fault : faults()) fmt::print("{:>14}", fault.name);
  fmt::print("\n");
  for (const auto& [route, cells] : table) fmt::print("{:<26}{}\n", route, cells);
}

/// Sleeps of 200 ms: those until an instant by the clock's speed, spans by the true time.
TEST_P(Victims, SleepAsLongAsTheyShould) {
  std::map<std::string, std::string> table;
  constexpr std::size_t chosen[] = {0, 1, 2, 3, 5};  // a clock that stands still is waited for without end
  for (const auto which : chosen) {
    const Fault& fault = faults()[which];
    const bool twice = std::string(fault.name) == "2 x as fast";
    for (std::size_t way = 1; way < GetParam().arguments.size(); ++way) {
      if (GetParam().arguments[way].empty()) continue;
      DomainRig rig;
      apply(rig, fault);
      for (const auto& words : run(rig, GetParam().arguments[way])) {
        if (words.size() != 2 || words[0].starts_with("begin-")) continue;
        const double took = std::atof(words[1].c_str()) / 1e6;
        EXPECT_GE(took, twice ? 95 : 195) << words[0] << ", " << fault.name;
        EXPECT_LE(took, 200 + victim_patience) << words[0] << ", " << fault.name;
        table[words[0]] += fmt::format("{:>14.1f}", took);
      }
    }
  }
  fmt::print("{} sleeps 200 ms, which took, in ms:\n{:<26}", GetParam().name, "");
  for (const auto which : chosen) fmt::print("{:>14}", faults()[which].name);
  fmt::print("\n");
  for (const auto& [route, cells] : table) fmt::print("{:<26}{}\n", route, cells);
}

INSTANTIATE_TEST_SUITE_P(Languages, Victims, ::testing::ValuesIn(languages()),
                         [](const auto& language) { return std::string(language.param.name); });

}  // namespace
}  // namespace withstand::lab::clock
