#include "load/protocol.hpp"

#include <cerrno>
#include <stdexcept>

#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "os/check.hpp"

namespace withstand::record {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LoadSecond, op, second, ok, fail, info, dropped, late, p50, p99, max)
}

namespace withstand::load {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Summary, planned, ok, fail, info, dropped, late, most_in_flight, lag_p50, lag_p99,
                                   lag_max)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FinalReads, wanted, read, failed)

NLOHMANN_JSON_SERIALIZE_ENUM(Command::Kind, {{Command::Kind::configure, "configure"},
                                             {Command::Kind::start, "start"},
                                             {Command::Kind::stop, "stop"},
                                             {Command::Kind::final_reads, "final_reads"},
                                             {Command::Kind::exit, "exit"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Message::Kind, {{Message::Kind::broken, "broken"},
                                             {Message::Kind::ready, "ready"},
                                             {Message::Kind::seconds, "seconds"},
                                             {Message::Kind::finished, "finished"},
                                             {Message::Kind::final_reads, "final_reads"}})

namespace {

using nlohmann::json;

std::string dump(const json& value) { return value.dump(-1, ' ', true, json::error_handler_t::replace); }

template <class Read>
auto parse(const char* what, const std::string& text, Read read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw std::runtime_error(std::string(what) + ": " + error.what());
  }
}

}  // namespace

std::string to_text(const Command& command) {
  json out{{"command", command.kind}};
  if (command.kind == Command::Kind::configure) out["config"] = to_json(command.config);
  if (command.kind == Command::Kind::start) out["at"] = command.at;
  if (command.kind == Command::Kind::final_reads) {
    out["nodes"] = command.nodes;
    out["within"] = command.within;
  }
  return dump(out);
}

Command command_from(const std::string& text) {
  return parse("read a command for the load", text, [](const json& in) {
    Command out;
    in.at("command").get_to(out.kind);
    if (out.kind == Command::Kind::configure) out.config = config_from_json(in.at("config").get<std::string>());
    if (out.kind == Command::Kind::start) in.at("at").get_to(out.at);
    if (out.kind == Command::Kind::final_reads) {
      in.at("nodes").get_to(out.nodes);
      in.at("within").get_to(out.within);
    }
    return out;
  });
}

std::string to_text(const Message& message) {
  json out{{"event", message.kind}};
  if (message.kind == Message::Kind::seconds) out["seconds"] = message.seconds;
  if (message.kind == Message::Kind::finished) out["summary"] = message.summary;
  if (message.kind == Message::Kind::final_reads) out["final_reads"] = message.final_reads;
  if (message.kind == Message::Kind::broken) out["text"] = message.text;
  return dump(out);
}

Message message_from(const std::string& text) {
  return parse("read a message of the load", text, [](const json& in) {
    Message out;
    in.at("event").get_to(out.kind);
    if (out.kind == Message::Kind::seconds) in.at("seconds").get_to(out.seconds);
    if (out.kind == Message::Kind::finished) in.at("summary").get_to(out.summary);
    if (out.kind == Message::Kind::final_reads) in.at("final_reads").get_to(out.final_reads);
    if (out.kind == Message::Kind::broken) in.at("text").get_to(out.text);
    return out;
  });
}

Received receive(int socket, std::string& out) {
  const auto length = os::retry([&] { return ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT); });
  if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Received::nothing;
  if (length < 0 && errno == ECONNRESET) return Received::hung_up;
  os::check("look at a control message", length);
  if (length == 0) return Received::hung_up;
  out.resize(static_cast<std::size_t>(length));
  os::check("receive a control message", os::retry([&] { return ::recv(socket, out.data(), out.size(), 0); }));
  return Received::message;
}

bool send(int socket, const std::string& text) {
  const auto sent = os::retry([&] { return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT); });
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return true;
  os::check("send a control message", sent);
  return true;
}

}  // namespace withstand::load
