#include "lab/disk/file_system.hpp"

#include <fcntl.h>

#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lab/disk/exchange.hpp"
#include "lab/disk/fuse_library.hpp"
#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

/// Nobody but the node changes its data: what the kernel knows stays true.
constexpr double for_long = 3600;
/// Operations whose rules must see the data itself, page cache or not.
constexpr Operations data_operations{Operation::read, Operation::write};

/// The kernel does not take set-uid and set-gid bits away at writes that pass through (Linux 6.18).
bool has_privilege_bits(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 && (status.st_mode & (S_ISUID | S_ISGID)) != 0;
}

/// What libfuse is to ask of the kernel beyond its own defaults.
void choose_capabilities(void* /*files*/, fuse_conn_info* connection) {
  // umask goes by access control lists, which the folder below keeps. Nobody else changes data: what the kernel has
  // cached stays true, whatever the times of a file are.
  connection->want |= connection->capable & (FUSE_CAP_POSIX_ACL | FUSE_CAP_DONT_MASK | FUSE_CAP_EXPLICIT_INVAL_DATA);
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_AUTO_INVAL_DATA);
}

struct BackingMap {
  std::int32_t fd;
  std::uint32_t flags;
  std::uint64_t padding;
};
constexpr unsigned long backing_open = _IOW(229, 1, BackingMap);
constexpr unsigned long backing_close = _IOW(229, 2, std::uint32_t);

}  // namespace

int backing_flags(int flags) {
  // The kernel sends the offset of what is appended; O_DIRECT asks for no cache, which FUSE's own has been by then.
  return (flags & ~(O_APPEND | O_DIRECT | O_NOCTTY | O_NONBLOCK | O_CREAT | O_EXCL)) | O_CLOEXEC;
}

FileSystem& file_system_of(fuse_req* request) { return *static_cast<FileSystem*>(::fuse_req_userdata(request)); }

FileSystem::FileSystem(Options options)
    : descriptors_(os::check("open /proc/self/fd", ::open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC))),
      device_(options.device),
      concerns_(options.concerns),
      passthrough_allowed_(options.passthrough_allowed && options.shadow == nullptr && options.clock == nullptr),
      sees_close_(concerns_ != nullptr && concerns_->anywhere().has(Operation::close)),
      metadata_timeout_(concerns_ != nullptr && concerns_->anywhere().meets(cached_operations) ? 0 : for_long),
      inodes_(std::move(options.root)),
      shadow_(options.shadow),
      power_(options.power),
      clock_(options.clock) {}

FileSystem::~FileSystem() = default;

fuse_lowlevel_ops FileSystem::operations() const {
  fuse_lowlevel_ops operations{};
  operations.init = choose_capabilities;
  install_naming(operations);
  install_attributes(operations);
  install_data(operations);
  install_folders(operations);
  install_extended(operations);
  if (!sees_close_) operations.flush = nullptr;  // the kernel asks once, then never again
  return operations;
}

void FileSystem::kernel_can(bool passthrough, bool direct_mmap) {
  passthrough_ = passthrough && passthrough_allowed_;
  direct_mmap_ = direct_mmap;
}

