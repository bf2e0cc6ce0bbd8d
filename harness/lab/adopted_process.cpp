#include "lab/adopted_process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/optional.hpp>  // Boost.Process v2 of 1.81 uses it without including it
#include <boost/process/v2/process.hpp>
#include <sys/wait.h>

namespace withstand::lab {
namespace process = boost::process::v2;

struct AdoptedProcess::Impl {
  using Process = process::basic_process<boost::asio::io_context::executor_type>;
  Impl(boost::asio::io_context& context, const os::Child& child)
      : handle(context.get_executor(), child.pid, child.pidfd.duplicate().release()) {}
  Process handle;
  bool wanted = true;
};

namespace {

/// Never Boost's exit_code(): it says 9 both for exit(9) and for SIGKILL.
os::WaitStatus from_native(int native) {
  os::WaitStatus status;
  status.ended = true;
  status.signalled = WIFSIGNALED(native);
  status.core_dumped = status.signalled && WCOREDUMP(native);
  status.value = status.signalled ? WTERMSIG(native) : WEXITSTATUS(native);
  return status;
}

}  // namespace

AdoptedProcess::AdoptedProcess(core::EventLoop& loop, const os::Child& child,
                               std::function<void(os::WaitStatus)> on_end)
    : impl_(std::make_shared<Impl>(*static_cast<boost::asio::io_context*>(loop.asio_context()), child)) {
  impl_->handle.async_wait([impl = impl_, on_end = std::move(on_end)](const boost::system::error_code& error, int) {
    if (!error && impl->wanted) on_end(from_native(impl->handle.native_exit_code()));
  });
}

AdoptedProcess::~AdoptedProcess() {
  impl_->wanted = false;
  boost::system::error_code ignored;  // it may have ended in between: then there is nothing to terminate
  if (!impl_->handle.running(ignored)) return;
  impl_->handle.terminate(ignored);
  impl_->handle.wait(ignored);  // a node's init ends when all processes of the node have
}

}  // namespace withstand::lab
