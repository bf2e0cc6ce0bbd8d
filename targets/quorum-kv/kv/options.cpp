#include "kv/options.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "kv/exit_code.hpp"

namespace quorum_kv {

namespace {

using boost::asio::ip::tcp;

[[noreturn]] void refuse(const std::string& why) { throw Refusal(ExitCode::usage, why); }

/// ADDR:PORT or [ADDR6]:PORT; a host name is looked up once, now.
tcp::endpoint parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) refuse(fmt::format("\"{}\" is not ADDR:PORT", text));
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::asio::io_context io;
  boost::system::error_code error;
  const auto found = tcp::resolver(io).resolve(host, text.substr(colon + 1), error);
  if (error || found.empty()) refuse(fmt::format("\"{}\": {}", text, error.message()));
  return found.begin()->endpoint();
}

std::vector<Member> parse_members(const std::string& text) {
  std::vector<Member> members;
  for (const std::string& item : CLI::detail::split(text, ',')) {
    const auto equals = item.find('=');
    if (equals == std::string::npos || equals == 0) refuse(fmt::format("--peers: \"{}\" is not NAME=ADDR:PORT", item));
    members.push_back({item.substr(0, equals), parse_endpoint(item.substr(equals + 1))});
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  const auto same = [](const Member& a, const Member& b) { return a.name == b.name; };
  if (std::adjacent_find(members.begin(), members.end(), same) != members.end()) {
    refuse("--peers names a member twice");
  }
  if (members.size() > max_members) refuse(fmt::format("--peers: at most {} members", max_members));
  return members;
}

std::chrono::nanoseconds parse_duration(const std::string& option, const std::string& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::string unit = text.substr(digits);
  if (digits > 0 && digits < 8) {
    const auto number = std::stoll(text.substr(0, digits));
    if (unit == "ms" && number > 0) return std::chrono::milliseconds(number);
    if (unit == "s" && number > 0) return std::chrono::seconds(number);
  }
  refuse(fmt::format("{}: \"{}\" is not a duration such as 250ms or 1s", option, text));
}

struct Texts {
  std::string listen, peer_listen, peers, operation = "800ms", rpc = "100ms";
  std::vector<std::string> bugs;
};

Options interpret(Options options, const Texts& texts) {
  options.members = parse_members(texts.peers);
  const auto self = std::find_if(options.members.begin(), options.members.end(),
                                 [&](const Member& member) { return member.name == options.name; });
  if (self == options.members.end()) refuse(fmt::format("--peers does not name this node, {}", options.name));
  options.self = static_cast<std::uint32_t>(self - options.members.begin());
  options.listen = parse_endpoint(texts.listen);
  options.peer_listen = texts.peer_listen.empty() ? self->endpoint : parse_endpoint(texts.peer_listen);
  options.timing.operation = parse_duration("--op-timeout", texts.operation);
  options.timing.retry = parse_duration("--rpc-timeout", texts.rpc);
  for (const std::string& bug : texts.bugs) {
    if (!plant(options.bugs, bug)) refuse(fmt::format("--bug: there is no \"{}\"; there are {}", bug, bug_names()));
  }
  return options;
}

std::string footer() {
  std::string text = "Planted bugs:\n";
  for (const BugEntry& bug : bug_table()) text += fmt::format("  {:<22}{}\n", bug.name, bug.mistake);
  return text;
}

}  // namespace

std::vector<std::string> Options::member_names() const {
  std::vector<std::string> names;
  for (const Member& member : members) names.push_back(member.name);
  return names;
}

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  Texts texts;
  CLI::App app{"A replicated register store: reads and writes through majorities (the ABD algorithm)", "quorum-kv"};
  app.footer(footer());
  app.add_option("--name", options.name, "this node's name, one of those in --peers")->required();
  app.add_option("--listen", texts.listen, "ADDR:PORT for clients (HTTP)")->required();
  app.add_option("--peers", texts.peers, "NAME=ADDR:PORT,...: every member and its peer port, this node included")
      ->required();
  app.add_option("--peer-listen", texts.peer_listen, "ADDR:PORT for the other members, if not as in --peers");
  app.add_option("--data", options.data, "data directory")->required();
  app.add_flag("--init", options.init, "this is the node's very first start; never give it again");
  app.add_option("--op-timeout", texts.operation, "deadline of an operation")->capture_default_str();
  app.add_option("--rpc-timeout", texts.rpc, "silence after which a request is repeated and a connection suspected")
      ->capture_default_str();
  app.add_option("--bug", texts.bugs, "plant a bug; may be given several times")->take_all();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  }
  return interpret(std::move(options), texts);
}

}  // namespace quorum_kv
