#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace withstand::check {

/// The configurations that a search has been in. One is a set of operations taken (64 to a word, from word `low` on;
/// all before are taken), a state, and how many operations of unknown outcome were used of each group.
class Configurations {
 public:
  void prepare(std::size_t groups);
  /// False when one with the same set and state is known that used no more of any group. `hash` is the set's own.
  bool add(std::uint64_t hash, std::uint32_t state, std::uint32_t low, std::span<const std::uint64_t> words,
           std::span<const std::uint16_t> used);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return arena_.size() * 8 + table_.size() * sizeof(Place); }

 private:
  struct Place {
    std::uint64_t at = 0;  ///< into the arena, plus one; 0: free
    std::uint32_t check = 0;
    std::uint32_t state = 0;
  };
  [[nodiscard]] bool covers(const Place& place, std::uint32_t low, std::span<const std::uint64_t> words,
                            std::span<const std::uint16_t> used) const;
  void grow();

  std::size_t group_words_ = 0, size_ = 0;
  std::vector<std::uint64_t> arena_;   // low and number of words, the words, the groups' counts four to a word
  std::vector<std::uint64_t> hashes_;  // by table place
  std::vector<Place> table_;
};

}  // namespace withstand::check
