#include "load/http_options.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "load/options.hpp"

namespace withstand::load {

HttpOptions read_http_options(const Config& config, std::vector<spec::Complaint>& complaints) {
  Options options("http", config.driver_options);
  HttpOptions out;
  const auto path = options.text("path", "/kv/{key}");
  out.read_method = options.text("read_method", "GET");
  out.read_path = options.text("read_path", path);
  out.read_body = options.text("read_body", "");
  out.write_method = options.text("write_method", "PUT");
  out.write_path = options.text("write_path", path);
  out.write_body = options.text("write_body", "{value}");
  out.content_type = options.text("content_type", "text/plain");
  out.pointer = options.text("pointer", "/value");
  out.ok = options.numbers("ok", "200-204", 100, 599);
  out.missing = options.numbers("missing", "404", 100, 599);
  out.refused = options.numbers("refused", "400-407,410-422,429", 100, 599);
  out.outcome_pointer = options.text("outcome_pointer", "/outcome");
  out.outcome_none = options.text("outcome_none", "none");
  out.unavailable = options.numbers("unavailable", "502-504", 100, 599);
  out.failover = options.choice("route", {"failover", "spread"}) == "failover";
  const auto timeout = std::chrono::nanoseconds(config.timeout);
  out.connect_timeout = options.duration("connect_timeout", timeout);
  for (const auto* pointer : {&out.pointer, &out.outcome_pointer}) {
    if (pointer->empty() || pointer->front() == '/') continue;
    options.complain(fmt::format("'{}' is no JSON pointer", *pointer), "it starts with '/': \"/value\" (RFC 6901)");
  }
  for (const auto* one : {&out.read_path, &out.write_path}) {
    if (one->empty() || one->front() != '/')
      options.complain(fmt::format("'{}' is no path", *one), "it starts with '/'");
  }
  if (out.write_body.find("{value}") == std::string::npos && out.write_path.find("{value}") == std::string::npos) {
    options.complain("a write sends no value", "'{value}' belongs in write_body or write_path");
  }
  const auto found = options.finish();
  complaints.insert(complaints.end(), found.begin(), found.end());
  return out;
}

}  // namespace withstand::load
