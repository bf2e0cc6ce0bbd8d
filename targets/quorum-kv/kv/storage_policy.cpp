#include "kv/storage_policy.hpp"

#include <utility>

namespace quorum_kv {

namespace {

class CarelessFile : public File {
 public:
  CarelessFile(std::unique_ptr<File> file, const Bugs& bugs) : file_(std::move(file)), bugs_(bugs) {}
  std::string read_all() override { return file_->read_all(); }
  void write_at(std::uint64_t offset, std::string_view bytes) override { file_->write_at(offset, bytes); }
  void sync() override {
    if (bugs_.no_fsync) return;
    try {
      file_->sync();
    } catch (const StorageError&) {
      if (!bugs_.ignore_fsync_error) throw;
    }
  }

 private:
  std::unique_ptr<File> file_;
  Bugs bugs_;
};

class CarelessDirectory : public Directory {
 public:
  CarelessDirectory(std::unique_ptr<Directory> directory, const Bugs& bugs)
      : directory_(std::move(directory)), bugs_(bugs) {}
  std::vector<std::string> list() override { return directory_->list(); }
  std::unique_ptr<File> create(const std::string& name) override {
    return std::make_unique<CarelessFile>(directory_->create(name), bugs_);
  }
  std::unique_ptr<File> open(const std::string& name) override {
    return std::make_unique<CarelessFile>(directory_->open(name), bugs_);
  }
  void rename(const std::string& from, const std::string& to) override { directory_->rename(from, to); }
  void sync() override {
    if (!bugs_.no_dir_sync && !bugs_.no_fsync) directory_->sync();
  }

 private:
  std::unique_ptr<Directory> directory_;
  Bugs bugs_;
};

}  // namespace

std::unique_ptr<Directory> with_bugs(std::unique_ptr<Directory> directory, const Bugs& bugs) {
  if (!bugs.no_fsync && !bugs.no_dir_sync && !bugs.ignore_fsync_error) return directory;
  return std::make_unique<CarelessDirectory>(std::move(directory), bugs);
}

Log::Opened open_log(std::unique_ptr<Directory> directory, const Log::Owner& owner, bool init, const Bugs& bugs) {
  auto disk = with_bugs(std::move(directory), bugs);
  if (init) return Log::create(std::move(disk), owner);
  const Strictness strictness{!bugs.no_checksum, !bugs.truncate_damage};
  Log::Opened opened = Log::open(std::move(disk), owner, strictness);
  if (bugs.forget_on_restart) {
    opened.records.clear();
    opened.log.rewrite({});
  }
  return opened;
}

}  // namespace quorum_kv
