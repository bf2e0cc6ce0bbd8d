#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP/1 messages (RFC 9112) as they pass in one direction of a connection. Knows neither packets nor the other
/// direction. Nothing here trusts what it is given: a node may send anything.
namespace withstand::lab::link::http {

/// What a connection turned out to speak.
enum class Speech {
  unknown,    ///< so far nothing tells
  http,       ///< HTTP/1
  other,      ///< nothing that is known here
  tls,        ///< a TLS handshake (RFC 8446 §5.1)
  http2,      ///< HTTP/2 with prior knowledge (RFC 9113 §3.4)
  upgraded,   ///< HTTP/1, until both sides agreed on something else (101, or CONNECT)
  oversized,  ///< HTTP/1 with a head beyond Reader::most_head
  malformed,  ///< HTTP/1, until something came that is none
};

/// The part of a message before its body.
struct Head {
  std::string method, target;  ///< of a request
  unsigned status = 0;         ///< of a response
  std::vector<std::pair<std::string, std::string>> fields;

  /// The first field of that name, in any case; null when there is none.
  [[nodiscard]] const std::string* field(std::string_view name) const;
};

/// Reads one direction. Bytes come in order and in pieces of any size.
class Reader {
 public:
  enum class Kind { request, response };
  enum class Event {
    more,  ///< everything was taken
    head,  ///< a head is whole: say `body` before anything else is read
    end,   ///< a message has ended
    over,  ///< nothing will be read any more; `speech` says why
  };
  /// Lengths of bodies and places count bytes of the stream.
  static constexpr std::int64_t unbounded = -1;
  static constexpr std::size_t most_head = 64 * 1024;

  explicit Reader(Kind kind);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Reads up to the next event; `taken`: how many of the bytes that took.
  Event read(std::string_view bytes, std::size_t& taken);

  /// The head of the last Event::head.
  [[nodiscard]] const Head& head() const { return head_; }
  /// Of the message whose head is being read or was read last.
  [[nodiscard]] std::int64_t begins() const { return begins_; }
  /// How long the body is that the last head announces; unbounded: it does not say.
  [[nodiscard]] std::int64_t body_length() const { return announced_; }
  /// What follows the last head: what it says, or nothing (a response to HEAD), or everything else (CONNECT).
  enum class Body { announced, none, rest };
  void body(Body follows);

  [[nodiscard]] std::int64_t position() const { return position_; }
  [[nodiscard]] bool in_head() const { return state_ == State::head; }
  [[nodiscard]] bool over() const { return state_ == State::over; }
  [[nodiscard]] Speech speech() const { return speech_; }
  /// How many bytes from here on are body and nothing else, whatever they are; unbounded: all.
  [[nodiscard]] std::int64_t skippable() const;
  /// Takes so many of those as read without seeing them.
  void skip(std::int64_t bytes);

 private:
  enum class State { between, head, announced, counted, chunks, rest, over };
  class Parser;

  Event fail(Speech why);
  Event read_head(std::string_view bytes, std::size_t& taken);
  Event parse(std::string_view whole);
  Event read_counted(std::string_view bytes, std::size_t& taken);
  Event read_chunks(std::string_view bytes, std::size_t& taken);

  Kind kind_;
  State state_ = State::between;
  Speech speech_ = Speech::unknown;
  Head head_;
  std::unique_ptr<Parser> parser_;
  std::string pending_;        ///< of a head or a chunk's header that is not whole
  std::int64_t position_ = 0;  ///< behind all that was taken
  std::int64_t begins_ = 0;
  std::int64_t announced_ = 0;
  std::int64_t left_ = 0;  ///< of a body of known length
};

}  // namespace withstand::lab::link::http
