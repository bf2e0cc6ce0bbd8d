#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lab/disk/durability/crash_model.hpp"
#include "lab/disk/durability/shadow.hpp"

namespace withstand::lab::disk {

/// Brings a folder from what programs saw into what a disk has after a cut: undoes what did not survive. Nobody else
/// may use the folder meanwhile, nor the shadow afterwards. Throws SystemError.
class CrashState {
 public:
  /// `scratch`: an empty folder on the same file system; what is in it when this is done was lost.
  CrashState(Shadow& shadow, const Survivors& survivors, os::Fd scratch);
  void make();

 private:
  struct Slot {
    Assignment first;  ///< the folder, the name and what it meant before the list began
    TrackedFile now, then;
  };
  using Place = std::pair<FileId, std::string>;

  void restore_data(Tracked& file);
  void redo(const Tracked& file, const PendingOperation& operation, const SavedBytes& bytes) const;
  [[nodiscard]] SavedBytes surviving_bytes(const Tracked& file, const PendingOperation& operation) const;

  void find_slots();
  void take_away();
  void make_lost_folders();
  void put(const Slot& slot);
  [[nodiscard]] bool make_again(Tracked& file, int folder, const char* name) const;
  [[nodiscard]] std::string scratch_name() { return std::to_string(++last_name_); }

  void restore_attributes();

  Shadow& shadow_;
  const PendingOperations& operations_;
  const Survivors& survivors_;
  os::Fd scratch_;
  std::uint64_t last_name_ = 0;
  std::map<Place, Slot> slots_;
  std::map<const Tracked*, std::string> set_aside_;  ///< folders: their names in the scratch folder
};

}  // namespace withstand::lab::disk
