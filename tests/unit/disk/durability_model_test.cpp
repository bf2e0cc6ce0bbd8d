// Random operations, syncs and cuts against a model of its own: what was synced is there, and what is left is a state
// that the crash model permits.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "support/disk/shadowed_folder.hpp"

namespace withstand::lab::disk::testing {
namespace {

using Model = core::PowerLoss::Model;

/// Every file and folder has a number that no operation changes, kept in an attribute.
using Id = int;
constexpr Id root_id = 1, nobody = 0;
using Tree = std::map<Id, std::map<std::string, Id>>;  ///< folders
using Contents = std::map<Id, std::string>;

struct Version {
  Tree tree;
  Contents contents;
};

/// The folder under the shadow, and what it must be: each version of it, and what was synced at which of them.
class Pair {
 public:
  explicit Pair(std::uint64_t seed) : draws_(core::draw_stream(seed, "durability", "model", "operations")) {
    versions_.push_back({{{root_id, {}}}, {}});
    tag("", root_id);
  }

  void step() {
    now_ = versions_.back();
    for (int tries = 0; tries < 20 && !one(); ++tries) {
    }
    versions_.push_back(now_);
  }

  ShadowedFolder folder;
  [[nodiscard]] const std::vector<Version>& versions() const { return versions_; }
  [[nodiscard]] std::size_t synced(Id id) const { return synced_.contains(id) ? synced_.at(id) : 0; }
  [[nodiscard]] std::size_t last_sync() const { return last_sync_; }

 private:
  std::uint64_t draw(std::uint64_t bound) { return draws_.below(ordinal_++, bound); }

  void tag(const std::string& path, Id id) {
    const std::string text = std::to_string(id);
    ASSERT_EQ(::setxattr(folder.at(path).c_str(), "user.id", text.data(), text.size(), 0), 0);
  }

  struct Place {
    Id folder = root_id;
    std::string folder_path, name, path;
    Id what = nobody;
  };
  /// Any name in any folder, whether there is something or not.
  Place place() {
    Place place;
    while (draw(2) == 0) {
      std::vector<std::string> inside;
      for (const auto& [name, id] : now_.tree.at(place.folder))
        if (now_.tree.contains(id)) inside.push_back(name);
      if (inside.empty()) break;
      const std::string& name = inside[draw(inside.size())];
      place.folder = now_.tree.at(place.folder).at(name);
      place.folder_path += (place.folder_path.empty() ? "" : "/") + name;
    }
    place.name = std::string(1, static_cast<char>('a' + draw(4)));
    place.path = place.folder_path.empty() ? place.name : place.folder_path + "/" + place.name;
    const auto& names = now_.tree.at(place.folder);
    if (const auto found = names.find(place.name); found != names.end()) place.what = found->second;
    return place;
  }
  [[nodiscard]] bool is_file(Id id) const { return now_.contents.contains(id); }
  [[nodiscard]] bool is_folder(Id id) const { return now_.tree.contains(id); }

  bool one() {
    const Place place = this->place();
    switch (draw(12)) {
      case 0:
        return make(place, false);
      case 1:
        return make(place, true);
      case 2:
      case 3:
      case 4:
        return write(place);
      case 5:
        return cut(place);
      case 6:
        return rename(place, this->place());
      case 7:
        return link(place, this->place());
      case 8:
        return remove(place);
      case 9:
        return sync_file(place);
      default:
        return draw(2) == 0 && sync_folder(place);
    }
  }

  bool make(const Place& place, bool is_folder) {
    if (place.what != nobody) return false;
    const Id id = ++last_id_;
    is_folder ? folder.make_folder(place.path) : folder.create(place.path);
    tag(place.path, id);
    now_.tree[place.folder][place.name] = id;
    if (is_folder) {
      now_.tree[id];
    } else {
      now_.contents[id];
    }
    return true;
  }

