#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "lab/link/http/reader.hpp"

namespace withstand::lab::link::http {

struct Request {
  std::uint64_t ordinal = 0;  ///< on its connection, from 0
  Head head;
};

/// A message whose head has been read. Places count bytes of its direction's stream.
struct Message {
  const Request* request = nullptr;   ///< of a response: what it answers; null where nothing was asked
  const Head* response = nullptr;     ///< null: it is a request
  std::uint64_t ordinal = 0;          ///< of the request
  std::int64_t begins = 0, body = 0;  ///< its first byte, and the first one behind its head
  std::int64_t body_length = 0;       ///< Reader::unbounded: it does not say
};

/// Who hears what is said. Called while bytes are read, in their order.
class Hearer {
 public:
  virtual ~Hearer() = default;
  /// False: nothing behind this head is to be read now; the rest will come again.
  virtual bool heard(const Message& message) = 0;
  /// The message whose head came last in that direction ends before this place.
  virtual void ended(bool up, std::int64_t at) = 0;
  /// What the connection speaks, each time that is known better.
  virtual void spoken(Speech speech) = 0;
};

/// Both directions of one connection (up: from the client), put together: which response answers which request, and
/// where messages begin and end.
class Conversation {
 public:
  Conversation() : up_(Reader::Kind::request), down_(Reader::Kind::response) {}

  /// The next bytes of one direction. Returns how many were read: all, unless the hearer stopped it.
  std::size_t hear(bool up, std::string_view bytes, Hearer& hearer);
  /// How many bytes of a direction are nothing but body from here on; Reader::unbounded: all.
  [[nodiscard]] std::int64_t skippable(bool up) const { return reader(up).skippable(); }
  void skip(bool up, std::int64_t bytes) { own(up).skip(bytes); }
  /// Whether there is anything left to read.
  [[nodiscard]] bool goes_on() const { return !stopped_; }
  [[nodiscard]] Speech speech() const { return speech_; }
  [[nodiscard]] const Reader& reader(bool up) const { return up ? up_ : down_; }
  /// Requests that were not answered yet.
  [[nodiscard]] const std::deque<Request>& open() const { return open_; }

  /// More requests than anybody sends before the first is answered: it is not read any further.
  static constexpr std::size_t most_open = 1024;
  /// The same for what they take up here: their heads are kept until they are answered.
  static constexpr std::size_t most_open_bytes = std::size_t{256} << 10;

 private:
  [[nodiscard]] Reader& own(bool up) { return up ? up_ : down_; }
  bool request(Hearer& hearer);
  bool response(Hearer& hearer);
  void learn(Speech speech, Hearer& hearer);

  Reader up_, down_;
  std::deque<Request> open_;
  std::size_t open_bytes_ = 0;
  std::uint64_t next_ = 0;
  Speech speech_ = Speech::unknown;
  bool stopped_ = false;  ///< something else is spoken from here on
};

}  // namespace withstand::lab::link::http
