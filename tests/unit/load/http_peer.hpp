#pragma once

#include <string>

namespace withstand::load::testing {

inline std::string answer(int status, const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         more + "\r\n" + body;
}

/// The whole first request in `received`, taken out of it; empty while it is not complete.
inline std::string take_request(std::string& received) {
  const auto head = received.find("\r\n\r\n");
  if (head == std::string::npos) return "";
  std::size_t length = 0;
  const auto at = received.find("Content-Length: ");
  if (at < head) length = std::stoul(received.substr(at + 16));
  if (received.size() < head + 4 + length) return "";
  const auto whole = received.substr(0, head + 4 + length);
  received.erase(0, whole.size());
  return whole;
}

}  // namespace withstand::load::testing
