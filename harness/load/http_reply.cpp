#include "load/http_reply.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace withstand::load {
namespace http = boost::beast::http;

namespace {
constexpr std::uint64_t most_bytes = 128ULL << 20;  // a value of 64 MiB in JSON still fits
}

struct HttpReply::Impl {
  http::response_parser<http::string_body> parser;
  boost::beast::flat_buffer unread;
};

HttpReply::HttpReply() : impl_(std::make_unique<Impl>()) {
  impl_->parser.eager(true);
  impl_->parser.body_limit(most_bytes);
}

HttpReply::~HttpReply() = default;

Reply::State HttpReply::take(std::string_view bytes) {
  namespace asio = boost::asio;
  auto& [parser, unread] = *impl_;
  unread.commit(asio::buffer_copy(unread.prepare(bytes.size()), asio::buffer(bytes.data(), bytes.size())));
  while (!parser.is_done() && unread.size() > 0) {
    boost::system::error_code error;
    unread.consume(parser.put(unread.data(), error));
    if (error == http::error::need_more) return State::more;
    if (error) return State::malformed;
  }
  return parser.is_done() ? State::complete : State::more;
}

Reply::State HttpReply::end() {
  if (!impl_->parser.got_some()) return State::malformed;
  boost::system::error_code error;
  impl_->parser.put_eof(error);
  return error || !impl_->parser.is_done() ? State::malformed : State::complete;
}

bool HttpReply::keep_alive() const {
  // Bytes beyond the answer, or an interim answer (1xx), leave a stream on which the next answer cannot be told apart.
  return impl_->parser.keep_alive() && impl_->unread.size() == 0 && status() >= 200;
}

int HttpReply::status() const { return static_cast<int>(impl_->parser.get().result_int()); }
const std::string& HttpReply::body() const { return impl_->parser.get().body(); }

}  // namespace withstand::load
