// What the disk layer costs: the same operations on a plain folder and on the same folder mirrored, in each way that
// data can travel, in turn within one run. Prints medians of the rounds; asserts nothing. `bench_disk [ROUNDS]`.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>

#include "lab/disk/rules.hpp"
#include "os/check.hpp"
#include "support/disk/rig.hpp"

namespace {

using namespace withstand;
using namespace withstand::lab::disk;
using Clock = std::chrono::steady_clock;

constexpr std::size_t block = 4096;
constexpr std::uint64_t blocks = 4096;  // 16 MiB

struct Case {
  const char* name;
  int times;
  std::function<void(const std::string& folder, int times)> body;
};

os::Fd open_file(const std::string& path, int flags) {
  return os::Fd(os::check("open " + path, ::open(path.c_str(), flags | O_CLOEXEC, 0644)));
}

void prepare(const std::string& folder) {
  const os::Fd file = open_file(folder + "/data", O_RDWR | O_CREAT);
  const std::string bytes(block * 256, 'x');
  for (std::uint64_t i = 0; i < blocks; i += 256)
    os::check("write", ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(i * block)));
  os::check("sync", ::fsync(file.get()));
}

void transfer(const std::string& folder, int times, bool writing, bool random, bool sync) {
  const os::Fd file = open_file(folder + "/data", O_RDWR);
  std::vector<char> bytes(block, 'y');
  std::minstd_rand numbers(1);
  for (int i = 0; i < times; ++i) {
    const std::uint64_t which = random ? numbers() % blocks : static_cast<std::uint64_t>(i) % blocks;
    const auto where = static_cast<off_t>(which * block);
    if (writing) {
      os::check("write", ::pwrite(file.get(), bytes.data(), block, where));
    } else {
      os::check("read", ::pread(file.get(), bytes.data(), block, where));
    }
    if (sync) os::check("sync", ::fdatasync(file.get()));
  }
}

void look(const std::string& folder, int times) {
  const std::string path = folder + "/data";
  struct stat status {};
  for (int i = 0; i < times; ++i) os::check("stat", ::stat(path.c_str(), &status));
}

void make_and_remove(const std::string& folder, int times) {
  for (int i = 0; i < times; ++i) {
    const std::string path = folder + "/file-" + std::to_string(i);
    static_cast<void>(open_file(path, O_WRONLY | O_CREAT | O_EXCL));
    os::check("unlink", ::unlink(path.c_str()));
  }
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"sequential write", 4000, [](auto& folder, int times) { transfer(folder, times, true, false, false); }},
      {"random write", 4000, [](auto& folder, int times) { transfer(folder, times, true, true, false); }},
      {"sequential read", 4000, [](auto& folder, int times) { transfer(folder, times, false, false, false); }},
      {"random read", 4000, [](auto& folder, int times) { transfer(folder, times, false, true, false); }},
      {"write+fdatasync", 150, [](auto& folder, int times) { transfer(folder, times, true, true, true); }},
      {"stat", 4000, look},
      {"create+unlink", 600, make_and_remove},
  };
  return all;
}

struct Place {
  std::string name, folder;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(const std::vector<Place>& places, int rounds) {
  std::map<std::string, std::map<std::string, std::vector<double>>> figures;
  for (int round = 0; round < rounds; ++round)
    for (const Case& each : cases())
      for (const Place& place : places) {
        const auto begin = Clock::now();
        each.body(place.folder, each.times);
        const double took = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
        figures[each.name][place.name].push_back(took / each.times);
      }
  fmt::print("{:<18}", "µs each");
  for (const Place& place : places) fmt::print("{:>22}", place.name);
  fmt::print("\n");
  for (const Case& each : cases()) {
    fmt::print("{:<18}", each.name);
    const double plain = median(figures[each.name][places.front().name]);
    for (const Place& place : places) {
      const double here = median(figures[each.name][place.name]);
      fmt::print("{:>14.2f} {:>5.2f} x", here, here / plain);
    }
    fmt::print("\n");
  }
}

/// So many rules on writes and reads, each on a file of its own; the last on the one that is measured, at a place that
/// nobody writes.
std::function<std::unique_ptr<Gate>(FileSystem&)> armed(int count) {
  return [count](FileSystem& files) {
    auto rules = std::make_unique<Rules>(files, "n1");
    core::DiskRule rule;
    rule.operations = {Operation::read, Operation::write};
    rule.error = EIO;
    for (int i = 1; i < count; ++i) {
      rule.path = fmt::format("folder-{}/*.log", i);
      rules->add(static_cast<Rules::Handle>(i), rule);
    }
    rule.path = "data";
    rule.first_byte = 1ULL << 40U;
    rules->add(static_cast<Rules::Handle>(count), rule);
    return rules;
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto& why = testing::why_no_mount(); !why.empty()) {
    fmt::print(stderr, "bench_disk: {}\n", why);
    return 77;
  }
  const testing::Everywhere data({Operation::read, Operation::write}), all(Operations::all());
  const testing::DiskRig passthrough({true, nullptr, {}, "/tmp"}), cached({false, nullptr, {}, "/tmp"}),
      direct({false, &data, {}, "/tmp"}), uncached({false, &all, {}, "/tmp"}), one({false, &data, armed(1), "/tmp"}),
      many({false, &data, armed(10'000), "/tmp"});
  const std::vector<Place> places{{"plain", passthrough.backing() + "-plain"},
                                  {"passthrough", passthrough.mounted()},
                                  {"no rule", cached.mounted()},
                                  {"may strike data", direct.mounted()},
                                  {"may strike all", uncached.mounted()},
                                  {"1 rule armed", one.mounted()},
                                  {"10 000 rules armed", many.mounted()}};
  os::check("make a folder", ::mkdir(places.front().folder.c_str(), 0755));
  for (const Place& place : places) prepare(place.folder);
  compare(places, argc > 1 ? std::atoi(argv[1]) : 5);
  return 0;
}
