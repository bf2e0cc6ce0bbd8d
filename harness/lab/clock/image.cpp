#include "lab/clock/image.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <sys/auxv.h>

// The image is built before this file, by rules of its own.
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    "withstand_clock_image:\n"
    ".incbin \"" WITHSTAND_CLOCK_IMAGE
    "\"\n"
    "withstand_clock_image_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" {
extern const std::byte image_begin[] __asm__("withstand_clock_image");
extern const std::byte image_end[] __asm__("withstand_clock_image_end");
}

namespace withstand::lab::clock {
namespace {

/// A shared object that lies in memory as its one loadable segment says, read through its dynamic section.
class LoadedObject {
 public:
  explicit LoadedObject(const std::byte* begin) : begin_(begin) {
    const auto header = at<Elf64_Ehdr>(0);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
      const auto segment = at<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
      if (segment.p_type == PT_LOAD) size_ = std::max<std::uint64_t>(size_, segment.p_offset + segment.p_memsz);
      if (segment.p_type == PT_DYNAMIC) read_dynamic(segment.p_offset, segment.p_memsz);
    }
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::byte* begin() const { return begin_; }

  [[nodiscard]] std::optional<std::uint64_t> function(std::string_view name) const {
    // The string table follows the symbol table, as every linker lays them out; the hash tables are two kinds.
    for (std::uint64_t place = symbols_; place + sizeof(Elf64_Sym) <= strings_; place += sizeof(Elf64_Sym)) {
      const auto symbol = at<Elf64_Sym>(place);
      if (symbol.st_value == 0 || symbol.st_name >= strings_size_) continue;
      if (name == reinterpret_cast<const char*>(begin_ + strings_ + symbol.st_name)) return symbol.st_value;
    }
    return std::nullopt;
  }

 private:
  template <class T>
  [[nodiscard]] T at(std::uint64_t offset) const {
    T value;
    std::memcpy(&value, begin_ + offset, sizeof value);
    return value;
  }

  void read_dynamic(std::uint64_t offset, std::uint64_t size) {
    for (std::uint64_t place = offset; place + sizeof(Elf64_Dyn) <= offset + size; place += sizeof(Elf64_Dyn)) {
      const auto entry = at<Elf64_Dyn>(place);
      if (entry.d_tag == DT_SYMTAB) symbols_ = entry.d_un.d_ptr;
      if (entry.d_tag == DT_STRTAB) strings_ = entry.d_un.d_ptr;
      if (entry.d_tag == DT_STRSZ) strings_size_ = entry.d_un.d_val;
    }
  }

  const std::byte* begin_;
  std::uint64_t size_ = 0, symbols_ = 0, strings_ = 0, strings_size_ = 0;
};

/// The kernel shows a clock source to user space where the architecture can read it there.
bool clock_source_is_readable() {
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string name;
  if (!std::getline(file, name)) return true;  // nobody says otherwise
  return name == "tsc" || name == "kvm-clock" || name == "hyperv_clocksource_tsc_page" || name == "arch_sys_counter";
}

}  // namespace

std::span<const std::byte> image() { return {image_begin, static_cast<std::size_t>(image_end - image_begin)}; }

std::uint64_t image_symbol(std::string_view name) {
  static const LoadedObject object(image_begin);
  const auto found = object.function(name);
  if (!found) throw std::logic_error(fmt::format("the clock image has no {}", name));
  return *found;
}

KernelVdso::KernelVdso() : user_space_(clock_source_is_readable()) {
  const auto address = ::getauxval(AT_SYSINFO_EHDR);
  if (address == 0) throw std::runtime_error("the kernel gives its processes no vDSO (it was started with vdso=0?)");
  const LoadedObject object(reinterpret_cast<const std::byte*>(address));
  size_ = object.size();
  offsets_.clock_gettime = object.function("__vdso_clock_gettime").value_or(0);
  offsets_.gettimeofday = object.function("__vdso_gettimeofday").value_or(0);
  offsets_.time = object.function("__vdso_time").value_or(0);
  offsets_.clock_getres = object.function("__vdso_clock_getres").value_or(0);
  offsets_.getcpu = object.function("__vdso_getcpu").value_or(0);
  offsets_.getrandom = object.function("__vdso_getrandom").value_or(0);
  constexpr unsigned char instruction[] = {0x0f, 0x05};
  const auto* bytes = reinterpret_cast<const unsigned char*>(object.begin());
  const auto* found = std::search(bytes, bytes + size_, std::begin(instruction), std::end(instruction));
  if (found == bytes + size_) throw std::runtime_error("the kernel's vDSO holds no system call");
  system_call_ = static_cast<std::uint64_t>(found - bytes);
}

ws_clock_process KernelVdso::process_page(std::uint64_t address) const {
  ws_clock_process page = offsets_;
  page.magic = WS_CLOCK_MAGIC;
  page.vdso = address;
  for (auto* function :
       {&page.clock_gettime, &page.gettimeofday, &page.time, &page.clock_getres, &page.getcpu, &page.getrandom})
    if (*function != 0) *function += address;
  page.system_calls = user_space_ ? 0 : 1;
  return page;
}

}  // namespace withstand::lab::clock