int FileSystem::find(Inode& folder, const char* name, fuse_entry_param& entry) {
  entry = {};
  entry.attr_timeout = entry.entry_timeout = metadata_timeout_;
  if (::fstatat(folder.path(), name, &entry.attr, AT_SYMLINK_NOFOLLOW) < 0) return errno;
  Inode* inode = inodes_.look_up(entry.attr);
  if (inode == nullptr) {
    os::Fd path(::openat(folder.path(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!path.valid() || ::fstatat(path.get(), "", &entry.attr, AT_EMPTY_PATH) < 0) return errno;
    inode = &inodes_.enter(std::move(path), entry.attr);
  }
  inodes_.add_name(*inode, folder, name);
  show_stamps(*inode, entry.attr);
  entry.ino = inodes_.id(*inode);
  return 0;
}

int FileSystem::find_open(Inode& folder, const char* name, int open_file, fuse_entry_param& entry) {
  entry = {};
  entry.attr_timeout = entry.entry_timeout = metadata_timeout_;
  os::Fd path(::openat(descriptors_.get(), std::to_string(open_file).c_str(), O_PATH | O_CLOEXEC));
  if (!path.valid() || ::fstatat(path.get(), "", &entry.attr, AT_EMPTY_PATH) < 0) return errno;
  Inode& inode = inodes_.enter(std::move(path), entry.attr);
  if (*name != '\0') inodes_.add_name(inode, folder, name);
  show_stamps(inode, entry.attr);
  entry.ino = inodes_.id(inode);
  return 0;
}

std::uint64_t FileSystem::size_of(const Inode& inode) const {
  struct stat status {};
  return ::fstatat(inode.path(), "", &status, AT_EMPTY_PATH) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::uint64_t open_ordinal(std::uint64_t handle) {
  return reinterpret_cast<const Handle*>(handle)->ordinal;  // NOLINT(performance-no-int-to-ptr)
}

int FileSystem::reopen(const Inode& inode, int flags) const {
  const std::string name = std::to_string(inode.path());
  // Who reads must not stamp with the machine's time; without the right to that, it does.
  if (clock_ != nullptr)
    if (const int file = ::openat(descriptors_.get(), name.c_str(), (flags & ~O_NOFOLLOW) | O_NOATIME); file >= 0)
      return file;
  return ::openat(descriptors_.get(), name.c_str(), flags & ~O_NOFOLLOW);
}

/// Where rules may concern reads or writes, the page cache must not answer in their place; but a kernel that cannot map
/// a file that is read directly (before 6.6) is left its cache, or programs that map files would not run.
Inode::Way FileSystem::way_of(Inode& inode) {
  const Operations concern = concerns_ == nullptr ? Operations() : concerns_->of(inodes_.paths(inode));
  if (concern.has(Operation::read)) return direct_mmap_ ? Inode::Way::direct : Inode::Way::plain;
  if (concern.meets(data_operations)) return Inode::Way::plain;
  return passthrough_ ? Inode::Way::passthrough : Inode::Way::plain;
}

/// Called with inode.opening held.
void FileSystem::decide(Inode& inode, int file) {
  if (inode.way == Inode::Way::undecided) inode.way = way_of(inode);
  if (inode.way == Inode::Way::passthrough && inode.passthrough_opens == 0 && has_privilege_bits(file))
    inode.way = Inode::Way::plain;
  if (inode.way != Inode::Way::passthrough || inode.passthrough_opens > 0) return;
  BackingMap map{file, 0, 0};
  const int id = ::ioctl(device_, backing_open, &map);
  if (id > 0) {
    inode.backing_id = id;
  } else {
    if (errno == EPERM) passthrough_ = false;  // not root where the machine was started: nor will it be for the next
    inode.way = Inode::Way::plain;             // also where the file system below is stacked itself, or cannot do it
  }
}

void FileSystem::hand_out(Inode& inode, os::Fd file, fuse_file_info& info) {
  auto handle = std::make_unique<Handle>();
  if (inode.is_regular()) {
    const std::lock_guard lock(inode.opening);
    decide(inode, file.get());
    if (inode.way == Inode::Way::passthrough) {
      handle->passes_through = true;
      ++inode.passthrough_opens;
      exchange().backing_id = inode.backing_id;
      exchange().open_flags |= wire::open_passthrough;
    } else if (inode.way == Inode::Way::direct) {
      info.direct_io = 1;
      exchange().open_flags |= wire::open_parallel_direct_writes;
    } else {
      info.keep_cache = 1;
    }
  }
  handle->fd = std::move(file);
  handle->ordinal = ++opens_;
  ++inode.open_handles;
  info.fh = reinterpret_cast<std::uint64_t>(handle.release());
}

void FileSystem::take_back(Inode& inode, std::uint64_t raw) {
  const std::unique_ptr<Handle> handle(reinterpret_cast<Handle*>(raw));  // NOLINT(performance-no-int-to-ptr)
  if (--inode.open_handles == 0) space_.closed(inode);
  if (!handle->passes_through) return;
  const std::lock_guard lock(inode.opening);
  if (--inode.passthrough_opens > 0) return;
  auto id = static_cast<std::uint32_t>(inode.backing_id);
  ::ioctl(device_, backing_close, &id);
  inode.backing_id = 0;
}

}  // namespace withstand::lab::disk
