// One node's disk server: a process of its own, beside the node, that holds no file of the mount it serves.
#include <atomic>
#include <csignal>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/prctl.h>

#include "lab/disk/file_system.hpp"
#include "lab/disk/mount.hpp"
#include "lab/disk/protocol.hpp"
#include "lab/disk/rules.hpp"
#include "lab/disk/session.hpp"
#include "os/ancillary.hpp"
#include "os/process.hpp"

namespace withstand::lab::disk {
namespace {

class Server {
 public:
  Server(os::Fd control, os::Fd folder, os::Fd device)
      : control_(std::move(control)), folder_(std::move(folder)), device_(std::move(device)) {}

  /// Until the orchestrator lets go of it.
  void run() {
    for (;;) {
      const auto message = os::receive_message(control_.get(), true, message_capacity);
      if (!message || message->end) return;
      std::string reply;
      try {
        reply = answer(decode_command(message->data));
      } catch (const std::exception& error) {
        reply = encode_done(error.what());
      }
      if (!os::send_message(control_.get(), reply)) return;
    }
  }

 private:
  std::string answer(const Command& command) {
    if (command.kind == Command::Kind::start) {
      start(command);
    } else if (!rules_) {
      throw std::logic_error("asked before it was started");
    } else if (command.kind == Command::Kind::add) {
      rules_->add(command.handle, command.rule);
    } else if (command.kind == Command::Kind::remove) {
      rules_->remove(command.handle);
      session_->release(command.handle);
    } else if (const auto effect = rules_->effect(command.handle)) {
      return encode(*effect);
    } else {
      throw std::logic_error("there was no such rule");
    }
    return encode_done("");
  }

  /// The mount answers from here on. Its threads live as long as the process.
  void start(const Command& command) {
    claimed_ = std::make_unique<ClaimedFiles>(command.concerns);
    FileSystem::Options options;
    options.root = std::move(folder_);
    options.device = device_.get();
    options.passthrough_allowed = command.passthrough;
    options.concerns = claimed_.get();
    files_ = std::make_unique<FileSystem>(std::move(options));
    rules_ = std::make_unique<Rules>(*files_, command.node);
    Session::Options session_options;
    session_options.device = device_.duplicate();
    session_options.gate = rules_.get();
    session_ = std::make_unique<Session>(*files_, std::move(session_options));
    std::thread([this] {
      int status = 0;
      try {
        session_->run();
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        status = 1;
      }
      ::_exit(status);  // the node's mounts are gone, and with them what there is to do
    }).detach();
  }

  os::Fd control_, folder_, device_;
  std::unique_ptr<ClaimedFiles> claimed_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<Rules> rules_;
  std::unique_ptr<Session> session_;
};

}  // namespace

int server_main() {
  try {
    os::set_process_name("ws-disk");
    raise_descriptor_limit();
    Server server(os::Fd(3), os::Fd(4), os::Fd(5));
    server.run();
    ::_exit(0);  // its threads wait in the kernel; whatever they hold ends with the process
  } catch (const std::exception& error) {
    fmt::print(stderr, "disk server: {}\n", error.what());
    return 1;
  }
}

}  // namespace withstand::lab::disk
