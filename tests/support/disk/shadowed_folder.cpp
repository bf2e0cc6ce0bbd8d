#include "support/disk/shadowed_folder.hpp"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/xattr.h>

#include "lab/disk/durability/attributes.hpp"
#include "os/check.hpp"

namespace withstand::lab::disk::testing {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

ShadowedFolder::ShadowedFolder(std::size_t most_operations) {
  std::string text = std::filesystem::temp_directory_path() / "shadowed-XXXXXX";
  os::check_pointer("make a folder", ::mkdtemp(text.data()));
  root_ = text + "/data";
  std::filesystem::create_directory(root_);
  folder_ = os::Fd(os::check("open it", ::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
  Shadow::Options options;
  options.store = os::Fd(os::check("make a store", ::open(text.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600)));
  options.most_operations = most_operations;
  shadow_ = std::make_unique<Shadow>(std::move(options));
}

ShadowedFolder::~ShadowedFolder() { std::filesystem::remove_all(std::filesystem::path(root_).parent_path()); }

os::Fd ShadowedFolder::open_path(const std::string& path) const {
  return os::Fd(os::check("open " + path,
                          ::openat(folder_.get(), path.empty() ? "." : path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)));
}

void ShadowedFolder::named(Operation what, const std::string& path, const Entry& before) {
  const os::Fd folder = open_path(folder_of(path));
  const std::string name = name_of(path);
  const Entry now = entry_at(folder.get(), name.c_str());
  const std::array<Shadow::NameChange, 1> changes{{{folder.get(), name, &before, &now}}};
  shadow_->named(what, changes, path);
}

void ShadowedFolder::create(const std::string& path) {
  const os::Fd made(os::check("create", ::open(at(path).c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644)));
  named(Operation::create, path, Entry());
}

void ShadowedFolder::make_folder(const std::string& path) {
  os::check("make a folder", ::mkdir(at(path).c_str(), 0755));
  named(Operation::mkdir, path, Entry());
}

void ShadowedFolder::write(const std::string& path, std::uint64_t offset, const std::string& text, bool synced_data) {
  const os::Fd file = open_path(path);
  const os::Fd open(os::check("open", ::open(at(path).c_str(), O_RDWR | O_CLOEXEC)));
  Shadow::DataChange change;
  change.path = file.get();
  change.offset = offset;
  change.length = text.size();
  change.name = path;
  change.synced_data = synced_data;
  os::check("write", shadow_->change(change, [&] {
    return ::pwrite(open.get(), text.data(), text.size(), static_cast<off_t>(offset));
  }));
}

void ShadowedFolder::truncate(const std::string& path, std::uint64_t size) {
  const os::Fd file = open_path(path);
  Shadow::DataChange change;
  change.what = Operation::truncate;
  change.path = file.get();
  change.offset = size;
  change.name = path;
  os::check("truncate",
            shadow_->change(change, [&] { return ::truncate(at(path).c_str(), static_cast<off_t>(size)); }));
}

void ShadowedFolder::allocate(const std::string& path, int mode, std::uint64_t offset, std::uint64_t length) {
  const os::Fd file = open_path(path);
  const os::Fd open(os::check("open", ::open(at(path).c_str(), O_RDWR | O_CLOEXEC)));
  Shadow::DataChange change;
  change.what = Operation::fallocate;
  change.path = file.get();
  change.offset = offset;
  change.length = length;
  change.mode = mode;
  change.name = path;
  os::check("allocate", shadow_->change(change, [&] {
    return ::fallocate(open.get(), mode, static_cast<off_t>(offset), static_cast<off_t>(length));
  }));
}

void ShadowedFolder::rename(const std::string& path, const std::string& new_path) {
  const os::Fd from = open_path(folder_of(path)), to = open_path(folder_of(new_path));
  const std::string name = name_of(path), new_name = name_of(new_path);
  const Entry what = entry_at(from.get(), name.c_str()), replaced = entry_at(to.get(), new_name.c_str());
  os::check("rename", ::renameat(from.get(), name.c_str(), to.get(), new_name.c_str()));
  const std::array<Shadow::NameChange, 2> changes{
      {{from.get(), name, &what, nullptr}, {to.get(), new_name, &replaced, &what}}};
  shadow_->named(Operation::rename, changes, path, new_path);
}

void ShadowedFolder::link(const std::string& path, const std::string& new_path) {
  os::check("link", ::link(at(path).c_str(), at(new_path).c_str()));
  named(Operation::link, new_path, Entry());
}

void ShadowedFolder::remove(Operation what, const std::string& path, int flags) {
  const os::Fd folder = open_path(folder_of(path));
  const Entry before = entry_at(folder.get(), name_of(path).c_str());
  os::check("remove", ::unlinkat(folder.get(), name_of(path).c_str(), flags));
  named(what, path, before);
}

void ShadowedFolder::unlink(const std::string& path) { remove(Operation::unlink, path, 0); }
void ShadowedFolder::remove_folder(const std::string& path) { remove(Operation::rmdir, path, AT_REMOVEDIR); }

void ShadowedFolder::change_mode(const std::string& path, mode_t mode) {
  const os::Fd file = open_path(path);
  os::check("change a mode",
            shadow_->change_attributes(file.get(), path, [&] { return ::chmod(at(path).c_str(), mode); }));
}

void ShadowedFolder::set_extended(const std::string& path, const char* name, const std::string& value) {
  const os::Fd file = open_path(path);
  os::check("set an attribute", shadow_->change_extended(file.get(), path, name, [&] {
    return ::setxattr(at(path).c_str(), name, value.data(), value.size(), 0);
  }));
}

void ShadowedFolder::sync(const std::string& path, bool data_only) {
  shadow_->synced(open_path(path).get(), data_only, shadow_->mark());
}
void ShadowedFolder::sync_folder(const std::string& path) {
  shadow_->folder_synced(open_path(path).get(), shadow_->mark());
}

void ShadowedFolder::sync_fails(const std::string& path, const Shadow::SyncFailure& failure) {
  shadow_->sync_failed(open_path(path).get(), failure);
}

core::PowerLossEffect ShadowedFolder::cut(core::PowerLoss::Model model, std::optional<std::int64_t> keep_ppb,
                                          std::uint64_t seed, const std::string& manifest) {
  core::PowerLoss loss;
  loss.fault = "cut";
  loss.seed = seed;
  loss.model = model;
  loss.keep_ppb = keep_ppb;
  loss.manifest = manifest;
  return lose_power(*shadow_, folder_.get(), loss, "n1", std::chrono::steady_clock::now().time_since_epoch());
}

std::string ShadowedFolder::read(const std::string& path) const {
  std::ifstream file(at(path));
  if (!file) return "there is none";
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool ShadowedFolder::exists(const std::string& path) const {
  struct stat status {};
  return ::lstat(at(path).c_str(), &status) == 0;
}

}  // namespace withstand::lab::disk::testing
