#include "lab/disk/inode.hpp"

#include <algorithm>
#include <fcntl.h>

#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

constexpr std::uint64_t root_id = 1;  // FUSE_ROOT_ID

}  // namespace

std::size_t InodeTable::Hash::operator()(const Key& key) const {
  const std::uint64_t mixed =
      (static_cast<std::uint64_t>(key.number) ^ (static_cast<std::uint64_t>(key.device) << 32U)) *
      0x9e3779b97f4a7c15ULL;
  return static_cast<std::size_t>(mixed ^ (mixed >> 32U));
}

InodeTable::Shard& InodeTable::shard(const Key& key) { return shards_[(Hash()(key) >> 24U) % shards_.size()]; }

InodeTable::InodeTable(os::Fd root) {
  struct stat status {};
  os::check("stat the folder to mirror", ::fstatat(root.get(), "", &status, AT_EMPTY_PATH));
  root_ = &enter(std::move(root), status);
}

InodeTable::~InodeTable() = default;

Inode& InodeTable::at(std::uint64_t node_id) {
  // Node ids are addresses, as the kernel hands back nothing that it was not given.
  return node_id == root_id ? *root_ : *reinterpret_cast<Inode*>(node_id);  // NOLINT(performance-no-int-to-ptr)
}

std::uint64_t InodeTable::id(const Inode& inode) const {
  return &inode == root_ ? root_id : reinterpret_cast<std::uint64_t>(&inode);
}

Inode* InodeTable::look_up(const struct stat& status) {
  const Key key{status.st_dev, status.st_ino};
  Shard& place = shard(key);
  const std::lock_guard lock(place.mutex);
  const auto found = place.inodes.find(key);
  if (found == place.inodes.end()) return nullptr;
  ++found->second->references_;
  return found->second.get();
}

Inode& InodeTable::enter(os::Fd path, const struct stat& status) {
  const Key key{status.st_dev, status.st_ino};
  Shard& place = shard(key);
  const std::lock_guard lock(place.mutex);
  auto& inode = place.inodes[key];
  if (!inode) inode = std::make_unique<Inode>(std::move(path), status);
  ++inode->references_;
  return *inode;
}

std::vector<Inode*> InodeTable::retain_all() {
  std::vector<Inode*> all;
  for (Shard& place : shards_) {
    const std::lock_guard lock(place.mutex);
    for (const auto& [key, inode] : place.inodes) {
      ++inode->references_;
      all.push_back(inode.get());
    }
  }
  return all;
}

void InodeTable::forget(Inode& inode, std::uint64_t look_ups) {
  if (&inode != root_) release(inode, look_ups);
}

void InodeTable::retain(Inode& inode) {
  Shard& place = shard({inode.device, inode.number});
  const std::lock_guard lock(place.mutex);
  ++inode.references_;
}

/// An inode that goes lets go of the folders it is named in, which may go in turn.
void InodeTable::release(Inode& inode, std::uint64_t count) {
  std::vector<std::pair<Inode*, std::uint64_t>> waiting{{&inode, count}};
  while (!waiting.empty()) {
    const auto [each, times] = waiting.back();
    waiting.pop_back();
    std::unique_ptr<Inode> gone;
    {
      const Key key{each->device, each->number};
      Shard& place = shard(key);
      const std::lock_guard lock(place.mutex);
      each->references_ -= std::min(times, each->references_);
      if (each->references_ > 0 || each == root_) continue;
      gone = std::move(place.inodes.extract(key).mapped());
    }
    for (const Name& name : gone->names_) waiting.emplace_back(name.folder, 1);
  }
}

void InodeTable::add_name(Inode& inode, Inode& folder, std::string_view text) {
  std::vector<Name> replaced;
  {
    const std::lock_guard lock(inode.naming_);
    const bool known = std::any_of(inode.names_.begin(), inode.names_.end(),
                                   [&](const Name& name) { return name.folder == &folder && name.text == text; });
    if (known && !inode.unlinked_) return;
    // A folder has one name; what is remembered of an unlinked file ends when it is named again.
    if (inode.is_folder() || inode.unlinked_) replaced.swap(inode.names_);
    inode.unlinked_ = false;
    retain(folder);
    inode.names_.push_back({&folder, std::string(text)});
    inode.matched_epoch = 0;
  }
  for (const Name& name : replaced) release(*name.folder, 1);
}

void InodeTable::remove_name(Inode& inode, Inode& folder, std::string_view text) {
  {
    const std::lock_guard lock(inode.naming_);
    const auto found = std::find_if(inode.names_.begin(), inode.names_.end(),
                                    [&](const Name& name) { return name.folder == &folder && name.text == text; });
    if (found == inode.names_.end()) return;
    inode.matched_epoch = 0;
    if (inode.names_.size() == 1) {
      inode.unlinked_ = true;
      return;
    }
    inode.names_.erase(found);
  }
  release(folder, 1);
}

void InodeTable::remove_name(const struct stat& status, Inode& folder, std::string_view text) {
  if (Inode* known = look_up(status)) {
    remove_name(*known, folder, text);
    forget(*known, 1);
  }
}

std::optional<Name> InodeTable::first_name(Inode& inode) {
  const std::lock_guard lock(inode.naming_);
  if (inode.names_.empty()) return std::nullopt;
  retain(*inode.names_.front().folder);
  return inode.names_.front();
}

std::string InodeTable::path(Inode& inode) {
  if (&inode == root_) return "";
  auto name = first_name(inode);
  std::string path;
  while (name) {
    path = path.empty() ? name->text : name->text + "/" + path;
    Inode& folder = *name->folder;
    name = &folder == root_ ? std::nullopt : first_name(folder);
    forget(folder, 1);
  }
  return path;
}

std::string InodeTable::path(Inode& folder, std::string_view name) {
  std::string path = this->path(folder);
  return path.empty() ? std::string(name) : path + "/" + std::string(name);
}

std::vector<std::string> InodeTable::paths(Inode& inode) {
  if (&inode == root_) return {""};
  std::vector<Name> names;
  {
    const std::lock_guard lock(inode.naming_);
    names = inode.names_;
    for (const Name& name : names) retain(*name.folder);
  }
  std::vector<std::string> paths;
  for (const Name& name : names) {
    paths.push_back(path(*name.folder, name.text));
    forget(*name.folder, 1);
  }
  return paths;
}

std::size_t InodeTable::size() const {
  std::size_t size = 0;
  for (const Shard& each : shards_) {
    const std::lock_guard lock(each.mutex);
    size += each.inodes.size();
  }
  return size;
}

}  // namespace withstand::lab::disk
