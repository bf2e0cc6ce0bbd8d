#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// What operations take and give, of any shape, small enough for millions of them.
namespace withstand::check {

/// Equal values are equal bit by bit: texts and collections are kept once each in `Values`, so == compares anything.
/// Keywords of EDN are texts without their colon.
struct Value {
  enum class Tag : std::uint8_t { nil, boolean, integer, real, text, list, set, map };
  Tag tag = Tag::nil;
  std::uint32_t size = 0;   ///< of a collection: how many values it holds; a map's keys and values count one each
  std::int64_t number = 0;  ///< an integer, a boolean, the bits of a real number, or a place in the store

  [[nodiscard]] bool is_nil() const { return tag == Tag::nil; }
  [[nodiscard]] bool is_integer() const { return tag == Tag::integer; }
  [[nodiscard]] bool is_text() const { return tag == Tag::text; }
  [[nodiscard]] bool is_list() const { return tag == Tag::list; }
  [[nodiscard]] bool is_collection() const { return tag >= Tag::list; }
  friend bool operator==(const Value&, const Value&) = default;

  static Value integer(std::int64_t number) { return {Tag::integer, 0, number}; }
  static Value boolean(bool truth) { return {Tag::boolean, 0, truth ? 1 : 0}; }
};

struct ValueHash {
  std::size_t operator()(const Value& value) const {
    const auto mixed = static_cast<std::uint64_t>(value.number) * 0x9e3779b97f4a7c15ULL + value.size;
    return static_cast<std::size_t>(mixed ^ (mixed >> 29) ^ (static_cast<std::uint64_t>(value.tag) << 60));
  }
};

/// The store behind values. Not for several threads while it is written to; reading is safe from any.
class Values {
 public:
  Value text(std::string_view text);
  static Value real(double number);
  /// Keeps the items; a set's and a map's in an order of their own, a set's once each.
  Value collection(Value::Tag tag, std::span<const Value> items);
  Value list(std::span<const Value> items) { return collection(Value::Tag::list, items); }

  /// Empty for what is no collection. Holds until the next collection is kept.
  [[nodiscard]] std::span<const Value> items(Value value) const;
  /// Empty for what is no text.
  [[nodiscard]] std::string_view text_of(Value value) const;
  /// As one would write it: 3, "a", nothing, [1 2], {x 1}; cut to about `most` bytes.
  [[nodiscard]] std::string show(Value value, std::size_t most = 60) const;

 private:
  struct Kept {
    std::uint64_t hash = 0;
    Value value;
  };
  Value keep(Value::Tag tag, std::span<const Value> items, std::uint64_t hash);
  void grow();
  void show_to(std::string& out, Value value, std::size_t most) const;

  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::int64_t> text_places_;
  std::vector<Value> items_;
  std::vector<Kept> table_;  // open addressing; a collection without items is kept nowhere
  std::size_t kept_ = 0;
};

}  // namespace withstand::check
