#include "support/disk/sequence.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <map>
#include <set>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "os/fd.hpp"

namespace withstand::lab::disk::testing {
namespace {

constexpr std::size_t most_open = 10;
constexpr std::uint64_t largest_offset = 100'000, largest_write = 20'000;

/// What came of an operation, in words that must be the same on both sides.
struct Outcome {
  long returned = 0;
  int error = 0;
  std::string data;
  bool operator==(const Outcome&) const = default;
  [[nodiscard]] std::string text() const {
    const auto digest = std::hash<std::string>()(data);
    const std::string shown = data.size() <= 200 ? data : fmt::format("{} bytes, digest {:x}", data.size(), digest);
    return fmt::format("{} ({}) [{}]", returned, error == 0 ? "ok" : std::strerror(error), shown);
  }
};

Outcome outcome(long returned) { return {returned, returned < 0 ? errno : 0, ""}; }

std::string facts(const struct stat& status) {
  return fmt::format("mode {:o} links {} owner {}:{} size {}", status.st_mode, status.st_nlink, status.st_uid,
                     status.st_gid, S_ISDIR(status.st_mode) ? 0 : status.st_size);
}

Outcome with_facts(Outcome result, const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) result.data += facts(status);
  return result;
}

/// One of the two folders, and what is open in it.
struct Side {
  std::string root;
  std::vector<os::Fd> open;
  [[nodiscard]] std::string at(const std::string& name) const { return root + "/" + name; }
};

using Step = std::function<Outcome(Side&)>;

struct Tree {
  std::map<std::string, std::string> entries;
};

std::string content(const std::string& path) {
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(1 << 18, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

void walk(const std::string& root, const std::string& name, Tree& tree) {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir((root + "/" + name).c_str()), &::closedir);
  if (!list) return;
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string each = entry->d_name;
    if (each == "." || each == "..") continue;
    const std::string path = name.empty() ? each : name + "/" + each;
    struct stat status {};
    ::lstat((root + "/" + path).c_str(), &status);
    std::string said = facts(status);
    if (S_ISREG(status.st_mode))
      said += fmt::format(" digest {:x}", std::hash<std::string>()(content(root + "/" + path)));
    tree.entries[path] = said;
    if (S_ISDIR(status.st_mode)) walk(root, path, tree);
  }
}

std::string difference(const Tree& a, const Tree& b) {
  for (const auto& [path, said] : a.entries) {
    const auto other = b.entries.find(path);
    if (other == b.entries.end()) return path + " is only in the first";
    if (other->second != said) return fmt::format("{}: {} | {}", path, said, other->second);
  }
  for (const auto& [path, said] : b.entries)
    if (!a.entries.contains(path)) return path + " is only in the second";
  return "";
}

}  // namespace

struct DiskSequence::Impl {
  std::mt19937_64 random;
  std::array<Side, 2> sides;
  std::uint64_t number = 0;
  std::string what;  ///< the operation, for people
  std::vector<Step (Impl::*)()> kinds;

