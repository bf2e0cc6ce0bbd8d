#include "check/history/read.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "check/history/pairing.hpp"
#include "check/history/scanner.hpp"

namespace withstand::check {

namespace {

constexpr std::array<FormatInfo, 4> formats{{
    {HistoryFormat::lines, "lines", "JSON lines as runs write them"},
    {HistoryFormat::json, "json", "JSON objects as Jepsen has them, one a line or in an array"},
    {HistoryFormat::edn, "edn", "EDN maps: Jepsen, Knossos, Elle, Porcupine's key-value data"},
    {HistoryFormat::log, "log", "Jepsen's log"},
}};

std::uint64_t number_of(Value value, std::uint32_t line, std::string_view key) {
  if (!value.is_integer() || value.number < 0) throw ScanError(line, fmt::format("has a {} that is no number", key));
  return static_cast<std::uint64_t>(value.number);
}

std::string text_or_error(const Values& values, Value value, std::uint32_t line, std::string_view key) {
  if (!value.is_text()) throw ScanError(line, fmt::format("has a {} that is no text", key));
  return std::string(values.text_of(value));
}

void take_member(HistoryEvent& event, std::string_view key, Value value, const Values& values, HistoryFormat format) {
  const bool ours = format == HistoryFormat::lines;
  if (key == "type") {
    event.type = text_or_error(values, value, event.line, key);
  } else if (key == (ours ? "t" : "time")) {
    event.time = static_cast<std::int64_t>(number_of(value, event.line, key));
  } else if (ours && key == "i") {
    event.id = number_of(value, event.line, key);
  } else if (key == "process") {
    event.process = value;
  } else if (key == "f" || key == "op") {
    event.f = value;
  } else if (key == "key") {
    event.key = value;
  } else if (key == "value") {
    event.value = value;
    event.has_value = true;
  } else if (key == "node") {
    event.node = value;
  } else if (key == "error") {
    event.error = value;
  } else if (key == "final") {
    event.final_read = value == Value::boolean(true);
  }
}

HistoryEvent read_event(Scanner& scan, Values& values, HistoryFormat format) {
  HistoryEvent event;
  event.line = scan.line();
  if (scan.peek() == '#') {  // #jepsen.history.Op{...}
    while (scan.peek() != '{' && scan.peek() != '\0' && scan.peek() != '\n') scan.step();
  }
  scan.expect('{', values);
  while (true) {
    if (scan.at_end(values)) throw ScanError(event.line, "begins a map that does not end");
    if (scan.peek() == '}') break;
    const std::string key(scan.key(values));
    take_member(event, key, scan.form(values), values, format);
  }
  scan.step();
  if (event.type.empty()) throw ScanError(event.line, "does not say a type");
  if (format == HistoryFormat::lines && (!event.id || !event.time))
    throw ScanError(event.line, fmt::format("has no \"{}\"", event.id ? "t" : "i"));
  if (event.type == "invoke" && format == HistoryFormat::lines && event.f.is_nil())
    throw ScanError(event.line, fmt::format("does not say what operation {} does", *event.id));
  return event;
}

void read_maps(std::string_view text, HistoryFormat format, Pairing& pairing) {
  Scanner scan(text, format != HistoryFormat::edn);
  bool more = true;
  while (more) {
    try {
      if (scan.at_end(pairing.values())) return;
      const char c = scan.peek();
      if (c == '[' || c == ']' || c == '(' || c == ')') {
        scan.step();
        continue;
      }
      pairing.take(read_event(scan, pairing.values(), format));
    } catch (const ScanError& error) {
      pairing.complain(error.line(), error.what());
      scan.skip_line();
    }
  }
}

/// "0\t:invoke\t:read\tnil", as Jepsen logs each event.
void read_log_line(std::string_view text, std::uint32_t line, Pairing& pairing) {
  Values& values = pairing.values();
  Scanner scan(text, false);
  HistoryEvent event;
  event.line = line;
  try {
    event.process = scan.form(values);
    event.type = text_or_error(values, scan.form(values), line, "type");
    event.f = scan.form(values);
    if (!scan.at_end(values)) {
      event.value = scan.form(values);
      event.has_value = true;
    }
  } catch (const ScanError& error) {
    return pairing.complain(line, error.what());
  }
  // An error in the value's place: what was given is known from the beginning.
  if (event.type != "ok" && event.type != "invoke" && event.value.is_text()) {
    event.error = event.value;
    event.has_value = false;
  }
  pairing.take(std::move(event));
}

void read_log(std::string_view text, Pairing& pairing) {
  constexpr std::string_view marker = "jepsen.util - ";
  std::uint32_t number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    const auto line = text.substr(start, end - start);
    ++number;
    if (const auto at = line.find(marker); at != std::string_view::npos)
      read_log_line(line.substr(at + marker.size()), number, pairing);
    start = end + 1;
  }
}

void read_text(std::string_view text, HistoryFormat format, Pairing& pairing) {
  if (format == HistoryFormat::log) return read_log(text, pairing);
  read_maps(text, format, pairing);
}

}  // namespace

std::span<const FormatInfo> history_formats() { return formats; }

std::optional<HistoryFormat> find_format(std::string_view name) {
  const auto* const found =
      std::find_if(formats.begin(), formats.end(), [&](const FormatInfo& one) { return one.name == name; });
  if (found == formats.end()) return std::nullopt;
  return found->format;
}

HistoryFormat detect_format(std::string_view text) {
  const auto beginning = text.substr(0, 65536);
  const auto first = beginning.find_first_not_of(" \t\r\n,[(");
  if (first == std::string_view::npos) return HistoryFormat::lines;
  if (beginning[first] == ';' || beginning[first] == '#') return HistoryFormat::edn;
  if (beginning[first] != '{')
    return beginning.find("jepsen.util - ") != std::string_view::npos ? HistoryFormat::log : HistoryFormat::lines;
  const auto key = beginning.find_first_not_of(" \t\r\n,", first + 1);
  if (key == std::string_view::npos || beginning[key] != '"') return HistoryFormat::edn;
  const auto object = beginning.substr(first, beginning.find('}', first) - first);
  const bool ours = object.find("\"t\"") != std::string_view::npos || object.find("\"i\"") != std::string_view::npos;
  const bool theirs =
      object.find("\"f\"") != std::string_view::npos || object.find("\"index\"") != std::string_view::npos;
  return theirs && !ours ? HistoryFormat::json : HistoryFormat::lines;
}

OperationHistory read_operations(std::string_view text, HistoryFormat format) {
  Pairing pairing(format == HistoryFormat::lines);
  read_text(text, format, pairing);
  return std::move(pairing).finish();
}

OperationHistory read_operations(std::span<const NamedText> texts, HistoryFormat format) {
  Pairing pairing(format == HistoryFormat::lines);
  for (const NamedText& one : texts) {
    pairing.next_text(texts.size() > 1 ? one.name : "");
    read_text(one.text, format, pairing);
  }
  return std::move(pairing).finish();
}

}  // namespace withstand::check
