#include "lab/connector.hpp"

#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>

namespace withstand::lab {
namespace asio = boost::asio;
namespace {

struct Attempt {
  explicit Attempt(asio::io_context& context) : socket(context), timer(context) {}
  asio::ip::tcp::socket socket;
  asio::steady_timer timer;
  bool timed_out = false;
};

}  // namespace

int family_of(const std::string& address) {
  boost::system::error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  if (error) return 0;
  return parsed.is_v6() ? AF_INET6 : AF_INET;
}

void connect_socket(core::EventLoop& loop, os::Fd socket, const std::string& address, std::int64_t port,
                    std::chrono::nanoseconds timeout, std::function<void(os::Fd, std::string error)> done) {
  auto attempt = std::make_shared<Attempt>(*static_cast<asio::io_context*>(loop.asio_context()));
  boost::system::error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  if (!error) attempt->socket.assign(parsed.is_v6() ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket.get(), error);
  if (error) return done(os::Fd(), error.message());
  static_cast<void>(socket.release());  // the attempt owns it now
  attempt->timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(timeout));
  attempt->timer.async_wait([attempt](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    attempt->timed_out = true;
    boost::system::error_code ignored;
    attempt->socket.close(ignored);
  });
  const asio::ip::tcp::endpoint peer(parsed, static_cast<std::uint16_t>(port));
  attempt->socket.async_connect(peer, [attempt, done = std::move(done)](const boost::system::error_code& failed) {
    attempt->timer.cancel();
    if (attempt->timed_out) return done(os::Fd(), "Connection timed out");
    if (failed) return done(os::Fd(), failed.message());
    boost::system::error_code lost;
    os::Fd connected(attempt->socket.release(lost));
    done(std::move(connected), lost ? lost.message() : "");
  });
}

}  // namespace withstand::lab
