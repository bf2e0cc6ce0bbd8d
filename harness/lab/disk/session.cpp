#include "lab/disk/session.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "lab/disk/buffer.hpp"
#include "lab/disk/caller.hpp"
#include "lab/disk/durability/power.hpp"
#include "lab/disk/exchange.hpp"
#include "lab/disk/file_system.hpp"
#include "lab/disk/fuse_library.hpp"
#include "lab/disk/held.hpp"
#include "os/check.hpp"
#include "os/process.hpp"

namespace withstand::lab::disk {
namespace {

constexpr unsigned most_workers = 64;
/// A message is at most this much longer than its data.
constexpr std::size_t header_room = 4096;
constexpr unsigned long clone_device = _IOR(229, 0, std::uint32_t);

/// What both sides understand and libfuse 3.14 does not know of.
void extend_init(FileSystem& files, const fuse_init_in& asked, fuse_init_out& answer) {
  const bool extended = (asked.flags & FUSE_INIT_EXT) != 0;
  const std::uint32_t more = extended ? asked.flags2 : 0;
  answer.flags |= asked.flags & (FUSE_HANDLE_KILLPRIV_V2 | FUSE_INIT_EXT);
  answer.flags2 |= more & (wire::init_passthrough | wire::init_direct_io_allow_mmap);
  if ((more & wire::init_passthrough) != 0) answer.unused[0] = 1;  // max_stack_depth: what we mirror is not stacked
  files.kernel_can((more & wire::init_passthrough) != 0, (more & wire::init_direct_io_allow_mmap) != 0);
}

/// An open's reply ends with this, whether an entry comes before it or not.
void extend_open(const Exchange& current, iovec& last) {
  if (last.iov_len < sizeof(fuse_open_out)) return;
  auto* out =
      reinterpret_cast<fuse_open_out*>(static_cast<std::byte*>(last.iov_base) + last.iov_len - sizeof(fuse_open_out));
  out->open_flags |= current.open_flags;
  out->padding = static_cast<std::uint32_t>(current.backing_id);
  if (current.backing_id != 0) out->open_flags &= ~static_cast<std::uint32_t>(FOPEN_KEEP_CACHE);
}

/// What is sent is this thread's own buffer (reply_buffer).
void damage_reply(Exchange& current, const iovec& part) {
  const std::span data(static_cast<std::byte*>(part.iov_base), part.iov_len);
  for (const Damage& each : current.damages)
    current.hits.push_back(damage(each, data, current.body<fuse_read_in>().offset));
}

ssize_t send_reply(int /*device*/, iovec* parts, int count, void* files) {
  Exchange& current = exchange();
  const auto* header = static_cast<const fuse_out_header*>(parts[0].iov_base);
  if (count > 1 && header->error == 0 && header->unique == current.header().unique) {
    const auto opcode = current.header().opcode;
    if (opcode == FUSE_INIT)
      extend_init(*static_cast<FileSystem*>(files), current.body<fuse_init_in>(),
                  *static_cast<fuse_init_out*>(parts[1].iov_base));
    if (opcode == FUSE_OPEN || opcode == FUSE_CREATE) extend_open(current, parts[count - 1]);
    if (opcode == FUSE_READ) damage_reply(current, parts[1]);
  }
  const ssize_t sent = ::writev(current.device, parts, count);
  if (sent > 0) current.taken = -header->error;
  return sent;
}

ssize_t refuse_to_receive(int /*device*/, void* /*buffer*/, std::size_t /*size*/, void* /*files*/) {
  errno = ENOSYS;  // workers read for themselves
  return -1;
}

/// False when nobody waits for it any more (ENOENT).
bool reply_without_data(int device, std::uint64_t unique, int error) {
  fuse_out_header header{sizeof(fuse_out_header), -error, unique};
  return ::write(device, &header, sizeof header) == sizeof header;
}

bool is_told(std::uint32_t opcode) {
  switch (opcode) {
    case FUSE_INIT:
    case FUSE_DESTROY:
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
      return true;
    default:
      return false;
  }
}

}  // namespace

Exchange& exchange() {
  static thread_local Exchange current;
  return current;
}

struct Session::Impl {
  Impl(FileSystem& its_files, Options its_options)
      : files(its_files),
        options(std::move(its_options)),
        held(
            {[this](int device, std::span<std::byte> bytes, const Verdict& verdict) { finish(device, bytes, verdict); },
             [](int device, std::uint64_t unique) { reply_without_data(device, unique, EINTR); }, options.gate}) {
    std::array<char, 16> name{"withstand"};
    std::array<char*, 2> argv{name.data(), nullptr};
    fuse_args arguments{1, argv.data(), 0};
    const fuse_lowlevel_ops operations = files.operations();
    session = ::fuse_session_new(&arguments, &operations, sizeof operations, &files);
    if (session == nullptr) throw std::runtime_error("disk server: libfuse makes no session");
    const fuse_custom_io io{send_reply, refuse_to_receive, nullptr, nullptr};
    // libfuse closes what it is given when it ends.
    if (::fuse_session_custom_io(session, &io, options.device.duplicate().release()) != 0)
      throw std::runtime_error("disk server: libfuse takes no device");
  }
  ~Impl() {
    if (session != nullptr) ::fuse_session_destroy(session);
  }

