#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

namespace withstand::lab::disk::testing {

/// A random sequence of file operations, each done in two folders that should be alike: what it returned, its error,
/// the bytes it gave and what the kernel says of the file afterwards are compared at once, whole trees when asked.
/// The seed decides everything.
class DiskSequence {
 public:
  DiskSequence(std::string first, std::string second, std::uint64_t seed);
  ~DiskSequence();
  DiskSequence(const DiskSequence&) = delete;
  DiskSequence& operator=(const DiskSequence&) = delete;

  /// Goes on for so many operations. Empty, or the first that came out differently: which, of what number, and how.
  [[nodiscard]] std::string run(std::uint64_t operations);
  /// Empty, or what is different in the two trees, and between the second and `below`, the folder it mirrors.
  [[nodiscard]] std::string compare_trees(const std::string& below);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::lab::disk::testing
