#include "lab/link/http/rule.hpp"

#include <algorithm>

namespace withstand::lab::link::http {
namespace {

constexpr std::size_t longest_label = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lowered(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(), lower);
  return made;
}

/// Host and port of an absolute target; nothing of others.
std::string_view authority_of(std::string_view target) {
  const auto scheme = target.find("://");
  if (scheme == std::string_view::npos || target.starts_with('/')) return {};
  const auto rest = target.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

std::string_view named_host(const Head& request) {
  if (const auto named = authority_of(request.target); !named.empty()) return named;
  if (request.method == "CONNECT") return request.target;
  const std::string* field = request.field("host");
  return field == nullptr ? std::string_view() : std::string_view(*field);
}

std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  // The colons of an IPv6 address are within brackets.
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) return host;
  return host.substr(0, colon);
}

bool fits_status(std::string_view pattern, unsigned status) {
  const std::string text = std::to_string(status);
  return pattern.size() == text.size() && std::equal(pattern.begin(), pattern.end(), text.begin(),
                                                     [](char asked, char is) { return asked == 'x' || asked == is; });
}

bool has_all(const std::vector<core::HttpMatch::Header>& wanted, const Head& head) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const core::HttpMatch::Header& one) {
    return std::any_of(head.fields.begin(), head.fields.end(), [&](const auto& field) {
      return lowered(field.first) == lowered(one.name) && (one.value.empty() || fits(one.value, field.second));
    });
  });
}

bool meant_request(const core::HttpMatch& match, const Head& head) {
  if (!match.methods.empty() &&
      std::find(match.methods.begin(), match.methods.end(), head.method) == match.methods.end())
    return false;
  if (!match.path.empty() && !fits(match.path, path_of(head.target))) return false;
  if (!match.host.empty()) {
    const std::string pattern = lowered(match.host), host = lowered(named_host(head));
    if (!fits(pattern, host) && !fits(pattern, without_port(host))) return false;
  }
  return has_all(match.headers, head);
}

bool asks_of_request(const core::HttpMatch& match) {
  return !match.methods.empty() || !match.path.empty() || !match.host.empty() || !match.headers.empty();
}

}  // namespace

bool fits(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, place = 0, star = std::string_view::npos, resume = 0;
  while (place < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = place;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[place])) {
      ++at;
      ++place;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      place = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

std::string_view path_of(std::string_view target) {
  if (const auto authority = authority_of(target); !authority.empty()) {
    target.remove_prefix(static_cast<std::size_t>(authority.data() - target.data()) + authority.size());
    if (!target.starts_with('/')) return "/";
  }
  return target.substr(0, target.find_first_of("?#"));
}

std::string_view host_of(const Head& request) { return without_port(named_host(request)); }

bool meant(const core::HttpMatch& match, const Message& message) {
  if (message.request != nullptr ? !meant_request(match, message.request->head) : asks_of_request(match)) return false;
  if (message.response == nullptr) return true;
  const auto& statuses = match.statuses;
  return (statuses.empty() ||
          std::any_of(statuses.begin(), statuses.end(),
                      [&](const auto& one) { return fits_status(one, message.response->status); })) &&
         has_all(match.response_headers, *message.response);
}

std::string label_of(const Head& request) {
  std::string label = request.method + " " + std::string(path_of(request.target));
  if (label.size() > longest_label) label = label.substr(0, longest_label - 3) + "...";
  for (char& c : label)
    if (c < ' ' || c > '~') c = '?';
  return label;
}

}  // namespace withstand::lab::link::http
