#include "record/history_line.hpp"

#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace withstand::record {
namespace {

/// A JSON object, member by member. `ok` turns false at the first thing that is none.
struct Scanner {
  const char* at;
  const char* end;
  bool ok = true;

  bool fail() { return ok = false; }
  void blanks() {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) ++at;
  }
  bool take(char wanted) {
    blanks();
    if (at >= end || *at != wanted) return false;
    ++at;
    return true;
  }
  /// A text without its quotes; escapes and what lies beyond ASCII are left to the JSON library.
  bool text(std::string& out) {
    if (!take('"')) return fail();
    const char* begin = at;
    bool plain = true;
    for (; at < end && *at != '"'; ++at) {
      const auto byte = static_cast<unsigned char>(*at);
      if (byte < 0x20) return fail();
      if (byte >= 0x80) plain = false;
      if (*at == '\\') {
        plain = false;
        if (at + 1 < end) ++at;
      }
    }
    if (at >= end) return fail();
    if (plain) {
      out.assign(begin, at++);
      return true;
    }
    const auto parsed = nlohmann::json::parse(begin - 1, ++at, nullptr, false);
    if (!parsed.is_string()) return fail();
    out = parsed.get<std::string>();
    return true;
  }
  template <class T>
  bool number(T& out) {
    blanks();
    const auto [rest, error] = std::from_chars(at, end, out);
    if (error != std::errc() || rest == at) return fail();
    if (rest < end && (*rest == '.' || *rest == 'e' || *rest == 'E')) return fail();
    at = rest;
    return true;
  }
  bool word(std::string_view wanted) {
    blanks();
    if (static_cast<std::size_t>(end - at) < wanted.size() || std::memcmp(at, wanted.data(), wanted.size()) != 0) {
      return false;
    }
    at += wanted.size();
    return true;
  }
  bool boolean(bool& out) {
    if (word("true")) return out = true;
    if (!word("false")) return fail();
    out = false;
    return true;
  }
  /// Any value, as it stands.
  bool raw(std::string& out) {
    blanks();
    const char* begin = at;
    int depth = 0;
    do {
      blanks();
      std::string ignored;
      if (at >= end) return fail();
      if (*at == '"') {
        if (!text(ignored)) return false;
      } else if (*at == '[' || *at == '{') {
        if (++depth > deepest) return fail();
        ++at;
      } else if (*at == ']' || *at == '}') {
        --depth;
        ++at;
      } else if (*at == ',' || *at == ':') {
        ++at;
      } else {
        const char* word = at;
        while (at < end && std::strchr(",:]}[{\" \t\r", *at) == nullptr) ++at;
        if (at == word) return fail();
      }
    } while (depth > 0);
    out.assign(begin, at);
    return (depth == 0 && nlohmann::json::accept(out)) || fail();
  }
  bool skip() {
    std::string ignored;
    return raw(ignored);
  }

  static constexpr int deepest = 64;
};

std::optional<Outcome> outcome_of(std::string_view type) {
  if (type == "ok") return Outcome::ok;
  if (type == "fail") return Outcome::fail;
  if (type == "info") return Outcome::info;
  if (type == "dropped") return Outcome::dropped;
  return std::nullopt;
}

/// What one line has said so far.
struct Fields {
  Operation operation;
  std::int64_t t = 0;
  std::optional<std::int64_t> due, sent;
  std::string type;
  bool has_id = false, has_time = false, has_process = false;
};

bool take_value(Scanner& scan, Operation& operation) {
  if (scan.word("null")) return true;
  operation.json = scan.at < scan.end && *scan.at != '"';
  auto& value = operation.value.emplace();
  return operation.json ? scan.raw(value) : scan.text(value);
}

bool take_member(Scanner& scan, const std::string& key, Fields& out) {
  Operation& operation = out.operation;
  if (key == "t") return out.has_time = scan.number(out.t);
  if (key == "type") return scan.text(out.type);
  if (key == "i") return out.has_id = scan.number(operation.id);
  if (key == "process") return out.has_process = scan.number(operation.process);
  if (key == "op") return scan.text(operation.op);
  if (key == "key") return scan.text(operation.key);
  if (key == "value") return take_value(scan, operation);
  if (key == "node") return scan.text(operation.node);
  if (key == "due") return scan.number(out.due.emplace());
  if (key == "error") return scan.text(operation.error);
  if (key == "declined") return scan.boolean(operation.declined), scan.ok;
  if (key == "final") return scan.boolean(operation.final_read), scan.ok;
  return scan.skip();
}

}  // namespace

bool parse_history_line(std::string_view line, HistoryLine& out) {
  Scanner scan{line.data(), line.data() + line.size()};
  Fields fields;
  std::string key;
  if (!scan.take('{')) return false;
  do {
    if (!scan.text(key) || !scan.take(':') || !take_member(scan, key, fields)) return false;
  } while (scan.take(','));
  if (!scan.take('}')) return false;
  scan.blanks();
  if (scan.at != scan.end || !fields.has_id || !fields.has_time) return false;

  out.operation = std::move(fields.operation);
  out.has_process = fields.has_process;
  out.invoke = fields.type == "invoke";
  if (out.invoke) {
    out.operation.sent = fields.t;
    out.operation.intended = fields.due.value_or(fields.t);
    return true;
  }
  const auto outcome = outcome_of(fields.type);
  if (!outcome) return false;
  out.operation.outcome = *outcome;
  out.operation.done = fields.t;
  out.operation.sent = fields.t;
  out.operation.intended = fields.due.value_or(fields.t);
  return true;
}

}  // namespace withstand::record
