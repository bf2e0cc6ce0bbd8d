#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/disk.hpp"
#include "core/draw.hpp"
#include "lab/disk/durability/power_loss.hpp"
#include "lab/disk/durability/shadow.hpp"

namespace withstand::lab::disk::testing {

/// A folder whose operations go through a shadow, without a mount: each call does what the kernel would have asked for.
/// Paths are from the folder. Calls throw SystemError.
class ShadowedFolder {
 public:
  explicit ShadowedFolder(std::size_t most_operations = 200'000);
  ~ShadowedFolder();
  ShadowedFolder(const ShadowedFolder&) = delete;
  ShadowedFolder& operator=(const ShadowedFolder&) = delete;

  [[nodiscard]] std::string root() const { return root_; }
  [[nodiscard]] std::string at(const std::string& path) const { return root_ + "/" + path; }
  [[nodiscard]] Shadow& shadow() { return *shadow_; }

  void create(const std::string& path);
  void make_folder(const std::string& path);
  void write(const std::string& path, std::uint64_t offset, const std::string& text, bool synced_data = false);
  void truncate(const std::string& path, std::uint64_t size);
  void allocate(const std::string& path, int mode, std::uint64_t offset, std::uint64_t length);
  void rename(const std::string& path, const std::string& new_path);
  void link(const std::string& path, const std::string& new_path);
  void unlink(const std::string& path);
  void remove_folder(const std::string& path);
  void change_mode(const std::string& path, mode_t mode);
  void set_extended(const std::string& path, const char* name, const std::string& value);
  void sync(const std::string& path, bool data_only = false);
  void sync_folder(const std::string& path = "");
  void sync_fails(const std::string& path, const Shadow::SyncFailure& failure);

  /// The power goes now.
  core::PowerLossEffect cut(core::PowerLoss::Model model, std::optional<std::int64_t> keep_ppb = {},
                            std::uint64_t seed = 1, const std::string& manifest = {});
  [[nodiscard]] std::string read(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const;

 private:
  [[nodiscard]] os::Fd open_path(const std::string& path) const;
  void named(Operation what, const std::string& path, const Entry& before);
  void remove(Operation what, const std::string& path, int flags);

  std::string root_;
  os::Fd folder_;
  std::unique_ptr<Shadow> shadow_;
};

}  // namespace withstand::lab::disk::testing
