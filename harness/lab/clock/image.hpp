#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "lab/clock/page_layout.h"

/// The two vDSOs: ours, which is part of this program, and the kernel's, which it calls.
namespace withstand::lab::clock {

/// The file of the image, as it is mapped from its beginning.
std::span<const std::byte> image();
/// Where in the image a function of its dynamic symbol table begins; throws std::logic_error when there is none.
std::uint64_t image_symbol(std::string_view name);

/// The kernel's vDSO, the same in every 64-bit process of one kernel but for its address. Found in this process.
class KernelVdso {
 public:
  /// Throws std::runtime_error when this process has none (a kernel started with vdso=0), or without a system call in
  /// it.
  KernelVdso();
  /// What the image must know of it in a process where it lies at `address`.
  [[nodiscard]] ws_clock_process process_page(std::uint64_t address) const;
  /// Where a `syscall` instruction lies in it.
  [[nodiscard]] std::uint64_t system_call_offset() const { return system_call_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// False where reading a clock means a system call: no clock source that user space can read.
  [[nodiscard]] bool reads_in_user_space() const { return user_space_; }

 private:
  ws_clock_process offsets_{};  ///< of its functions from its beginning; zero: none
  std::uint64_t size_ = 0, system_call_ = 0;
  bool user_space_ = true;
};

}  // namespace withstand::lab::clock
