#include "os/handshake.hpp"

#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace withstand::os {
namespace {

constexpr char ready_mark = 'R';
constexpr char failure_mark = 'E';

[[noreturn]] void report_failure(int socket, int error, const std::string& attempt) {
  std::string data(1, failure_mark);
  data.append(reinterpret_cast<const char*>(&error), sizeof error);
  data.append(attempt.substr(0, 4096));
  try {
    send_message(socket, data);
  } catch (...) {  // the parent is gone or will see the end of the socket
  }
  ::_exit(70);
}

}  // namespace

std::string attempt_of(const std::system_error& error) {
  const std::string what = error.what();
  const std::string suffix = ": " + error.code().message();
  const bool ends_so =
      what.size() >= suffix.size() && what.compare(what.size() - suffix.size(), suffix.size(), suffix) == 0;
  return ends_so ? what.substr(0, what.size() - suffix.size()) : what;
}

void set_up_or_report(int socket, const std::function<void()>& set_up) {
  try {
    set_up();
  } catch (const std::system_error& error) {
    report_failure(socket, error.code().value(), attempt_of(error));
  } catch (const std::exception& error) {
    report_failure(socket, 0, error.what());
  } catch (...) {
    report_failure(socket, 0, "unknown exception");
  }
}

Failure parse_failure(const Message& message) {
  Failure failure{EPROTO, "set up"};
  if (message.data.size() < 1 + sizeof failure.error || message.data[0] != failure_mark) return failure;
  std::memcpy(&failure.error, message.data.data() + 1, sizeof failure.error);
  failure.attempt = message.data.substr(1 + sizeof failure.error);
  return failure;
}

void report_ready(int socket, const std::vector<int>& descriptors) {
  send_message(socket, std::string_view(&ready_mark, 1), descriptors);
}

std::vector<Fd> await_ready(const std::string& who, int socket, int timeout_ms) {
  pollfd poll{socket, POLLIN, 0};
  if (check("wait for " + who, retry([&] { return ::poll(&poll, 1, timeout_ms); })) == 0)
    throw SystemError(who + ": set up", ETIMEDOUT);
  auto message = receive_message(socket);
  if (message->end) throw SystemError(who + ": ended while it was set up", ECHILD);
  if (message->data[0] == ready_mark) return std::move(message->descriptors);
  const Failure failure = parse_failure(*message);
  if (failure.error == 0) throw std::runtime_error(who + ": " + failure.attempt);
  throw SystemError(who + ": " + failure.attempt, failure.error);
}

}  // namespace withstand::os
