// disk_sequence WAY SEED OPERATIONS: random file operations in a plain folder and in one mirrored by the disk layer, in
// one of the ways that data can travel (passthrough, cached, uncached, direct) or while what is not durable is recorded
// (recorded). Ends with status 1 and says where they first came out differently; the same arguments do the same again.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "support/disk/rig.hpp"
#include "support/disk/sequence.hpp"

namespace {

using namespace withstand::lab::disk;

/// Trees grow and would make comparing them slow: every so many operations they are compared, and begun anew.
constexpr std::uint64_t operations_per_tree = 10'000;

int run(const std::string& way, std::uint64_t seed, std::uint64_t operations) {
  const testing::Everywhere data({Operation::read, Operation::write}), all(Operations::all());
  testing::DiskRig::Options options;
  options.passthrough = way == "passthrough";
  options.records = way == "recorded";
  if (way == "direct") options.concerns = &data;
  if (way == "uncached") options.concerns = &all;
  const testing::DiskRig rig(options);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0; done < operations; done += operations_per_tree, ++seed) {
    const std::string name = fmt::format("/run-{}", seed), plain = rig.backing() + "-plain" + name;
    std::filesystem::create_directories(plain);
    std::filesystem::create_directory(rig.mounted() + name);
    testing::DiskSequence sequence(plain, rig.mounted() + name, seed);
    std::string difference = sequence.run(std::min(operations - done, operations_per_tree));
    if (difference.empty()) difference = sequence.compare_trees(rig.backing() + name);
    if (!difference.empty()) {
      fmt::print("{}, seed {}: {}\n", way, seed, difference);
      return 1;
    }
    std::filesystem::remove_all(plain);
    std::filesystem::remove_all(rig.mounted() + name);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{}: {} operations came out alike, in {:.0f} s\n", way, operations, seconds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "disk_sequence passthrough|cached|uncached|direct|recorded SEED OPERATIONS\n");
    return 2;
  }
  if (const auto& why = testing::why_no_mount(); !why.empty()) {
    fmt::print(stderr, "disk_sequence: {}\n", why);
    return 77;
  }
  return run(argv[1], std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10));
}
