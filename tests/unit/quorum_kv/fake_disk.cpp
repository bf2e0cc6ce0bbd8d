#include "fake_disk.hpp"

#include <algorithm>
#include <utility>

namespace quorum_kv::testing {

namespace {

void apply(std::string& content, std::uint64_t offset, std::string_view bytes) {
  content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()), '\0');
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

class FakeDisk::Handle : public File {
 public:
  Handle(FakeDisk& disk, std::shared_ptr<Inode> inode) : disk_(disk), inode_(std::move(inode)) {}

  std::string read_all() override { return inode_->seen; }

  void write_at(std::uint64_t offset, std::string_view bytes) override {
    inode_->unsynced.push_back({offset, std::string(bytes)});
    disk_.step();
    apply(inode_->seen, offset, bytes);
  }

  void sync() override {
    disk_.step();
    if (--disk_.until_sync_failure_ == 0) {
      // As ext4 does it: the pages count as clean, a process sees the new content, and the disk has the old one.
      inode_->unsynced.clear();
      throw StorageError("sync failed, as asked");
    }
    inode_->unsynced.clear();
    inode_->durable = inode_->seen;
    disk_.on_sync();
  }

 private:
  FakeDisk& disk_;
  std::shared_ptr<Inode> inode_;
};

class FakeDisk::Listing : public Directory {
 public:
  explicit Listing(FakeDisk& disk) : disk_(disk) {}

  std::vector<std::string> list() override {
    std::vector<std::string> names;
    for (const auto& [name, inode] : disk_.names_) names.push_back(name);
    return names;
  }
  std::unique_ptr<File> create(const std::string& name) override {
    disk_.names_[name] = std::make_shared<Inode>();
    disk_.name_history_.push_back(disk_.names_);
    return open(name);
  }
  std::unique_ptr<File> open(const std::string& name) override {
    return std::make_unique<Handle>(disk_, disk_.names_.at(name));
  }
  void rename(const std::string& from, const std::string& to) override {
    disk_.step();
    disk_.names_[to] = disk_.names_.at(from);
    disk_.names_.erase(from);
    disk_.name_history_.push_back(disk_.names_);
  }
  void sync() override {
    disk_.step();
    disk_.name_history_ = {disk_.names_};
  }

 private:
  FakeDisk& disk_;
};

std::unique_ptr<Directory> FakeDisk::directory() {
  if (name_history_.empty()) name_history_.push_back(names_);
  return std::make_unique<Listing>(*this);
}

void FakeDisk::step() {
  if (--until_cut_ == 0) throw PowerCut{};
}

void FakeDisk::lose_power() {
  until_cut_ = ~std::uint64_t{0};
  names_ = name_history_.at(draw(name_history_.size()));
  name_history_ = {names_};
  for (auto& [name, inode] : names_) {
    std::string left = inode->durable;
    for (const Write& write : inode->unsynced) {
      if (draw(3) == 0) continue;
      const std::uint64_t cut = draw(2) == 0 ? write.bytes.size() : draw(write.bytes.size() + 1);
      // Of a torn write either end may be what arrived.
      const bool tail = draw(2) == 0;
      const std::string_view kept = std::string_view(write.bytes).substr(tail ? write.bytes.size() - cut : 0, cut);
      if (!kept.empty()) apply(left, write.offset + (tail ? write.bytes.size() - cut : 0), kept);
    }
    inode->unsynced.clear();
    inode->seen = inode->durable = left;
  }
}

void FakeDisk::put(const std::string& name, const std::string& content) {
  names_[name] = std::make_shared<Inode>(Inode{content, content, {}});
  name_history_ = {names_};
}

}  // namespace quorum_kv::testing
