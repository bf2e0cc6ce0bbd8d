#include "lab/clock/domain_file.hpp"

#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>

#include "lab/clock/image.hpp"
#include "os/check.hpp"

namespace withstand::lab::clock {
namespace {

constexpr auto file_size = WS_CLOCK_SHARED_OFFSET + WS_CLOCK_SHARED_SIZE;

}  // namespace

DomainFile::DomainFile()
    : fd_(os::check("make a clock page", ::memfd_create("withstand-clock", MFD_CLOEXEC | MFD_ALLOW_SEALING))) {
  os::check("size a clock page", ::ftruncate(fd_.get(), static_cast<off_t>(file_size)));
  const auto bytes = image();
  if (bytes.size() > WS_CLOCK_IMAGE_SIZE) throw std::logic_error("the clock image does not fit its place");
  os::check("write the clock image", ::pwrite(fd_.get(), bytes.data(), bytes.size(), 0));
  void* place = ::mmap(nullptr, WS_CLOCK_SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(),
                       static_cast<off_t>(WS_CLOCK_SHARED_OFFSET));
  if (place == MAP_FAILED) throw os::SystemError("map a clock page", errno);
  page_ = static_cast<ws_clock_page*>(place);
  page_->magic = WS_CLOCK_MAGIC;
  for (auto& line : page_->line) line.identity = 1;
  next_ = std::make_unique<ws_clock_page>(*page_);
  os::check("seal a clock page",
            ::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
}

DomainFile::~DomainFile() {
  if (page_ != nullptr) ::munmap(page_, WS_CLOCK_SHARED_SIZE);
}

void DomainFile::prepare(Domain& domain, Ns t) { domain.publish(*next_, t); }

void DomainFile::show() {
  const std::atomic_ref<std::uint32_t> sequence(page_->sequence);
  const std::uint32_t before = sequence.load(std::memory_order_relaxed);
  sequence.store(before + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (int i = 0; i < WS_LINES; ++i)
    if (std::memcmp(&page_->line[i], &next_->line[i], sizeof page_->line[i]) != 0) page_->line[i] = next_->line[i];
  sequence.store(before + 2, std::memory_order_release);
}

}  // namespace withstand::lab::clock
