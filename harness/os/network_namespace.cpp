#include "os/network_namespace.hpp"

#include <exception>
#include <fcntl.h>
#include <sched.h>

#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

/// The way back. Without it the process would go on in somebody else's network: better not at all.
class Return {
 public:
  Return() : home_(NetworkNamespace::own()) {}
  ~Return() {
    if (::setns(home_.get(), CLONE_NEWNET) < 0) std::terminate();
  }
  Return(const Return&) = delete;
  Return& operator=(const Return&) = delete;

 private:
  NetworkNamespace home_;
};

}  // namespace

NetworkNamespace NetworkNamespace::open(const std::string& path) {
  const std::string attempt = "open the network namespace " + path;
  Fd fd(check(attempt, ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)));
  if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET)
    throw SystemError(attempt + ": the file stands for no network namespace", EINVAL);
  return {path, std::move(fd)};
}

NetworkNamespace NetworkNamespace::own() { return open("/proc/thread-self/ns/net"); }

std::string NetworkNamespace::identity() const {
  struct stat info {};
  check("look at the network namespace " + path_, ::fstat(fd_.get(), &info));
  return fmt::format("{}:{}", info.st_dev, info.st_ino);
}

void NetworkNamespace::visit(const std::function<void()>& work) const {
  const Return back;
  check("enter the network namespace " + path_, ::setns(fd_.get(), CLONE_NEWNET));
  work();
}

}  // namespace withstand::os
