#include "network/http_match.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"

namespace withstand::faults {
namespace {

using Header = core::HttpMatch::Header;
using Objection = spec::KindTable::Objection;
using spec::TextList;
using spec::ValueType;

/// Methods and names of header fields (RFC 9110 §5.6.2).
bool is_token(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_status(const std::string& text) {
  return text.size() == 3 && text[0] >= '1' && text[0] <= '5' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c == 'x' || (c >= '0' && c <= '9'); });
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

/// "name" or "name = value".
Header header_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return {trimmed(text), ""};
  return {trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1))};
}

std::vector<Header> headers_of(const spec::FaultSpec& fault, const char* name) {
  std::vector<Header> headers;
  for (const std::string& text : core::parameter_or<TextList>(fault, name, {})) headers.push_back(header_of(text));
  return headers;
}

}  // namespace

std::vector<spec::Parameter> http_match_parameters() {
  return {core::described("method", ValueType::text_list, R"(Only requests of one of these methods: ["GET", "HEAD"].)"),
          core::described("path", ValueType::text, "Only requests for such a path, without its query: \"/kv/*\"."),
          core::described("host", ValueType::text, "Only requests to such a host."),
          core::described("header", ValueType::text_list,
                          R"(Only requests with all of these header fields: ["x-user", "content-type = text/*"].)"),
          core::described("status", ValueType::text_list,
                          R"(side response: only responses of one of these statuses: ["200", "5xx"].)"),
          core::described("response_header", ValueType::text_list,
                          "side response: only responses with all of these header fields.")};
}

core::HttpMatch http_match_of(const spec::FaultSpec& fault) {
  return {.methods = core::parameter_or<TextList>(fault, "method", {}),
          .path = core::parameter_or<std::string>(fault, "path", ""),
          .host = core::parameter_or<std::string>(fault, "host", ""),
          .headers = headers_of(fault, "header"),
          .response_headers = headers_of(fault, "response_header"),
          .statuses = core::parameter_or<TextList>(fault, "status", {})};
}

std::vector<Objection> http_match_objections(const spec::FaultSpec& fault, core::HttpSettings::Side side) {
  std::vector<Objection> all;
  const core::HttpMatch match = http_match_of(fault);
  for (const std::string& method : match.methods)
    if (!is_token(method) || std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
      all.push_back({"method", {fmt::format("'{}' is no method", method), R"(say them as they are sent: "GET")"}});
  for (const std::string& status : match.statuses)
    if (!is_status(status))
      all.push_back(
          {"status", {fmt::format("'{}' is no status", status), R"(say "503", or "5xx" for all of a class)"}});
  for (const char* name : {"header", "response_header"})
    for (const Header& header : headers_of(fault, name))
      if (!is_token(header.name))
        all.push_back(
            {name, {fmt::format("'{}' is no name of a header field", header.name), R"(say "name" or "name = value")"}});
  if (!match.path.empty() && match.path[0] != '/' && match.path[0] != '*')
    all.push_back({"path", {"a path begins with a slash", "say \"/" + match.path + "\", or \"*\" in front"}});
  for (const char* name : {"path", "host"})
    if (fault.given.contains(name) && core::parameter_or<std::string>(fault, name, "").empty())
      all.push_back({name, {"is empty", "leave it out to mean any"}});
  if (side == core::HttpSettings::Side::request)
    for (const char* name : {"status", "response_header"})
      if (fault.given.contains(name))
        all.push_back({name,
                       {fmt::format("'{}' is of responses, and this happens to requests", name),
                        fault.given.contains("side")
                            ? fmt::format(R"(leave out '{}', or say side = "response" instead of "request")", name)
                            : std::string(R"(say side = "response" too)")}});
  return all;
}

}  // namespace withstand::faults