  bool write(const Place& place) {
    if (!is_file(place.what)) return false;
    std::string& text = now_.contents[place.what];
    const std::uint64_t offset = draw(2) == 0 ? text.size() : draw(3 * page_size);
    const std::string piece(1 + draw(2 * page_size), static_cast<char>('A' + draw(26)));
    folder.write(place.path, offset, piece);
    text.resize(std::max<std::size_t>(text.size(), offset + piece.size()));
    text.replace(offset, piece.size(), piece);
    return true;
  }

  bool cut(const Place& place) {
    if (!is_file(place.what)) return false;
    const std::uint64_t size = draw(2 * page_size);
    folder.truncate(place.path, size);
    now_.contents[place.what].resize(size);
    return true;
  }

  bool inside(Id above, Id below) const {
    if (above == below) return true;
    const auto found = now_.tree.find(above);
    if (found == now_.tree.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(),
                       [&](const auto& each) { return inside(each.second, below); });
  }

  bool rename(const Place& from, const Place& to) {
    if (from.what == nobody || from.what == to.what || inside(from.what, to.folder)) return false;
    if (to.what != nobody && is_folder(from.what) != is_folder(to.what)) return false;
    if (is_folder(to.what) && !now_.tree[to.what].empty()) return false;
    folder.rename(from.path, to.path);
    now_.tree[from.folder].erase(from.name);
    now_.tree[to.folder][to.name] = from.what;
    return true;
  }

  bool link(const Place& from, const Place& to) {
    if (!is_file(from.what) || to.what != nobody) return false;
    folder.link(from.path, to.path);
    now_.tree[to.folder][to.name] = from.what;
    return true;
  }

  bool remove(const Place& place) {
    if (place.what == nobody || (is_folder(place.what) && !now_.tree[place.what].empty())) return false;
    is_folder(place.what) ? folder.remove_folder(place.path) : folder.unlink(place.path);
    now_.tree[place.folder].erase(place.name);
    return true;
  }

  bool sync_file(const Place& place) {
    if (!is_file(place.what)) return false;
    folder.sync(place.path, draw(2) == 0);
    synced_[place.what] = last_sync_ = versions_.size() - 1;
    return true;
  }

  bool sync_folder(const Place& place) {
    folder.sync_folder(place.folder_path);
    synced_[place.folder] = last_sync_ = versions_.size() - 1;
    return true;
  }

  core::DrawStream draws_;
  std::uint64_t ordinal_ = 0;
  Id last_id_ = root_id;
  std::vector<Version> versions_;
  Version now_;
  std::map<Id, std::size_t> synced_;
  std::size_t last_sync_ = 0;
};

Id id_of(const std::filesystem::path& path) {
  std::array<char, 16> text{};
  return ::getxattr(path.c_str(), "user.id", text.data(), text.size() - 1) > 0 ? std::atoi(text.data()) : -1;
}

Version read_back(const ShadowedFolder& folder) {
  Version found;
  found.tree[root_id];
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.root())) {
    const Id id = id_of(entry.path());
    found.tree[id_of(entry.path().parent_path())][entry.path().filename()] = id;
    if (entry.is_directory()) {
      found.tree[id];
    } else {
      found.contents[id] = folder.read(std::filesystem::relative(entry.path(), folder.root()));
    }
  }
  return found;
}

/// Only what can be reached.
Version reachable(const Version& version, Id from = root_id) {
  Version found;
  found.tree[from];
  for (const auto& [name, id] : version.tree.at(from)) {
    found.tree[from][name] = id;
    if (!version.tree.contains(id)) {
      found.contents[id] = version.contents.at(id);
      continue;
    }
    const Version below = reachable(version, id);
    found.tree.insert(below.tree.begin(), below.tree.end());
    found.contents.insert(below.contents.begin(), below.contents.end());
  }
  return found;
}

