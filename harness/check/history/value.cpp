#include "check/history/value.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include <fmt/format.h>

namespace withstand::check {

namespace {

bool less(const Value& a, const Value& b) {
  return std::tuple(a.tag, a.number, a.size) < std::tuple(b.tag, b.number, b.size);
}

std::vector<Value> in_order(Value::Tag tag, std::span<const Value> items) {
  std::vector<Value> sorted(items.begin(), items.end());
  if (tag == Value::Tag::set) {
    std::sort(sorted.begin(), sorted.end(), less);
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    return sorted;
  }
  std::vector<std::pair<Value, Value>> entries;
  for (std::size_t i = 0; i + 1 < sorted.size(); i += 2) entries.emplace_back(sorted[i], sorted[i + 1]);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return less(a.first, b.first); });
  sorted.clear();
  for (const auto& [key, value] : entries) sorted.insert(sorted.end(), {key, value});
  return sorted;
}

}  // namespace

Value Values::text(std::string_view text) {
  const auto [place, fresh] = text_places_.try_emplace(std::string(text), static_cast<std::int64_t>(texts_.size()));
  if (fresh) texts_.emplace_back(text);
  return {Value::Tag::text, 0, place->second};
}

Value Values::real(double number) { return {Value::Tag::real, 0, std::bit_cast<std::int64_t>(number)}; }

Value Values::collection(Value::Tag tag, std::span<const Value> items) {
  std::vector<Value> ordered;
  if (tag != Value::Tag::list) {
    ordered = in_order(tag, items);
    items = ordered;
  }
  std::uint64_t hash = static_cast<std::uint64_t>(tag) + items.size() * 0x9e3779b97f4a7c15ULL;
  for (const Value& item : items) hash = (std::rotl(hash, 5) ^ ValueHash()(item)) * 0xd6e8feb86659fd93ULL;
  return keep(tag, items, hash ^ (hash >> 32));
}

Value Values::keep(Value::Tag tag, std::span<const Value> items, std::uint64_t hash) {
  if (items.empty()) return {tag, 0, 0};
  if (kept_ * 2 >= table_.size()) grow();
  const std::size_t mask = table_.size() - 1;
  std::size_t at = hash & mask;
  for (; table_[at].value.size != 0; at = (at + 1) & mask) {
    const Kept& kept = table_[at];
    if (kept.hash != hash || kept.value.tag != tag || kept.value.size != items.size()) continue;
    if (std::equal(items.begin(), items.end(), items_.begin() + kept.value.number)) return kept.value;
  }
  const Value value{tag, static_cast<std::uint32_t>(items.size()), static_cast<std::int64_t>(items_.size())};
  items_.insert(items_.end(), items.begin(), items.end());
  table_[at] = {hash, value};
  ++kept_;
  return value;
}

void Values::grow() {
  std::vector<Kept> old(std::max<std::size_t>(64, table_.size() * 2));
  old.swap(table_);
  for (const Kept& kept : old) {
    if (kept.value.size == 0) continue;
    std::size_t at = kept.hash & (table_.size() - 1);
    while (table_[at].value.size != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = kept;
  }
}

std::span<const Value> Values::items(Value value) const {
  if (!value.is_collection() || value.size == 0) return {};
  return std::span(items_).subspan(static_cast<std::size_t>(value.number), value.size);
}

std::string_view Values::text_of(Value value) const {
  return value.is_text() ? std::string_view(texts_[static_cast<std::size_t>(value.number)]) : std::string_view();
}

std::string Values::show(Value value, std::size_t most) const {
  std::string out;
  show_to(out, value, most);
  return out;
}

void Values::show_to(std::string& out, Value value, std::size_t most) const {
  switch (value.tag) {
    case Value::Tag::nil:
      out += "nothing";
      return;
    case Value::Tag::boolean:
      out += value.number != 0 ? "true" : "false";
      return;
    case Value::Tag::integer:
      out += std::to_string(value.number);
      return;
    case Value::Tag::real:
      out += fmt::format("{}", std::bit_cast<double>(value.number));
      return;
    case Value::Tag::text: {
      const auto text = text_of(value);
      const std::size_t room = most > out.size() + 8 ? most - out.size() : 8;
      out += fmt::format("\"{}{}\"", text.substr(0, room), text.size() > room ? "…" : "");
      return;
    }
    default:
      break;
  }
  out += value.is_list() ? '[' : '{';
  bool first = true;
  for (const Value& item : items(value)) {
    if (!first) out += ' ';
    first = false;
    if (out.size() > most) {
      out += "…";
      break;
    }
    show_to(out, item, most);
  }
  out += value.is_list() ? ']' : '}';
}

}  // namespace withstand::check