  [[nodiscard]] os::Fd clone() const {
    os::Fd device(os::check("open /dev/fuse again", ::open("/dev/fuse", O_RDWR | O_CLOEXEC)));
    auto from = static_cast<std::uint32_t>(options.device.get());
    os::check("clone /dev/fuse", ::ioctl(device.get(), clone_device, &from));
    return device;
  }

  /// Reads one message; false when the mount is gone.
  bool serve_one(int device, Buffer& buffer) {
    ++reading;
    const ssize_t got = ::read(device, buffer.data(), buffer.size());
    const int error = errno;
    if (--reading == 0 && got >= 0) add_worker();
    if (got < 0) {
      if (error == ENODEV) return false;
      if (error == ENOENT || error == EINTR || error == EAGAIN) return true;
      throw os::SystemError("read /dev/fuse", error);
    }
    receive(device, {buffer.data(), static_cast<std::size_t>(got)});
    return true;
  }

  void receive(int device, std::span<std::byte> bytes) {
    Request request = parse_request(bytes);
    if (request.header->opcode == FUSE_INTERRUPT) {
      held.interrupted(request.body<fuse_interrupt_in>()->unique);
      return;
    }
    if (options.gate != nullptr && request.operation) {
      const Verdict verdict = options.gate->judge(request);
      if (verdict.waits()) return held.put(device, request, verdict);
      return finish(device, bytes, verdict);
    }
    carry_out(device, bytes, {});
  }

  void finish(int device, std::span<std::byte> bytes, const Verdict& verdict) {
    if (!verdict.answer) return carry_out(device, bytes, verdict.damages);
    std::optional<Power::Use> power;
    if (!is_powered(device, bytes, power)) return;
    for (const Damage& each : verdict.damages) options.gate->damaged(each, false);
    const auto unique = reinterpret_cast<const fuse_in_header*>(bytes.data())->unique;
    if (reply_without_data(device, unique, verdict.answer->error)) options.gate->answered(verdict.answer->rule);
  }

  /// Waits while there is no power, and then refuses. What the kernel only tells, it may always tell.
  bool is_powered(int device, std::span<std::byte> bytes, std::optional<Power::Use>& power) {
    const auto* header = reinterpret_cast<const fuse_in_header*>(bytes.data());
    if (files.power() == nullptr || is_told(header->opcode)) return true;
    if (power.emplace(*files.power()).on()) return true;
    reply_without_data(device, header->unique, EIO);
    return false;
  }