/// Each name means something that it meant when its folder was last synced, or after.
std::string names_permitted(const Pair& pair, const Version& left) {
  const auto& versions = pair.versions();
  for (const auto& [folder, names] : left.tree) {
    std::map<std::string, std::set<Id>> allowed;
    for (std::size_t i = pair.synced(folder); i < versions.size(); ++i) {
      const auto known = versions[i].tree.find(folder);
      for (char name = 'a'; name < 'e'; ++name) {
        const std::string text(1, name);
        const bool there = known != versions[i].tree.end() && known->second.contains(text);
        allowed[text].insert(there ? known->second.at(text) : nobody);
      }
    }
    for (const auto& [name, ids] : allowed) {
      const Id is = names.contains(name) ? names.at(name) : nobody;
      if (!ids.contains(is)) return fmt::format("folder {}: \"{}\" is {}", folder, name, is);
    }
  }
  return "";
}

/// Each byte is one that was there when the file was last synced, or after; or nothing, where a size came first.
std::string bytes_permitted(const Pair& pair, const Version& left) {
  const auto& versions = pair.versions();
  for (const auto& [id, text] : left.contents) {
    std::vector<const std::string*> since;
    for (std::size_t i = pair.synced(id); i < versions.size(); ++i)
      if (const auto found = versions[i].contents.find(id); found != versions[i].contents.end())
        if (since.empty() || *since.back() != found->second) since.push_back(&found->second);
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool permitted = std::any_of(since.begin(), since.end(), [&](const std::string* each) {
        return at < each->size() ? (*each)[at] == text[at] : text[at] == '\0';
      });
      if (!permitted) return fmt::format("file {}: byte {} is {}", id, at, static_cast<int>(text[at]));
    }
    if (since.size() == 1 && *since[0] != text) return fmt::format("file {} was synced and is not the same", id);
    std::size_t largest = 0;
    for (const std::string* each : since) largest = std::max(largest, each->size());
    if (text.size() > largest) return fmt::format("file {} is larger than ever", id);
  }
  return "";
}

/// Some version from `first` on is as what is left, in names alone or in content too.
bool was_ever(const Pair& pair, std::size_t first, const Version& left, bool with_contents) {
  const auto& versions = pair.versions();
  return std::any_of(versions.begin() + static_cast<std::ptrdiff_t>(first), versions.end(), [&](const Version& each) {
    const Version whole = reachable(each);
    return whole.tree == left.tree && (!with_contents || whole.contents == left.contents);
  });
}

/// What a model says beyond POSIX.
std::string permitted_by(Model model, const Pair& pair, const Version& left) {
  if (model == Model::prefix && !was_ever(pair, pair.last_sync(), left, true)) return "no state that ever was";
  // A sync of a folder in which nothing has changed writes no journal, so that names elsewhere may be older.
  if (model == Model::ext4_ordered && !was_ever(pair, 0, left, false)) return "names are not as they ever were";
  if (model == Model::lazyfs && reachable(pair.versions().back()).tree != left.tree) return "names were lost";
  return "";
}

class DurabilityModel : public ::testing::TestWithParam<Model> {};

TEST_P(DurabilityModel, WhatIsLeftIsPermitted) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    Pair pair(seed);
    const std::uint64_t steps = 5 + seed % 60;
    for (std::uint64_t i = 0; i < steps; ++i) pair.step();
    std::optional<std::int64_t> keep;
    if (seed % 5 == 0) keep = 0;
    static_cast<void>(pair.folder.cut(GetParam(), keep, seed));
    const Version left = read_back(pair.folder);
    ASSERT_FALSE(left.tree.contains(-1)) << "seed " << seed << ": something has no number";
    ASSERT_EQ(names_permitted(pair, left), "") << "seed " << seed;
    ASSERT_EQ(bytes_permitted(pair, left), "") << "seed " << seed;
    ASSERT_EQ(permitted_by(GetParam(), pair, left), "") << "seed " << seed;
  }
}

std::string model_name(const ::testing::TestParamInfo<Model>& tested) {
  constexpr std::array names{"strict_posix", "ext4_ordered", "prefix", "lazyfs"};
  return names.at(static_cast<std::size_t>(tested.param));
}

INSTANTIATE_TEST_SUITE_P(Each, DurabilityModel,
                         ::testing::Values(Model::strict_posix, Model::ext4_ordered, Model::prefix, Model::lazyfs),
                         model_name);

}  // namespace
}  // namespace withstand::lab::disk::testing
