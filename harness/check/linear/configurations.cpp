#include "check/linear/configurations.hpp"

#include <algorithm>
#include <utility>

namespace withstand::check {

void Configurations::prepare(std::size_t groups) {
  group_words_ = (groups + 3) / 4;
  table_.assign(256, {});
  hashes_.assign(256, 0);
}

bool Configurations::covers(const Place& place, std::uint32_t low, std::span<const std::uint64_t> words,
                            std::span<const std::uint16_t> used) const {
  const std::uint64_t* const kept = arena_.data() + (place.at - 1);
  if (kept[0] != (std::uint64_t{low} << 32 | words.size())) return false;
  if (!std::equal(words.begin(), words.end(), kept + 1)) return false;
  const std::uint64_t* const counts = kept + 1 + words.size();
  for (std::size_t i = 0; i < used.size(); ++i)
    if (static_cast<std::uint16_t>(counts[i / 4] >> (i % 4 * 16)) > used[i]) return false;
  return true;
}

bool Configurations::add(std::uint64_t hash, std::uint32_t state, std::uint32_t low,
                         std::span<const std::uint64_t> words, std::span<const std::uint16_t> used) {
  // The same set has the same trimmed words, whatever the bound was that the caller cut them at.
  while (!words.empty() && words.back() == 0) words = words.first(words.size() - 1);
  hash = (hash ^ (state * 0x9e3779b97f4a7c15ULL)) * 0xd6e8feb86659fd93ULL;
  hash ^= hash >> 32;
  if ((size_ + 1) * 2 > table_.size()) grow();
  const std::size_t mask = table_.size() - 1;
  const auto check = static_cast<std::uint32_t>(hash >> 32);
  std::size_t at = hash & mask;
  for (; table_[at].at != 0; at = (at + 1) & mask) {
    const Place& place = table_[at];
    if (place.check == check && place.state == state && covers(place, low, words, used)) return false;
  }
  table_[at] = {arena_.size() + 1, check, state};
  hashes_[at] = hash;
  ++size_;
  arena_.push_back(std::uint64_t{low} << 32 | words.size());
  arena_.insert(arena_.end(), words.begin(), words.end());
  const std::size_t counts = arena_.size();
  arena_.resize(counts + group_words_, 0);
  for (std::size_t i = 0; i < used.size(); ++i) arena_[counts + i / 4] |= std::uint64_t{used[i]} << (i % 4 * 16);
  return true;
}

void Configurations::grow() {
  std::vector<Place> places(table_.size() * 2);
  std::vector<std::uint64_t> hashes(places.size());
  places.swap(table_);
  hashes.swap(hashes_);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].at == 0) continue;
    std::size_t at = hashes[i] & mask;
    while (table_[at].at != 0) at = (at + 1) & mask;
    table_[at] = places[i];
    hashes_[at] = hashes[i];
  }
}

}  // namespace withstand::check
