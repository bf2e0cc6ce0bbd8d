#include "load/http_reply.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace withstand::load {
namespace http = boost::beast::http;

namespace {

constexpr std::uint64_t most_bytes = 128ULL << 20;  // a value of 64 MiB in JSON still fits

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; }
bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char one, char other) {
           return (one >= 'A' && one <= 'Z' ? static_cast<char>(one + ('a' - 'A')) : one) == other;
         });
}

/// The line before CR LF, which is taken off; nothing when there is none, or it holds what needs a closer look.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\r');
  if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != '\n') return std::nullopt;
  const auto line = text.substr(0, end);
  if (!std::all_of(line.begin(), line.end(), is_printable)) return std::nullopt;
  text.remove_prefix(end + 2);
  return line;
}

/// Of a header that says nothing unusual: true. A length is noted.
bool take_header(std::string_view line, std::optional<std::size_t>& length) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() || !std::all_of(name.begin(), name.end(), is_name)) return false;
  for (const std::string_view unusual : {"connection", "proxy-connection", "transfer-encoding", "upgrade"})
    if (same_name(name, unusual)) return false;
  if (!same_name(name, "content-length")) return true;
  auto value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  constexpr std::size_t most_digits = 7;
  std::size_t number = 0;
  const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (length || error != std::errc() || value.size() > most_digits || rest != value.data() + value.size()) return false;
  length = number;
  return true;
}

/// A whole answer of the plainest kind: HTTP/1.1, a length, nothing about the connection. Then its status, with `text`
/// being its body; else 0.
int take_plain(std::string_view& text) {
  constexpr std::string_view version = "HTTP/1.1 ";
  const auto line = take_line(text);
  if (!line || !line->starts_with(version) || line->size() < version.size() + 4) return 0;
  int status = 0;
  const char* const digits = line->data() + version.size();
  const auto [rest, error] = std::from_chars(digits, digits + 3, status);
  // Those without a body whatever they say of its length are left to the parser.
  if (error != std::errc() || rest != digits + 3 || *rest != ' ' || status < 200 || status == 204 || status == 304)
    return 0;
  std::optional<std::size_t> length;
  while (const auto header = take_line(text)) {
    if (header->empty()) return length && *length == text.size() ? status : 0;
    if (!take_header(*header, length)) return 0;
  }
  return 0;
}

}  // namespace

struct HttpReply::Impl {
  Impl() {
    parser.eager(true);
    parser.body_limit(most_bytes);
  }
  http::response_parser<http::string_body> parser;
  boost::beast::flat_buffer unread;
};

HttpReply::HttpReply() = default;
HttpReply::~HttpReply() = default;

Reply::State HttpReply::take(std::string_view bytes) {
  namespace asio = boost::asio;
  if (!impl_) {
    auto rest = bytes;
    status_ = take_plain(rest);
    if (status_ != 0) {
      body_ = rest;
      return State::complete;
    }
    impl_ = std::make_unique<Impl>();
  }
  auto& parser = impl_->parser;
  auto& unread = impl_->unread;
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
  if (!impl_ || !impl_->parser.got_some()) return State::malformed;
  boost::system::error_code error;
  impl_->parser.put_eof(error);
  return error || !impl_->parser.is_done() ? State::malformed : State::complete;
}

bool HttpReply::keep_alive() const {
  if (!impl_) return status_ != 0;
  // Bytes beyond the answer, or an interim answer (1xx), leave a stream on which the next answer cannot be told apart.
  return impl_->parser.keep_alive() && impl_->unread.size() == 0 && status() >= 200;
}

int HttpReply::status() const { return impl_ ? static_cast<int>(impl_->parser.get().result_int()) : status_; }
const std::string& HttpReply::body() const { return impl_ ? impl_->parser.get().body() : body_; }

}  // namespace withstand::load
