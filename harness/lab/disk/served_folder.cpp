#include "lab/disk/served_folder.hpp"

#include <fcntl.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "lab/disk/durability/power_loss.hpp"
#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

using namespace std::chrono_literals;

/// The last process of a node that is killed may still be writing a core file.
constexpr auto mount_ends_within = 8s;

os::Fd open_folder(int folder) {
  return os::Fd(os::check("open the folder to mirror", ::openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)));
}

/// Beside the folder, without a name.
os::Fd make_store(int folder) {
  const os::Fd parent(
      os::check("open what the data directory is in", ::openat(folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC)));
  const char* name = "unsynced";
  os::Fd store(os::check("make a file for what can be undone",
                         ::openat(parent.get(), name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)));
  os::check("unlink it", ::unlinkat(parent.get(), name, 0));
  return store;
}

}  // namespace

struct ServedFolder::Mounted {
  os::Fd device;
  std::unique_ptr<Shadow> shadow;
  Power power;
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<Session> session;
  std::chrono::nanoseconds cut{};
  std::promise<void> over;
  std::future<void> end = over.get_future();
};

ServedFolder::ServedFolder(Options options) : options_(std::move(options)), claimed_(options_.concerns) {
  if (options_.clock.valid()) clock_ = std::make_unique<clock::PageReader>(options_.clock);
}
ServedFolder::~ServedFolder() = default;

ServedFolder::Mounted& ServedFolder::mounted() {
  if (!mounted_) throw std::logic_error("nothing is mounted");
  return *mounted_;
}

void ServedFolder::mount(os::Fd device) {
  if (mounted_) throw std::logic_error("it is mounted already");
  auto made = std::make_unique<Mounted>();
  made->device = std::move(device);
  FileSystem::Options files;
  files.root = open_folder(options_.folder.get());
  files.device = made->device.get();
  files.passthrough_allowed = options_.passthrough;
  files.concerns = &claimed_;
  files.clock = clock_.get();
  if (options_.durability) {
    Shadow::Options shadow;
    shadow.store = make_store(options_.folder.get());
    made->shadow = std::make_unique<Shadow>(std::move(shadow));
    files.shadow = made->shadow.get();
    files.power = &made->power;
  }
  made->files = std::make_unique<FileSystem>(std::move(files));
  if (rules_) {
    rules_->serve(*made->files);
  } else {
    rules_ = std::make_unique<Rules>(*made->files, options_.node);
  }
  Session::Options session;
  session.device = made->device.duplicate();
  session.gate = rules_.get();
  made->session = std::make_unique<Session>(*made->files, std::move(session));
  rules_->on_changed([session = made->session.get()](std::uint64_t node) { session->forget_data(node); });
  mounted_ = std::move(made);
  std::thread([mounted = mounted_.get()] {
    int status = 0;
    try {
      mounted->session->run();
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      status = 1;
    }
    if (!mounted->power.is_cut()) ::_exit(status);  // the node's mounts are gone, and with them what there is to do
    mounted->over.set_value();
  }).detach();
}

void ServedFolder::remove(Rules::Handle handle) {
  rules_->remove(handle);
  if (mounted_) mounted_->session->release(handle);
}

void ServedFolder::settle() {
  if (Shadow* shadow = mounted().shadow.get()) shadow->all_synced(shadow->mark());
}

void ServedFolder::cut(std::chrono::nanoseconds at) {
  Mounted& mounted = this->mounted();
  if (!mounted.shadow) throw std::logic_error("what is not durable was not recorded");
  std::this_thread::sleep_until(std::chrono::steady_clock::time_point(at));
  mounted.power.cut();
  mounted.cut = std::chrono::steady_clock::now().time_since_epoch();
}

void ServedFolder::let_go() { mounted().power.let_go(); }

core::PowerLossEffect ServedFolder::lose(const core::PowerLoss& loss) {
  Mounted& mounted = this->mounted();
  if (!mounted.power.is_cut()) throw std::logic_error("the power was not cut");
  mounted.power.let_go();
  if (mounted.end.wait_for(mount_ends_within) != std::future_status::ready)
    throw std::runtime_error(
        fmt::format("the mount of {} is still there: a process of the node does not end", options_.node));
  const std::string failure = mounted.files->recording_failure();
  mounted.session.reset();
  mounted.files.reset();
  mounted.device.reset();
  if (!failure.empty()) throw std::runtime_error("what is not durable could not be recorded: " + failure);
  core::PowerLossEffect effect = lose_power(*mounted.shadow, options_.folder.get(), loss, options_.node, mounted.cut);
  effect.unanswered = mounted.power.unanswered();
  mounted_.reset();
  return effect;
}

}  // namespace withstand::lab::disk
