#include "lab/dns/tcp_connection.hpp"

#include <array>
#include <utility>

#include <sys/socket.h>

#include "os/check.hpp"

namespace withstand::lab::dns {
namespace {

constexpr std::chrono::seconds longest_silence{10};
constexpr std::size_t length_size = 2;

}  // namespace

TcpConnection::TcpConnection(core::EventLoop& loop, os::Fd socket, std::function<void(ByteView)> on_message,
                             std::function<void()> on_end)
    : loop_(loop), socket_(std::move(socket)), on_message_(std::move(on_message)), on_end_(std::move(on_end)) {
  readable_ = loop_.on_readable(socket_.get(), [this] { on_readable(); });
  expect_more();
}

void TcpConnection::expect_more() {
  silence_ = loop_.at(core::now() + longest_silence, [this] { end(); });
}

void TcpConnection::end() {
  broken_ = true;
  readable_.reset();
  silence_.reset();
  socket_.reset();
  on_end_();
}

void TcpConnection::on_readable() {
  std::array<std::uint8_t, 4096> chunk{};
  const auto got = os::retry([&] { return ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT); });
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (got <= 0) return end();
  received_.insert(received_.end(), chunk.begin(), chunk.begin() + got);
  expect_more();
  take_messages();
  if (broken_) end();
}

void TcpConnection::take_messages() {
  std::size_t at = 0;
  while (received_.size() - at >= length_size) {
    const std::size_t length = static_cast<std::size_t>(received_[at]) << 8 | received_[at + 1];
    if (received_.size() - at - length_size < length) break;
    on_message_(ByteView(received_).subspan(at + length_size, length));
    at += length_size + length;
  }
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(at));
}

bool TcpConnection::send(ByteView message) {
  if (broken_ || message.size() > largest_tcp) return false;
  Bytes framed{static_cast<std::uint8_t>(message.size() >> 8), static_cast<std::uint8_t>(message.size() & 0xff)};
  framed.insert(framed.end(), message.begin(), message.end());
  const auto sent =
      os::retry([&] { return ::send(socket_.get(), framed.data(), framed.size(), MSG_DONTWAIT | MSG_NOSIGNAL); });
  broken_ = sent < 0 || static_cast<std::size_t>(sent) != framed.size();
  if (broken_) ::shutdown(socket_.get(), SHUT_RDWR);  // half an answer is none: the next readable event ends it
  return !broken_;
}

}  // namespace withstand::lab::dns
