#include "os/nftables.hpp"

#include <algorithm>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include <linux/netlink.h>
#include <sys/socket.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

/// libnftables keeps its socket to itself, and lets it be inherited by whatever program is started. It has got the
/// lowest number that was free.
void keep_from_children(int lowest) {
  int protocol = -1;
  socklen_t size = sizeof protocol;
  if (::getsockopt(lowest, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == NETLINK_NETFILTER)
    check("set close-on-exec on the socket of nftables", ::fcntl(lowest, F_SETFD, FD_CLOEXEC));
}

int lowest_free() {
  const int number = check("find a free descriptor", ::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::close(number);
  return number;
}

nft_ctx* make_context() {
  const int lowest = lowest_free();
  nft_ctx* const made = nft_ctx_new(NFT_CTX_DEFAULT);
  if (made != nullptr) keep_from_children(lowest);
  return made;
}

}  // namespace

struct Nftables::Impl {
  struct Release {
    void operator()(nft_ctx* context) const { nft_ctx_free(context); }
  };
  std::unique_ptr<nft_ctx, Release> context{make_context()};

  std::string perform(const std::string& attempt, const std::string& commands, unsigned flags) {
    nft_ctx_output_set_flags(context.get(), flags);
    const int failed = nft_run_cmd_from_buffer(context.get(), commands.c_str());
    // Both buffers are emptied by reading them.
    const std::string said = nft_ctx_get_output_buffer(context.get());
    std::string wrong = nft_ctx_get_error_buffer(context.get());
    if (failed == 0) return said;
    wrong.resize(std::min(wrong.find('\n'), wrong.size()));
    throw std::runtime_error(attempt + " with nftables: " + (wrong.empty() ? "it failed without a word" : wrong));
  }
};

Nftables::Nftables() : impl_(std::make_unique<Impl>()) {
  if (!impl_->context) throw std::runtime_error("open nftables: out of memory or sockets");
  if (nft_ctx_buffer_output(impl_->context.get()) != 0 || nft_ctx_buffer_error(impl_->context.get()) != 0)
    throw std::runtime_error("open nftables: out of memory");
}

Nftables::~Nftables() = default;
Nftables::Nftables(Nftables&&) noexcept = default;
Nftables& Nftables::operator=(Nftables&&) noexcept = default;

void Nftables::run(const std::string& attempt, const std::string& commands) {
  impl_->perform(attempt, commands, NFT_CTX_OUTPUT_NUMERIC_ALL);
}

std::string Nftables::ask(const std::string& attempt, const std::string& command) {
  return impl_->perform(attempt, command, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL);
}

bool Nftables::has_table(const std::string& name) {
  std::istringstream lines(impl_->perform("list tables", "list tables inet", NFT_CTX_OUTPUT_NUMERIC_ALL));
  for (std::string line; std::getline(lines, line);)
    if (line == "table inet " + name) return true;
  return false;
}

void Nftables::remove_table(const std::string& name) {
  if (has_table(name)) run("remove the table " + name, "delete table inet " + name);
}

}  // namespace withstand::os