  void carry_out(int device, std::span<std::byte> bytes, std::span<const Damage> damages) {
    Exchange& current = exchange();
    current = Exchange();
    current.device = device;
    current.bytes = bytes;
    if (!damages.empty()) damage_data(current, damages);
    auto* header = reinterpret_cast<fuse_in_header*>(bytes.data());
    std::optional<Power::Use> power;
    // A sync may take long, and asks when it is done.
    const bool syncs = header->opcode == FUSE_FSYNC || header->opcode == FUSE_FSYNCDIR;
    if (!syncs && !is_powered(device, bytes, power)) return;
    if (header->opcode == FUSE_TMPFILE) header->opcode = FUSE_CREATE;  // its flags say it too, and libfuse knows this
    fuse_buf buffer{};
    buffer.size = bytes.size();
    buffer.mem = bytes.data();
    ::fuse_session_process_buf(session, &buffer);
    for (std::size_t i = 0; i < damages.size(); ++i)
      options.gate->damaged(damages[i], i < current.hits.size() && current.hits[i]);
    if (current.refused_by != 0 && current.taken == current.refused_with) options.gate->answered(current.refused_by);
  }

  /// Of a read when there is a reply, of a write before it is done.
  void damage_data(Exchange& current, std::span<const Damage> damages) {
    if (current.header().opcode == FUSE_READ) current.damages = damages;
    if (current.header().opcode != FUSE_WRITE) return;
    Request request = parse_request(current.bytes);
    for (const Damage& each : damages) current.hits.push_back(damage_write(files, each, request));
  }

  /// FUSE_NOTIFY_INVAL_INODE: the kernel's cached data of a file is out of date.
  void forget_data(std::uint64_t node) {
    fuse_out_header header{sizeof(fuse_out_header) + sizeof(fuse_notify_inval_inode_out), FUSE_NOTIFY_INVAL_INODE, 0};
    fuse_notify_inval_inode_out body{node, 0, 0};
    iovec parts[] = {{&header, sizeof header}, {&body, sizeof body}};
    static_cast<void>(::writev(options.device.get(), parts, 2));  // it may have nothing cached
  }

  void work(os::Fd device) {
    try {
      os::set_process_name("ws-disk");
      own_umask();
      Buffer buffer(most_data + header_room);
      while (serve_one(device.get(), buffer)) {
      }
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex);
      if (failure.empty()) failure = error.what();
    }
  }

  /// Everybody is busy: whoever asks next should not have to wait for a disk.
  void add_worker() {
    const std::lock_guard lock(mutex);
    if (workers.size() >= most_workers || reading > 0) return;
    try {
      workers.emplace_back([this, device = clone()]() mutable { work(std::move(device)); });
    } catch (const std::system_error&) {  // as many as there are will do
    }
  }

  void run() {
    Buffer buffer(most_data + header_room);
    ++reading;  // INIT comes first and alone: nothing is cloned before it is answered
    const ssize_t got = os::check("read /dev/fuse", ::read(options.device.get(), buffer.data(), buffer.size()));
    receive(options.device.get(), {buffer.data(), static_cast<std::size_t>(got)});
    --reading;
    const unsigned count = options.workers != 0 ? options.workers : std::max(2U, std::thread::hardware_concurrency());
    {
      const std::lock_guard lock(mutex);
      for (unsigned i = 1; i < count; ++i)
        workers.emplace_back([this, device = clone()]() mutable { work(std::move(device)); });
    }
    work(clone());
    for (std::size_t i = 0;; ++i) {
      std::thread worker;
      {
        const std::lock_guard lock(mutex);
        if (i >= workers.size()) break;
        worker = std::move(workers[i]);
      }
      worker.join();
    }
    if (!failure.empty()) throw std::runtime_error("disk server: " + failure);
  }

  FileSystem& files;
  Options options;
  fuse_session* session = nullptr;
  Held held;
  std::mutex mutex;  ///< guards the two below
  std::vector<std::thread> workers;
  std::string failure;
  std::atomic<int> reading{0};
};

Session::Session(FileSystem& files, Options options) : impl_(std::make_unique<Impl>(files, std::move(options))) {}
Session::~Session() = default;
void Session::run() { impl_->run(); }
void Session::forget_data(std::uint64_t node) { impl_->forget_data(node); }
void Session::release(std::uint64_t rule) { impl_->held.release(rule); }
std::size_t Session::waiting() const { return impl_->held.size(); }

}  // namespace withstand::lab::disk
