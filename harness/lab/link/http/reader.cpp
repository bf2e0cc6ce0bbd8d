#include "lab/link/http/reader.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace withstand::lab::link::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;

constexpr std::string_view head_end = "\r\n\r\n", http2_preface = "PRI * HTTP/2.0\r\n\r\n";
/// Longer than any registered method, and than what a chunk's header may say.
constexpr std::size_t longest_method = 32, longest_chunk_header = 16 * 1024;

/// A character of a token (RFC 9110 §5.6.2).
bool in_token(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

/// Whether a first line can be one of HTTP/1, as far as it has come.
bool can_be_request(std::string_view start) {
  const auto line = start.substr(0, start.find('\n'));
  const auto method = static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), in_token) - line.begin());
  if (method > longest_method) return false;
  if (method == line.size()) return line.size() == start.size();
  if (method == 0 || line[method] != ' ') return false;
  return line.size() == start.size() || line.find(" HTTP/1.", method) != std::string_view::npos;
}

bool can_be_response(std::string_view start) {
  constexpr std::string_view version = "HTTP/1.";
  return start.substr(0, version.size()) == version.substr(0, start.size());
}

bool is_tls(std::string_view start) { return start.size() >= 2 && start[0] == 0x16 && start[1] == 0x03; }

/// Collects the head; bodies are not kept.
template <bool is_request>
class Collector : public beast::http::basic_parser<is_request> {
 public:
  explicit Collector(Head& head) : head_(&head) {
    this->header_limit(static_cast<std::uint32_t>(Reader::most_head));
    this->body_limit(boost::none);
  }

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int,
                       error_code&) override {
    head_->method.assign(method.data(), method.size());
    head_->target.assign(target.data(), target.size());
  }
  void on_response_impl(int code, beast::string_view, int, error_code&) override {
    head_->status = static_cast<unsigned>(code);
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code&) override {
    if (!whole_) head_->fields.emplace_back(std::string(name), std::string(value));
  }
  void on_header_impl(error_code&) override { whole_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  Head* head_;
  bool whole_ = false;  ///< what comes then are trailers
};

}  // namespace

class Reader::Parser {
  template <class Action>
  auto visit(const Action& action) {
    return parser_.index() == 1 ? action(std::get<1>(parser_)) : action(std::get<2>(parser_));
  }

 public:
  Parser(Kind kind, Head& head) {
    if (kind == Kind::request)
      parser_.emplace<Collector<true>>(head);
    else
      parser_.emplace<Collector<false>>(head);
  }
  std::size_t put(std::string_view bytes, error_code& error) {
    return visit([&](auto& parser) { return parser.put({bytes.data(), bytes.size()}, error); });
  }
  void read_bodies() {
    visit([](auto& parser) { parser.eager(true); });
  }
  bool whole_head() {
    return visit([](auto& parser) { return parser.is_header_done(); });
  }
  bool done() {
    return visit([](auto& parser) { return parser.is_done(); });
  }
  bool chunked() {
    return visit([](auto& parser) { return parser.chunked(); });
  }
  /// Of the body; nothing where it does not say.
  std::optional<std::uint64_t> length() {
    return visit([](auto& parser) -> std::optional<std::uint64_t> {
      if (parser.is_done()) return 0;
      if (parser.chunked() || !parser.content_length()) return {};
      return *parser.content_length();
    });
  }

 private:
  std::variant<std::monostate, Collector<true>, Collector<false>> parser_;
};

const std::string* Head::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return &value;
  return nullptr;
}

Reader::Reader(Kind kind) : kind_(kind) {}
Reader::~Reader() = default;

Reader::Event Reader::fail(Speech why) {
  // Whoever has once said a whole head speaks HTTP, however that ends.
  speech_ = why == Speech::other && speech_ == Speech::http ? Speech::malformed : why;
  state_ = State::over;
  parser_.reset();
  pending_ = {};
  return Event::over;
}

Reader::Event Reader::read(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  if (state_ == State::between) {
    // A server ignores empty lines before a request (RFC 9112 §2.2).
    if (kind_ == Kind::request && (speech_ == Speech::http || speech_ == Speech::unknown))
      while (taken < bytes.size() && (bytes[taken] == '\r' || bytes[taken] == '\n')) ++taken;
    position_ += static_cast<std::int64_t>(taken);
    bytes.remove_prefix(taken);
    if (bytes.empty()) return Event::more;
    begins_ = position_;
    state_ = State::head;
  }
  std::size_t more = 0;
  Event event = Event::more;
  const bool ends = state_ == State::counted && left_ == 0;
  if (!bytes.empty() || state_ == State::announced || ends) {
    event = state_ == State::head        ? read_head(bytes, more)
            : state_ == State::announced ? Event::head
            : state_ == State::counted   ? read_counted(bytes, more)
            : state_ == State::chunks    ? read_chunks(bytes, more)
            : state_ == State::rest      ? (more = bytes.size(), Event::more)
                                         : Event::over;
  }
  taken += more;
  position_ += static_cast<std::int64_t>(more);
  return event;
}

