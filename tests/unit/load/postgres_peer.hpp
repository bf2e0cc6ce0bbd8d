#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "peer.hpp"

namespace withstand::load::testing {

/// PostgreSQL's messages (15, "Frontend/Backend Protocol"), as far as the driver's statements need them.
namespace postgres {

inline std::string number(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xffU);
  return out;
}
inline std::uint32_t number_at(const std::string& bytes, std::size_t at, int count) {
  std::uint32_t out = 0;
  for (int i = 0; i < count; ++i)
    out = out << 8 | static_cast<unsigned char>(bytes.at(at + static_cast<std::size_t>(i)));
  return out;
}
inline std::string text(const std::string& value) { return value + '\0'; }
inline std::string message(char type, const std::string& body) {
  return type + number(static_cast<std::uint32_t>(body.size()) + 4, 4) + body;
}

inline std::string ready() { return message('Z', "I"); }
inline std::string welcome() {
  return message('R', number(0, 4)) + message('K', number(7, 4) + number(9, 4)) + ready();
}
inline std::string error(const std::string& severity, const std::string& state, const std::string& words) {
  return message('E', text("S" + severity) + text("V" + severity) + text("C" + state) + text("M" + words) + '\0');
}
inline std::string prepared() { return message('1', "") + message('2', ""); }
inline std::string inserted() { return prepared() + message('n', "") + message('C', text("INSERT 0 1")); }
inline std::string selected(const std::vector<std::string>& values) {
  auto out = prepared() + message('T', number(1, 2) + text("value") + number(0, 4) + number(1, 2) + number(25, 4) +
                                           number(0xffff, 2) + number(0xffffffff, 4) + number(0, 2));
  for (const auto& value : values)
    out += message('D', number(1, 2) + number(static_cast<std::uint32_t>(value.size()), 4) + value);
  return out + message('C', text("SELECT " + std::to_string(values.size())));
}

}  // namespace postgres

/// A server on loopback that takes whole statements and answers what a test says.
class PostgresPeer {
 public:
  struct Statement {
    std::string text;
    std::vector<std::string> values;
  };
  using Respond = std::function<std::string(const Statement&)>;

  PostgresPeer(boost::asio::io_context& context, Respond respond)
      : respond_(std::move(respond)),
        peer_(std::make_unique<Peer>(context, [this](Peer::Connection& connection) { take(connection); })) {}
  [[nodiscard]] Peer& peer() { return *peer_; }
  void set(Respond respond) { respond_ = std::move(respond); }
  /// To every connection that is open, unasked.
  void say(const std::string& bytes) {
    for (auto& [connection, state] : states_) Peer::reply(*connection, bytes);
  }

  std::string greeting = postgres::welcome();
  int greeted = 0;
  std::vector<Statement> seen;

 private:
  struct State {
    bool greeted = false;
    Statement statement;
  };

  void take(Peer::Connection& connection) {
    auto& bytes = connection.received;
    auto& state = states_[&connection];
    while (true) {
      const std::size_t type = state.greeted ? 1 : 0;
      if (bytes.size() < type + 4) return;
      const auto size = type + postgres::number_at(bytes, type, 4);
      if (bytes.size() < size) return;
      const auto whole = bytes.substr(0, size);
      bytes.erase(0, size);
      if (!std::exchange(state.greeted, true)) {
        ++greeted;
        Peer::reply(connection, greeting);
      } else {
        take(connection, state, whole[0], whole.substr(5));
      }
    }
  }

  void take(Peer::Connection& connection, State& state, char type, const std::string& body) {
    if (type == 'P') {
      const auto start = body.find('\0') + 1;
      state.statement = {body.substr(start, body.find('\0', start) - start), {}};
    } else if (type == 'B') {
      auto at = body.find('\0', body.find('\0') + 1) + 1;
      at += 2 + 2 * postgres::number_at(body, at, 2);
      const auto count = postgres::number_at(body, at, 2);
      at += 2;
      for (std::uint32_t i = 0; i < count; ++i) {
        const auto size = postgres::number_at(body, at, 4);
        state.statement.values.push_back(body.substr(at + 4, size));
        at += 4 + size;
      }
    } else if (type == 'S') {
      seen.push_back(state.statement);
      const auto answer = respond_(state.statement);
      if (answer == "hang up") return connection.socket.close();
      const bool then_hang_up = answer.ends_with("hang up");
      Peer::reply(connection, then_hang_up ? answer.substr(0, answer.size() - 7) : answer);
      if (then_hang_up) connection.socket.close();
    }
  }

  Respond respond_;
  std::map<Peer::Connection*, State> states_;
  std::unique_ptr<Peer> peer_;
};

}  // namespace withstand::load::testing
