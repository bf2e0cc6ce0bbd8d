#include "lab/disk/likeness.hpp"

#include <algorithm>
#include <numeric>

namespace withstand::lab::disk {
namespace {

constexpr std::size_t most_alike = 10;

std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = corner + (a[i] == b[j] ? 0 : 1);
      corner = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> likest(const std::string& pattern, std::vector<std::string> paths) {
  std::string plain = pattern;
  std::erase_if(plain, [](char c) { return c == '*' || c == '?'; });
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (auto& each : paths) ranked.emplace_back(distance(plain, each), std::move(each));
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> found;
  for (std::size_t i = 0; i < std::min(most_alike, ranked.size()); ++i) found.push_back(std::move(ranked[i].second));
  return found;
}

}  // namespace withstand::lab::disk