Reader::Event Reader::read_head(std::string_view bytes, std::size_t& taken) {
  // Most heads come whole; others are put together.
  const std::size_t before = pending_.size();
  std::size_t end = std::string_view::npos;
  if (before == 0) {
    end = bytes.find(head_end);
  } else {
    pending_.append(bytes);
    end = pending_.find(head_end, before < head_end.size() ? 0 : before - head_end.size() + 1);
  }
  const std::string_view known = before == 0 ? bytes : std::string_view(pending_);
  if (is_tls(known)) return fail(speech_ == Speech::unknown ? Speech::tls : Speech::other);
  if (kind_ == Kind::request && known.starts_with(http2_preface)) return fail(Speech::http2);
  const bool preface_begins =
      kind_ == Kind::request && known.size() < http2_preface.size() && http2_preface.substr(0, known.size()) == known;
  const bool tls_begins = known.size() == 1 && known[0] == 0x16;
  if (!preface_begins && !tls_begins && !(kind_ == Kind::request ? can_be_request(known) : can_be_response(known)))
    return fail(Speech::other);
  const std::size_t size = end == std::string_view::npos ? known.size() : end + head_end.size();
  if (size > most_head) return fail(Speech::oversized);
  if (end == std::string_view::npos) {
    if (before == 0) pending_.assign(bytes);
    taken = bytes.size();
    return Event::more;
  }
  taken = size - before;
  const Event event = parse(known.substr(0, size));
  pending_ = {};
  return event;
}

Reader::Event Reader::parse(std::string_view whole) {
  head_ = {};
  parser_ = std::make_unique<Parser>(kind_, head_);
  error_code error;
  const std::size_t taken = parser_->put(whole, error);
  if (error || taken != whole.size() || !parser_->whole_head()) return fail(Speech::other);
  const auto length = parser_->length();
  constexpr auto longest = static_cast<std::uint64_t>(INT64_MAX / 2);
  announced_ = length ? static_cast<std::int64_t>(std::min(*length, longest)) : unbounded;
  speech_ = Speech::http;
  state_ = State::announced;
  return Event::head;
}

void Reader::body(Body follows) {
  if (state_ != State::announced) return;
  const bool chunked = parser_->chunked() && !parser_->done();
  if (follows == Body::rest)
    state_ = State::rest;
  else if (follows == Body::none || announced_ >= 0)
    state_ = State::counted;
  else
    state_ = chunked ? State::chunks : State::rest;
  left_ = follows == Body::none ? 0 : announced_;
  if (state_ == State::chunks)
    parser_->read_bodies();
  else
    parser_.reset();
}

Reader::Event Reader::read_counted(std::string_view bytes, std::size_t& taken) {
  taken = static_cast<std::size_t>(std::min<std::int64_t>(left_, static_cast<std::int64_t>(bytes.size())));
  left_ -= static_cast<std::int64_t>(taken);
  if (left_ > 0) return Event::more;
  state_ = State::between;
  return Event::end;
}

Reader::Event Reader::read_chunks(std::string_view bytes, std::size_t& taken) {
  const std::size_t before = pending_.size();
  if (before > 0) pending_.append(bytes);
  const std::string_view known = before == 0 ? bytes : std::string_view(pending_);
  error_code error;
  std::size_t used = 0;
  while (used < known.size() && !parser_->done() && !error) used += parser_->put(known.substr(used), error);
  if (error && error != beast::http::error::need_more) return fail(Speech::malformed);
  if (parser_->done()) {
    taken = used - before;
    parser_.reset();
    pending_ = {};
    state_ = State::between;
    return Event::end;
  }
  if (known.size() - used > longest_chunk_header) return fail(Speech::malformed);
  taken = bytes.size();
  pending_ = std::string(known.substr(used));
  return Event::more;
}

std::int64_t Reader::skippable() const {
  if (state_ == State::rest || state_ == State::over) return unbounded;
  return state_ == State::counted ? left_ : 0;
}

void Reader::skip(std::int64_t bytes) {
  position_ += bytes;
  if (state_ == State::counted) left_ -= bytes;
}

}  // namespace withstand::lab::link::http
