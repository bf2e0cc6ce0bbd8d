#include "network/number_file.hpp"

#include <charconv>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "spec/units.hpp"

namespace withstand::faults {
namespace {

using spec::Complaint;

constexpr std::size_t most_lines = std::size_t{1} << 20, most_bytes = std::size_t{32} << 20;
constexpr std::int64_t most_milliseconds = std::int64_t{1} << 40, table_range = std::int64_t{1} << 20;

Complaint wrong(std::size_t line, const std::string& what, std::string help) {
  return {fmt::format("line {}: {}", line, what), std::move(help)};
}

std::string shown(std::string_view text) { return fmt::format("'{}'", text.substr(0, 40)); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Calls `take(line, number of the line)` with each line that says something; stops at the first complaint.
template <class Take>
std::optional<Complaint> each_line(std::string_view text, const Take& take) {
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (++number > most_lines) return Complaint{fmt::format("has more than {} lines", most_lines), "shorten it"};
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (auto complaint = take(line, number)) return complaint;
  }
  return {};
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

spec::Result<Numbers> result(Numbers numbers, const std::optional<Complaint>& complaint) {
  if (complaint) return *complaint;
  if (numbers.empty()) return Complaint{"holds no number", ""};
  return numbers;
}

}  // namespace

spec::Result<Numbers> read_delays(std::string_view text) {
  Numbers numbers;
  const auto complaint = each_line(text, [&](std::string_view line, std::size_t at) -> std::optional<Complaint> {
    const auto delay = spec::parse_duration(line);
    if (!delay) return wrong(at, delay.error().message, "write one delay per line, as 12.5ms");
    if (*delay < spec::Duration(0) || *delay > std::chrono::minutes(10))
      return wrong(at, shown(line) + " is no delay between 0 and 10m", "");
    numbers.push_back(delay->count());
    return {};
  });
  return result(std::move(numbers), complaint);
}

spec::Result<Numbers> read_delay_table(std::string_view text) {
  Numbers numbers;
  const auto complaint = each_line(text, [&](std::string_view line, std::size_t at) -> std::optional<Complaint> {
    while (!line.empty()) {
      const auto end = std::min(line.find_first_of(" \t"), line.size());
      const auto value = whole(line.substr(0, end));
      if (!value || *value < -table_range || *value > table_range)
        return wrong(at, shown(line.substr(0, end)) + " is no step of a delay table",
                     "write whole numbers, in 1/8192 of the jitter");
      numbers.push_back(*value);
      line = trimmed(line.substr(end));
    }
    return {};
  });
  return result(std::move(numbers), complaint);
}

spec::Result<Numbers> read_link_trace(std::string_view text) {
  Numbers numbers;
  const auto complaint = each_line(text, [&](std::string_view line, std::size_t at) -> std::optional<Complaint> {
    const auto instant = whole(line);
    if (!instant || *instant < 0 || *instant > most_milliseconds)
      return wrong(at, shown(line) + " is no instant", "write one whole millisecond per line");
    const std::int64_t nanoseconds = *instant * 1'000'000;
    if (!numbers.empty() && nanoseconds < numbers.back())
      return wrong(at, shown(line) + " is before the line above", "");
    numbers.push_back(nanoseconds);
    return {};
  });
  if (!complaint && !numbers.empty() && numbers.back() == 0)
    return Complaint{"ends where it begins, at 0", "the last instant is how long the trace is"};
  return result(std::move(numbers), complaint);
}

spec::Result<Numbers> read_number_file(const std::string& path, NumberReader reader) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Complaint{fmt::format("cannot read {}", path), "paths start at the experiment's folder"};
  std::string text(most_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > most_bytes) return Complaint{fmt::format("{} is larger than 32 MiB", path), "shorten it"};
  auto numbers = reader(text);
  if (!numbers) return Complaint{fmt::format("{}: {}", path, numbers.error().message), numbers.error().help};
  return numbers;
}

}  // namespace withstand::faults
