#include <filesystem>

#include <fmt/format.h>

#include "posix_fixture.hpp"
#include "support/disk/sequence.hpp"

namespace withstand::lab::disk::testing {
namespace {

/// Random operations in a plain folder and in a mirrored one come out the same. `disk-sequence` does the same for long.
class Differential : public Posix {};
INSTANTIATE_TEST_SUITE_P(Each, Differential,
                         ::testing::Values("passthrough", "cached", "uncached", "direct", "recorded"), way_name);

TEST_P(Differential, RandomOperationsComeOutTheSame) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::string plain = rig_->backing() + fmt::format("-plain-{}", seed), here = fmt::format("run-{}", seed);
    std::filesystem::create_directory(plain);
    ASSERT_EQ(::mkdir(at(here).c_str(), 0755), 0);
    DiskSequence sequence(plain, at(here), seed);
    EXPECT_EQ(sequence.run(3000), "") << "seed " << seed;
    EXPECT_EQ(sequence.compare_trees(rig_->backing() + "/" + here), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace withstand::lab::disk::testing
