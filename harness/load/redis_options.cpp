#include "load/redis_options.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "load/options.hpp"

namespace withstand::load {
namespace {

/// "198.18.0.4:26379" or "fd57::4:26379": the port is what follows the last colon.
std::optional<HostPort> host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HostPort out{std::string(text.substr(0, colon)), 0};
  const auto digits = text.substr(colon + 1);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (error != std::errc() || rest != digits.data() + digits.size() || out.port < 1 || out.port > 65'535) {
    return std::nullopt;
  }
  if (out.address.front() == '[' && out.address.back() == ']')
    out.address = out.address.substr(1, out.address.size() - 2);
  return out;
}

}  // namespace

RedisOptions read_redis_options(const Config& config, std::vector<spec::Complaint>& complaints) {
  Options options("redis", config.driver_options);
  RedisOptions out;
  std::string list = options.text("sentinel", "");
  std::replace(list.begin(), list.end(), ',', ' ');
  for (std::string_view rest = list; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (end > 0) {
      const auto one = host_port(rest.substr(0, end));
      if (one) out.sentinels.push_back(*one);
      if (!one)
        options.complain(fmt::format("'{}' is no sentinel", rest.substr(0, end)),
                         "ADDRESS:PORT, with commas between them");
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out.master = options.text("master", "mymaster");
  out.primary = options.text("primary", "");
  out.read_anywhere = options.choice("reads", {"primary", "any"}) == "any";
  out.create_only = options.choice("create", {"set", "set-nx"}) == "set-nx";
  out.lease = options.duration("lease", std::chrono::seconds(1));
  out.connect_timeout = options.duration("connect_timeout", std::chrono::nanoseconds(config.timeout));
  const auto is_primary = [&](const Endpoint& endpoint) { return endpoint.node == out.primary; };
  if (!out.primary.empty() && std::none_of(config.endpoints.begin(), config.endpoints.end(), is_primary)) {
    options.complain(fmt::format("no node '{}' serves clients", out.primary), "primary = the name of a redis node");
  }
  const auto found = options.finish();
  complaints.insert(complaints.end(), found.begin(), found.end());
  return out;
}

}  // namespace withstand::load
