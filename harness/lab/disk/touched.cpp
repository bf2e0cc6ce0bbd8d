#include "lab/disk/touched.hpp"

namespace withstand::lab::disk {
namespace {

constexpr std::size_t most_paths = 500;

}  // namespace

void Touched::note(Operation operation, const std::vector<std::string>& paths) {
  const std::lock_guard lock(mutex_);
  for (const auto& path : paths) {
    const auto found = by_text_.find(path);
    if (found == by_text_.end()) {
      paths_.push_back({path, {}, 0});
      by_text_[path] = std::prev(paths_.end());
    } else {
      paths_.splice(paths_.end(), paths_, found->second);
    }
    paths_.back().operations.add(operation);
    paths_.back().last = ++clock_;
    if (paths_.size() <= most_paths) continue;
    by_text_.erase(paths_.front().text);
    paths_.pop_front();
  }
}

std::uint64_t Touched::now() const {
  const std::lock_guard lock(mutex_);
  return clock_;
}

std::vector<std::string> Touched::since(std::uint64_t since, Operations operations) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const Path& each : paths_)
    if (each.last > since && each.operations.meets(operations)) found.push_back(each.text);
  return found;
}

}  // namespace withstand::lab::disk
