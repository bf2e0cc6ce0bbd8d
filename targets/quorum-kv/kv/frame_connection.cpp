#include "kv/frame_connection.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace quorum_kv {

namespace {
constexpr std::size_t longest_outbox = 2 << 20;
}

using boost::system::error_code;

FrameConnection::FrameConnection(Socket socket, bool verify_checksums)
    : socket_(std::move(socket)),
      verify_checksums_(verify_checksums),
      opened_(std::chrono::steady_clock::now()),
      last_heard_(opened_) {}

void FrameConnection::connect(const boost::asio::ip::tcp::endpoint& endpoint, std::function<void()> connected,
                              OnMessage on_message, OnEnd on_end) {
  on_message_ = std::move(on_message);
  on_end_ = std::move(on_end);
  socket_.async_connect(endpoint,
                        [self = shared_from_this(), connected = std::move(connected)](const error_code& error) {
                          if (self->closed_) return;
                          if (error) {
                            self->end();
                            return;
                          }
                          self->start(self->on_message_, self->on_end_);
                          connected();
                        });
}

void FrameConnection::start(OnMessage on_message, OnEnd on_end) {
  on_message_ = std::move(on_message);
  on_end_ = std::move(on_end);
  error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  read();
}

void FrameConnection::send(const Message& message) {
  if (closed_ || outbox_.size() > longest_outbox) return;
  outbox_ += encode_frame(message);
  if (writing_.empty()) write();
}

void FrameConnection::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  socket_.close(ignored);
}

void FrameConnection::end() {
  if (closed_) return;
  close();
  on_end_();
}

void FrameConnection::read() {
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            if (self->closed_) return;
                            if (error) {
                              self->end();
                              return;
                            }
                            self->last_heard_ = std::chrono::steady_clock::now();
                            self->inbox_.append(self->chunk_.data(), size);
                            if (!self->take_frames()) {
                              self->end();
                            } else if (!self->closed_) {
                              self->read();
                            }
                          });
}

bool FrameConnection::take_frames() {
  std::size_t taken = 0;
  while (!closed_ && inbox_.size() - taken >= frame_header_size) {
    const std::string_view rest = std::string_view(inbox_).substr(taken);
    const auto header = decode_frame_header(rest);
    if (!header) return false;
    if (rest.size() - frame_header_size < header->length) break;
    const auto message = decode_payload(*header, rest.substr(frame_header_size, header->length), verify_checksums_);
    if (!message) return false;
    taken += frame_header_size + header->length;
    on_message_(*message);
  }
  inbox_.erase(0, taken);
  return true;
}

void FrameConnection::write() {
  writing_ = std::exchange(outbox_, {});
  boost::asio::async_write(socket_, boost::asio::buffer(writing_),
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (self->closed_) return;
                             if (error) {
                               self->end();
                               return;
                             }
                             self->writing_.clear();
                             if (!self->outbox_.empty()) self->write();
                           });
}

}  // namespace quorum_kv
