#include "spec/signals.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "spec/diagnostic.hpp"

namespace withstand::spec {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 31> table{{
    {"HUP", SIGHUP},       {"INT", SIGINT},   {"QUIT", SIGQUIT},   {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT},     {"BUS", SIGBUS},   {"FPE", SIGFPE},     {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV},     {"USR2", SIGUSR2}, {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"STKFLT", 16},        {"CHLD", SIGCHLD}, {"CONT", SIGCONT},   {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU}, {"URG", SIGURG},     {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
    {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"PWR", SIGPWR},
    {"SYS", SIGSYS},
}};

constexpr int last_signal = 64;

}  // namespace

Result<int> parse_signal(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc{} && end == text.data() + text.size()) {
    if (number >= 1 && number <= last_signal) return number;
    return Complaint{fmt::format("there is no signal {}", text), "signals are 1 to 64"};
  }
  const std::string_view bare = text.starts_with("SIG") ? text.substr(3) : text;
  for (const auto& [name, value] : table) {
    if (name == bare) return value;
  }
  std::string capitals(bare);  // "term" and "sigterm" are near
  std::transform(capitals.begin(), capitals.end(), capitals.begin(), [](unsigned char c) { return std::toupper(c); });
  if (capitals.starts_with("SIG")) capitals.erase(0, 3);
  const std::string near = nearest(capitals, signal_names());
  return Complaint{fmt::format("unknown signal '{}'", text),
                   near.empty() ? "write e.g. \"KILL\", \"TERM\", \"ABRT\"" : fmt::format("did you mean '{}'?", near)};
}

std::string signal_name(int signal) {
  for (const auto& [name, value] : table) {
    if (value == signal) return fmt::format("SIG{}", name);
  }
  return fmt::format("signal {}", signal);
}

std::vector<std::string> signal_names() {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

}  // namespace withstand::spec
