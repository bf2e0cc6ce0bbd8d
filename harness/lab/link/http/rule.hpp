#pragma once

#include <string>
#include <string_view>

#include "core/http.hpp"
#include "lab/link/http/conversation.hpp"

namespace withstand::lab::link::http {

/// Whether a text is what a pattern says: * stands for any text, ? for one character. Linear in practice: at most
/// pattern times text.
bool fits(std::string_view pattern, std::string_view text);

/// The path of a request's target, without query; of an absolute target (RFC 9112 §3.2.2) as well.
std::string_view path_of(std::string_view target);
/// The host a request asks for, without its port: of its target, or its Host field.
std::string_view host_of(const Head& request);

/// Whether a message is one of those that are meant. A response that answers nothing has no request to match.
bool meant(const core::HttpMatch& match, const Message& message);

/// "GET /path", printable and not long, for people.
std::string label_of(const Head& request);

}  // namespace withstand::lab::link::http
