#include "kv/acceptor.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "kv/exit_code.hpp"

namespace quorum_kv {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

tcp::acceptor listen(boost::asio::io_context& io, const tcp::endpoint& endpoint) {
  try {
    return tcp::acceptor(io, endpoint, true);
  } catch (const boost::system::system_error& error) {
    throw Refusal(ExitCode::cannot_listen, fmt::format("cannot listen on {}:{}: {}", endpoint.address().to_string(),
                                                       endpoint.port(), error.code().message()));
  }
}

}  // namespace

Acceptor::Acceptor(boost::asio::io_context& io, const tcp::endpoint& endpoint,
                   std::function<void(Socket)> on_connection)
    : acceptor_(listen(io, endpoint)), pause_(io), on_connection_(std::move(on_connection)) {
  accept();
}

void Acceptor::close() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void Acceptor::accept() {
  acceptor_.async_accept([this](const error_code& error, Socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (!error) {
      on_connection_(std::move(socket));
      accept();
      return;
    }
    pause_.expires_after(std::chrono::milliseconds(50));
    pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) accept();
    });
  });
}

}  // namespace quorum_kv
