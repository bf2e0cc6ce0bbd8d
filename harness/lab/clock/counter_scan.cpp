#include "lab/clock/counter_scan.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <span>

#include <sys/mman.h>
#include <sys/stat.h>

#include "os/fd.hpp"

namespace withstand::lab::clock {
namespace {

using Bytes = std::span<const unsigned char>;

/// How far behind the instruction the halves are put together at most, in bytes.
constexpr std::size_t reach = 24;

class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0 || status.st_size <= 0) return;
    size_ = static_cast<std::size_t>(status.st_size);
    void* place = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (place != MAP_FAILED) bytes_ = static_cast<const unsigned char*>(place);
  }
  ~MappedFile() {
    if (bytes_ != nullptr) ::munmap(const_cast<unsigned char*>(bytes_), size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  [[nodiscard]] Bytes bytes() const { return bytes_ == nullptr ? Bytes() : Bytes(bytes_, size_); }

 private:
  const unsigned char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// shl $32, %rdx
bool puts_halves_together(Bytes code) {
  constexpr std::array<unsigned char, 4> shift{0x48, 0xc1, 0xe2, 0x20};
  return std::search(code.begin(), code.end(), shift.begin(), shift.end()) != code.end();
}

bool reads_counter(Bytes code) {
  for (std::size_t at = 0; at + 2 < code.size(); ++at) {
    const void* next = std::memchr(code.data() + at, 0x0f, code.size() - at - 2);
    if (next == nullptr) return false;
    at = static_cast<std::size_t>(static_cast<const unsigned char*>(next) - code.data());
    const bool plain = code[at + 1] == 0x31, with_processor = code[at + 1] == 0x01 && code[at + 2] == 0xf9;
    if ((plain || with_processor) && puts_halves_together(code.subspan(at, std::min(reach, code.size() - at))))
      return true;
  }
  return false;
}

template <class T>
bool take(Bytes file, std::uint64_t offset, T& value) {
  if (offset > file.size() || file.size() - offset < sizeof value) return false;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return true;
}

}  // namespace

bool reads_time_stamp_counter(const std::string& path) {
  const MappedFile mapped(path);
  const Bytes file = mapped.bytes();
  Elf64_Ehdr header{};
  if (!take(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) return false;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!take(file, header.e_phoff + i * sizeof segment, segment)) return false;
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0 || segment.p_offset > file.size()) continue;
    const auto size = std::min<std::uint64_t>(segment.p_filesz, file.size() - segment.p_offset);
    if (reads_counter(file.subspan(segment.p_offset, size))) return true;
  }
  return false;
}

}  // namespace withstand::lab::clock
