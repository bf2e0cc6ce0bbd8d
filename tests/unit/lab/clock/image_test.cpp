#include "lab/clock/image.hpp"

#include <cstring>
#include <elf.h>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "lab/clock/domain_file.hpp"
#include "lab/clock/machine_time.hpp"
#include "lab/clock/shapes.hpp"

namespace withstand::lab::clock {
namespace {

template <class T>
T at(std::uint64_t offset) {
  T value{};
  std::memcpy(&value, image().data() + offset, sizeof value);
  return value;
}

std::vector<Elf64_Phdr> segments() {
  const auto header = at<Elf64_Ehdr>(0);
  std::vector<Elf64_Phdr> all;
  for (unsigned i = 0; i < header.e_phnum; ++i) all.push_back(at<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr)));
  return all;
}

std::multimap<std::int64_t, std::uint64_t> dynamic() {
  std::multimap<std::int64_t, std::uint64_t> entries;
  for (const auto& segment : segments()) {
    if (segment.p_type != PT_DYNAMIC) continue;
    for (std::uint64_t place = segment.p_offset; place < segment.p_offset + segment.p_filesz;
         place += sizeof(Elf64_Dyn)) {
      const auto entry = at<Elf64_Dyn>(place);
      if (entry.d_tag != DT_NULL) entries.emplace(entry.d_tag, entry.d_un.d_val);
    }
  }
  return entries;
}

TEST(ClockImage, IsOneSegmentAtZeroWithItsOwnHeaders) {
  int loads = 0;
  for (const auto& segment : segments()) {
    EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_INTERP));
    if (segment.p_type != PT_LOAD) continue;
    ++loads;
    EXPECT_EQ(segment.p_offset, 0U);
    EXPECT_EQ(segment.p_vaddr, 0U);
    EXPECT_EQ(segment.p_flags, static_cast<Elf64_Word>(PF_R | PF_X));
    EXPECT_EQ(segment.p_filesz, segment.p_memsz);
    EXPECT_GE(segment.p_filesz, at<Elf64_Ehdr>(0).e_phoff + segments().size() * sizeof(Elf64_Phdr));
    EXPECT_LE(segment.p_memsz, WS_CLOCK_IMAGE_SIZE);
  }
  EXPECT_EQ(loads, 1);
}

TEST(ClockImage, HasWhatCLibrariesLookForAndNothingToRelocate) {
  const auto entries = dynamic();
  for (const std::int64_t needed : {DT_SYMTAB, DT_STRTAB, DT_HASH, DT_GNU_HASH, DT_VERSYM, DT_VERDEF})
    EXPECT_EQ(entries.count(needed), 1U) << needed;
  for (const std::int64_t refused : {DT_RELA, DT_REL, DT_JMPREL, DT_PLTGOT, DT_NEEDED, DT_TEXTREL, DT_INIT})
    EXPECT_EQ(entries.count(refused), 0U) << refused;
  for (const char* name : {"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time", "__vdso_clock_getres",
                           "__vdso_getcpu", "__vdso_getrandom", "clock_gettime", "gettimeofday", "time"})
    EXPECT_GT(image_symbol(name), 0U) << name;
}

TEST(ClockImage, NamesItsVersionAsTheKernelDoes) {
  const auto entries = dynamic();
  const auto strings = entries.find(DT_STRTAB)->second;
  std::string versions;
  for (std::uint64_t place = entries.find(DT_VERDEF)->second;;) {
    const auto version = at<Elf64_Verdef>(place);
    const auto name = at<Elf64_Verdaux>(place + version.vd_aux);
    versions += std::string(reinterpret_cast<const char*>(image().data()) + strings + name.vda_name) + " ";
    if (version.vd_next == 0) break;
    place += version.vd_next;
  }
  EXPECT_EQ(versions, "linux-vdso.so.1 LINUX_2.6 ");
}