  std::uint64_t below(std::uint64_t bound) { return random() % bound; }
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return *(choices.begin() + static_cast<std::ptrdiff_t>(below(choices.size())));
  }
  std::string folder() { return one_of<const char*>({"", "", "d0/", "d1/", "d0/e/", "d1/e/"}); }
  std::string name() { return folder() + one_of<const char*>({"f0", "f1", "f2", "f3", "g", "l", "d0", "d1", "e"}); }
  std::string bytes() {
    std::string text(1 + below(below(4) == 0 ? largest_write : 200), static_cast<char>('a' + below(26)));
    for (std::size_t i = 0; i < text.size(); i += 97) text[i] = static_cast<char>(below(256));
    return text;
  }
  off_t offset() { return static_cast<off_t>(below(3) == 0 ? below(largest_offset) : below(3000)); }
  bool none_open() const { return sides[0].open.empty(); }
  std::size_t any_open() { return below(sides[0].open.size()); }

  template <class... Arguments>
  void say(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    what = fmt::format(text, std::forward<Arguments>(arguments)...);
  }

  Step open_file() {
    if (sides[0].open.size() >= most_open) return close_file();
    const std::string path = name();
    const int flags = one_of({O_RDONLY, O_WRONLY, O_RDWR, O_RDWR}) | one_of({0, O_CREAT, O_CREAT, O_CREAT | O_EXCL}) |
                      one_of({0, 0, 0, O_TRUNC, O_APPEND, O_NOFOLLOW, O_DSYNC});
    const auto mode = static_cast<mode_t>(one_of({0644, 0600, 0755, 0444}));
    say("open {} {:o} mode {:o}", path, flags, mode);
    return [=](Side& side) {
      os::Fd file(::open(side.at(path).c_str(), flags | O_CLOEXEC | O_NONBLOCK, mode));
      const Outcome result = outcome(file.valid() ? 0 : -1);
      if (file.valid()) side.open.push_back(std::move(file));
      return with_facts(result, side.at(path));
    };
  }

  Step open_unnamed() {
    if (sides[0].open.size() >= most_open) return close_file();
    const std::string path = folder();
    say("open an unnamed file in {}", path);
    return [=](Side& side) {
      os::Fd file(::open(side.at(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
      const Outcome result = outcome(file.valid() ? 0 : -1);
      if (file.valid()) side.open.push_back(std::move(file));
      return result;
    };
  }

  Step close_file() {
    if (none_open()) return make_folder();
    const std::size_t which = any_open();
    say("close descriptor {}", which);
    return [=](Side& side) {
      side.open.erase(side.open.begin() + static_cast<std::ptrdiff_t>(which));
      return Outcome{};
    };
  }

  /// Something done with an open file; its size and links are compared as well.
  Step with_open(const std::string& text, const std::function<Outcome(int)>& body) {
    if (none_open()) return open_file();
    const std::size_t which = any_open();
    say("{} on descriptor {}", text, which);
    return [=](Side& side) {
      const int file = side.open[which].get();
      Outcome result = body(file);
      struct stat status {};
      if (::fstat(file, &status) == 0) result.data += facts(status);
      return result;
    };
  }

  Step write_at() {
    const auto text = bytes();
    const off_t where = offset();
    return with_open(fmt::format("pwrite {} at {}", text.size(), where),
                     [=](int file) { return outcome(::pwrite(file, text.data(), text.size(), where)); });
  }
  Step write_on() {
    const auto text = bytes();
    return with_open(fmt::format("write {}", text.size()), [=](int file) {
      Outcome result = outcome(::write(file, text.data(), text.size()));
      result.data = std::to_string(::lseek(file, 0, SEEK_CUR));
      return result;
    });
  }
  Step read_at() {
    const std::size_t size = 1 + below(largest_write);
    const off_t where = offset();
    return with_open(fmt::format("pread {} at {}", size, where), [=](int file) {
      std::string text(size, '\0');
      Outcome result = outcome(::pread(file, text.data(), size, where));
      if (result.returned > 0) result.data = text.substr(0, static_cast<std::size_t>(result.returned));
      return result;
    });
  }
  Step cut() {
    const off_t size = offset();
    return with_open(fmt::format("ftruncate {}", size), [=](int file) { return outcome(::ftruncate(file, size)); });
  }
  Step allocate() {
    const int mode = one_of({0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE});
    const off_t where = offset(), size = 1 + offset();
    return with_open(fmt::format("fallocate {} at {} size {}", mode, where, size),
                     [=](int file) { return outcome(::fallocate(file, mode, where, size)); });
  }
  Step make_durable() {
    const bool data = below(2) == 0;
    if (below(4) != 0) return read_at();  // it is slow, and changes nothing
    return with_open(data ? "fdatasync" : "fsync",
                     [=](int file) { return outcome(data ? ::fdatasync(file) : ::fsync(file)); });
  }
  Step write_mapped() {
    const auto letter = static_cast<char>('A' + below(26));
    const std::uint64_t where = below(8000);
    const bool sync = below(3) == 0;
    return with_open(fmt::format("write {} at {} of a mapping", letter, where), [=](int file) {
      struct stat status {};
      if (::fstat(file, &status) != 0 || status.st_size <= static_cast<off_t>(where)) return Outcome{};
      const std::size_t size = 8192;
      auto* mapped = static_cast<char*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
      if (mapped == MAP_FAILED) return outcome(-1);
      mapped[where] = letter;
      if (sync) ::msync(mapped, size, MS_SYNC);
      ::munmap(mapped, size);
      return Outcome{};
    });
  }
  Step copy_between() {
    if (none_open()) return open_file();
    const std::size_t from = any_open(), to = any_open();
    const off_t from_offset = offset(), to_offset = offset();
    const std::size_t size = 1 + below(largest_write);
    say("copy {} from {} at {} to {} at {}", size, from, from_offset, to, to_offset);
    return [=](Side& side) {
      off_t in = from_offset, out = to_offset;
      return outcome(::copy_file_range(side.open[from].get(), &in, side.open[to].get(), &out, size, 0));
    };
  }
  Step seek() {
    // Where data is and where holes are is left out: of what was allocated and not written, ext4 goes by what is
    // cached.
    const int whence = one_of({SEEK_SET, SEEK_CUR, SEEK_END});
    const off_t where = whence == SEEK_SET ? offset() : 0;
    return with_open(fmt::format("lseek {} {}", where, whence), [=](int file) {
      struct stat status {};
      if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) return Outcome{};  // means nothing to anybody
      return outcome(::lseek(file, where, whence));
    });
  }

  Step name_unnamed() {
    if (none_open()) return open_file();
    const std::size_t which = any_open();
    const std::string path = name();
    say("link descriptor {} to {}", which, path);
    return [=](Side& side) {
      const std::string magic = "/proc/self/fd/" + std::to_string(side.open[which].get());
      return outcome(::linkat(AT_FDCWD, magic.c_str(), AT_FDCWD, side.at(path).c_str(), AT_SYMLINK_FOLLOW));
    };
  }

  Step with_path(const char* text, const std::function<long(const char*)>& body) {
    const std::string path = name();
    say("{} {}", text, path);
    return [=](Side& side) {
      const std::string full = side.at(path);
      return with_facts(outcome(body(full.c_str())), full);
    };
  }
  Step make_folder() {
    return with_path("mkdir", [](const char* path) { return ::mkdir(path, 0755); });
  }
  Step remove_folder() { return with_path("rmdir", ::rmdir); }
  Step remove_file() { return with_path("unlink", ::unlink); }
  Step look() {
    return with_path("stat", [](const char*) { return 0; });
  }
  Step cut_path() {
    const off_t size = offset();
    return with_path("truncate", [=](const char* path) { return ::truncate(path, size); });
  }
  Step change_mode() {
    const auto mode = static_cast<mode_t>(below(010000));
    return with_path("chmod", [=](const char* path) { return ::chmod(path, mode); });
  }
  Step point() {
    const std::string target = one_of<const char*>({"f0", "d0", "d0/f1", "nowhere", "l"});
    return with_path("symlink", [=](const char* path) { return ::symlink(target.c_str(), path); });
  }
  Step read_link() {
    const std::string path = name();
    say("readlink {}", path);
    return [=](Side& side) {
      std::array<char, 256> target{};
      Outcome result = outcome(::readlink(side.at(path).c_str(), target.data(), target.size()));
      if (result.returned > 0) result.data.assign(target.data(), static_cast<std::size_t>(result.returned));
      return result;
    };
  }
  Step set_attribute() {
    const std::string key = one_of<const char*>({"user.a", "user.b"}), value = bytes().substr(0, 60);
    const int flags = one_of<int>({0, XATTR_CREATE, XATTR_REPLACE});
    return with_path("setxattr", [=](const char* path) {
      return ::lsetxattr(path, key.c_str(), value.data(), value.size(), flags);
    });
  }
  Step get_attributes() {
    const std::string path = name();
    say("getxattr and listxattr {}", path);
    return [=](Side& side) {
      std::array<char, 300> room{};
      Outcome result = outcome(::lgetxattr(side.at(path).c_str(), "user.a", room.data(), room.size()));
      if (result.returned > 0) result.data.assign(room.data(), static_cast<std::size_t>(result.returned));
      result.data += std::to_string(::llistxattr(side.at(path).c_str(), room.data(), room.size()));
      return result;
    };
  }
  Step remove_attribute() {
    return with_path("removexattr", [](const char* path) { return ::lremovexattr(path, "user.a"); });
  }
  Step two_paths(const char* text, const std::function<long(const char*, const char*)>& body) {
    const std::string from = name(), to = name();
    say("{} {} {}", text, from, to);
    return [=](Side& side) {
      const std::string first = side.at(from), second = side.at(to);
      return with_facts(with_facts(outcome(body(first.c_str(), second.c_str())), first), second);
    };
  }
  Step move() {
    const unsigned flags =
        one_of({0U, 0U, 0U, static_cast<unsigned>(RENAME_NOREPLACE), static_cast<unsigned>(RENAME_EXCHANGE)});
    return two_paths(
        "rename", [=](const char* from, const char* to) { return ::renameat2(AT_FDCWD, from, AT_FDCWD, to, flags); });
  }
  Step link() { return two_paths("link", ::link); }
  Step list() {
    const std::string path = folder();
    say("list {}", path);
    return [=](Side& side) {
      const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(side.at(path).c_str()), &::closedir);
      if (!list) return outcome(-1);
      std::multiset<std::string> names;
      while (const dirent* entry = ::readdir(list.get())) names.insert(entry->d_name);
      Outcome result{static_cast<long>(names.size()), 0, ""};
      for (const auto& each : names) result.data += each + " ";
      return result;
    };
  }

  std::string step() {
    ++number;
    const Step each = (this->*kinds[below(kinds.size())])();
    const Outcome first = each(sides[0]), second = each(sides[1]);
    if (first == second) return "";
    return fmt::format("operation {}: {}: {} | {}", number, what, first.text(), second.text());
  }
};

