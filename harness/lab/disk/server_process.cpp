// One node's disk server: a process of its own, beside the node, that holds no file of the mount it serves.
#include <memory>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "lab/disk/mount.hpp"
#include "lab/disk/protocol.hpp"
#include "lab/disk/served_folder.hpp"
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
      auto message = os::receive_message(control_.get(), true, message_capacity);
      if (!message || message->end) return;
      std::string reply;
      try {
        reply = answer(decode_command(message->data), message->descriptors);
      } catch (const std::exception& error) {
        reply = encode_done(error.what());
      }
      if (!os::send_message(control_.get(), reply)) return;
    }
  }

 private:
  std::string answer(const Command& command, std::vector<os::Fd>& descriptors) {
    using Kind = Command::Kind;
    if (command.kind == Kind::start) {
      start(command, descriptors);
      return encode_done("");
    }
    if (!served_) throw std::logic_error("asked before it was started");
    switch (command.kind) {
      case Kind::start:
        break;
      case Kind::add:
        served_->rules().add(command.handle, command.rule);
        break;
      case Kind::remove:
        served_->remove(command.handle);
        break;
      case Kind::effect: {
        const auto effect = served_->rules().effect(command.handle);
        if (!effect) throw std::logic_error("there was no such rule");
        return encode(*effect);
      }
      case Kind::settle:
        served_->settle();
        break;
      case Kind::cut:
        served_->cut(command.at);
        break;
      case Kind::let_go:
        served_->let_go();
        break;
      case Kind::lose:
        return encode(served_->lose(command.loss));
      case Kind::mount:
        if (descriptors.empty()) throw std::logic_error("no device came along");
        served_->mount(std::move(descriptors.front()));
        break;
    }
    return encode_done("");
  }

  void start(const Command& command, std::vector<os::Fd>& descriptors) {
    ServedFolder::Options options;
    options.folder = std::move(folder_);
    options.node = command.node;
    options.concerns = command.concerns;
    options.passthrough = command.passthrough;
    options.durability = command.durability;
    if (!descriptors.empty()) options.clock = std::move(descriptors.front());
    served_ = std::make_unique<ServedFolder>(std::move(options));
    served_->mount(std::move(device_));
  }

  os::Fd control_, folder_, device_;
  std::unique_ptr<ServedFolder> served_;
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