/// The image at its place in this very process, as if it had been injected.
class MappedImage : public ::testing::Test {
 protected:
  MappedImage() {
    void* image = ::mmap(reinterpret_cast<void*>(WS_CLOCK_BASE), WS_CLOCK_SHARED_OFFSET,
                         PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, file_.descriptor(), 0);
    void* page = ::mmap(reinterpret_cast<void*>(WS_CLOCK_SHARED_PAGE), WS_CLOCK_SHARED_SIZE, PROT_READ,
                        MAP_SHARED | MAP_FIXED_NOREPLACE, file_.descriptor(), WS_CLOCK_SHARED_OFFSET);
    mapped_ = image != MAP_FAILED && page != MAP_FAILED;
    if (!mapped_) return;
    const auto own = vdso_.process_page(::getauxval(AT_SYSINFO_EHDR));
    std::memcpy(reinterpret_cast<void*>(WS_CLOCK_PROCESS_PAGE), &own, sizeof own);
  }
  ~MappedImage() override {
    ::munmap(reinterpret_cast<void*>(WS_CLOCK_BASE), WS_CLOCK_SHARED_OFFSET + WS_CLOCK_SHARED_SIZE);
  }
  void SetUp() override { ASSERT_TRUE(mapped_) << std::strerror(errno); }

  static Ns read(int id) {
    const auto function =
        reinterpret_cast<int (*)(int, timespec*)>(WS_CLOCK_BASE + image_symbol("__vdso_clock_gettime"));
    timespec now{};
    EXPECT_EQ(function(id, &now), 0);
    EXPECT_GE(now.tv_nsec, 0);
    EXPECT_LT(now.tv_nsec, second);
    return now.tv_sec * second + now.tv_nsec;
  }
  static Ns real(int id) {
    timespec now{};
    ::clock_gettime(id, &now);
    return now.tv_sec * second + now.tv_nsec;
  }

  DomainFile file_;
  KernelVdso vdso_;
  bool mapped_ = false;
};

TEST_F(MappedImage, ShowsTheMachinesClocksAtFirst) {
  for (const int id : {0, 1, 4, 5, 6, 7, 11, CLOCK_PROCESS_CPUTIME_ID}) {
    const Ns before = real(id);
    const Ns shown = read(id);
    EXPECT_LE(before, shown) << id;
    EXPECT_LE(shown, real(id)) << id;
  }
}

TEST_F(MappedImage, ShowsTheDomainsClocksInEveryOfTheirKinds) {
  Domain domain(machine_time());
  Share ahead;
  ahead.deviation = offset(steady_now(), 3'600 * second);
  domain.add(ahead, steady_now());
  file_.publish(domain, steady_now());
  for (const int id : {CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI, CLOCK_REALTIME_ALARM}) {
    const int true_one = id == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : id;
    const Ns before = real(true_one);
    const Ns shown = read(id) - 3'600 * second;
    EXPECT_LE(before - 1'000, shown) << id;
    EXPECT_LE(shown, real(true_one) + 1'000) << id;
  }
  for (const int id : {CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
    const Ns shown = read(id);
    EXPECT_LE(shown, real(id)) << id;
  }
}

TEST_F(MappedImage, TheCoarseClockNeverShowsWhatWasBeforeTheSwitch) {
  for (int round = 0; round < 200; ++round) {
    Domain domain(machine_time());
    Share ahead;
    const Ns at = steady_now() + 100'000;
    ahead.deviation = offset(at, 3'600 * second);
    domain.add(ahead, steady_now());
    file_.publish(domain, steady_now());
    if (steady_now() >= at) continue;  // a slow machine: what was before is no part of the page any more
    const Ns due = domain.shown(WS_WALL, at);
    while (real(CLOCK_MONOTONIC) < at) {
    }
    EXPECT_GE(read(CLOCK_REALTIME_COARSE), due);
    EXPECT_LE(read(CLOCK_REALTIME_COARSE), read(CLOCK_REALTIME));
  }
}

TEST_F(MappedImage, FastOrFrozenItAgreesWithTheModel) {
  Domain domain(machine_time());
  Share fast;
  fast.lines = every_line;
  fast.deviation = drift(steady_now(), 999 * true_rate);
  domain.add(fast, steady_now());
  file_.publish(domain, steady_now());
  for (const int id : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
    const auto line = id == CLOCK_REALTIME ? WS_WALL : id == CLOCK_MONOTONIC ? WS_STEADY : WS_BOOT;
    const Ns before = domain.shown(line, steady_now());
    const Ns shown = read(id);
    EXPECT_LE(before, shown);
    EXPECT_LE(shown, domain.shown(line, steady_now()));
  }
}

}  // namespace
}  // namespace withstand::lab::clock