DiskSequence::DiskSequence(std::string first, std::string second, std::uint64_t seed)
    : impl_(std::make_unique<Impl>()) {
  impl_->random.seed(seed);
  impl_->sides[0].root = std::move(first);
  impl_->sides[1].root = std::move(second);
  using I = Impl;
  impl_->kinds = {&I::open_file,
                  &I::open_file,
                  &I::open_file,
                  &I::open_file,
                  &I::open_unnamed,
                  &I::close_file,
                  &I::close_file,
                  &I::write_at,
                  &I::write_at,
                  &I::write_at,
                  &I::write_on,
                  &I::write_on,
                  &I::read_at,
                  &I::read_at,
                  &I::read_at,
                  &I::cut,
                  &I::allocate,
                  &I::make_durable,
                  &I::write_mapped,
                  &I::copy_between,
                  &I::seek,
                  &I::name_unnamed,
                  &I::make_folder,
                  &I::make_folder,
                  &I::remove_folder,
                  &I::remove_file,
                  &I::remove_file,
                  &I::look,
                  &I::cut_path,
                  &I::change_mode,
                  &I::point,
                  &I::read_link,
                  &I::set_attribute,
                  &I::get_attributes,
                  &I::remove_attribute,
                  &I::move,
                  &I::move,
                  &I::link,
                  &I::list};
}

DiskSequence::~DiskSequence() = default;

std::string DiskSequence::run(std::uint64_t operations) {
  for (std::uint64_t i = 0; i < operations; ++i)
    if (auto difference = impl_->step(); !difference.empty()) return difference;
  return "";
}

std::string DiskSequence::compare_trees(const std::string& below) {
  for (const Side& side : impl_->sides) ::syncfs(os::Fd(::open(side.root.c_str(), O_RDONLY | O_CLOEXEC)).get());
  Tree first, second, third;
  walk(impl_->sides[0].root, "", first);
  walk(impl_->sides[1].root, "", second);
  walk(below, "", third);
  if (auto found = difference(first, second); !found.empty()) return found;
  const auto found = difference(second, third);
  return found.empty() ? "" : "below: " + found;
}

}  // namespace withstand::lab::disk::testing
