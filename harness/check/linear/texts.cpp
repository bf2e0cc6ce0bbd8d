#include "check/linear/texts.hpp"

#include <algorithm>
#include <unordered_map>

#include "check/history/history.hpp"
#include "check/zones.hpp"

namespace withstand::check {

namespace {

using Kind = MachineOperation::Kind;
constexpr std::uint32_t nobody = UINT32_MAX;

/// Pieces by their bytes. Two of which one begins the other cannot be told apart.
class Pieces {
 public:
  bool add(const std::string& piece, std::uint32_t writer) {
    std::uint32_t node = 0;
    for (const char c : piece) {
      const auto [next, fresh] = next_.try_emplace(key(node, c), static_cast<std::uint32_t>(writers_.size()));
      if (fresh) writers_.push_back(nobody);
      node = next->second;
    }
    if (node == 0 || writers_[node] != nobody) return false;
    writers_[node] = writer;
    ends_.push_back(node);
    return true;
  }
  /// Whether no piece goes on where another ends.
  [[nodiscard]] bool distinct() const {
    std::vector<bool> goes_on(writers_.size(), false);
    for (const auto& [from, to] : next_) goes_on[static_cast<std::size_t>(from >> 8)] = true;
    return std::none_of(ends_.begin(), ends_.end(), [&](std::uint32_t end) { return goes_on[end]; });
  }
  /// Who wrote the piece that begins here, and how long it is; nobody.
  [[nodiscard]] std::pair<std::uint32_t, std::size_t> at(const std::string& text, std::size_t from) const {
    std::uint32_t node = 0;
    for (std::size_t i = from; i < text.size(); ++i) {
      const auto next = next_.find(key(node, text[i]));
      if (next == next_.end()) break;
      node = next->second;
      if (writers_[node] != nobody) return {writers_[node], i + 1 - from};
    }
    return {nobody, 0};
  }

 private:
  static std::uint64_t key(std::uint32_t node, char c) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
  }
  std::unordered_map<std::uint64_t, std::uint32_t> next_;
  std::vector<std::uint32_t> writers_{nobody};
  std::vector<std::uint32_t> ends_;
};

/// Where an operation stands in its epoch.
struct Place {
  std::uint32_t epoch = nobody;
  std::uint32_t position = 0;  ///< of a change 2i, of what saw it 2i + 1
};

class TextJudge {
 public:
  TextJudge(std::span<const SearchOperation> operations, std::span<const std::string> texts)
      : operations_(operations), texts_(texts), places_(operations.size()), before_(operations.size(), nobody) {}

  TextVerdict judge() {
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      const MachineOperation& one = operations_[i].operation;
      if (one.kind == Kind::read) continue;
      if (one.kind != Kind::write && one.kind != Kind::append) return ambiguous();
      if (!pieces_.add(texts_[one.a], i)) return ambiguous();
    }
    if (!pieces_.distinct()) return ambiguous();
    for (std::uint32_t i = 0; i < operations_.size(); ++i)
      if (operations_[i].operation.kind == Kind::read && !take_read(i)) return std::move(verdict_);
    for (std::uint32_t i = 0; i < operations_.size(); ++i)
      if (operations_[i].operation.kind != Kind::read && places_[i].epoch == nobody && operations_[i].must_happen)
        places_[i] = {epochs_++, 0};
    if (!chains_in_order()) return std::move(verdict_);
    zones();
    return std::move(verdict_);
  }

 private:
  static TextVerdict ambiguous() { return {TextVerdict::Answer::ambiguous, {}, ""}; }
  bool violated(std::vector<std::uint32_t> operations, std::string reason) {
    verdict_ = {TextVerdict::Answer::violated, std::move(operations), std::move(reason)};
    return false;
  }

  /// Puts the read, and the changes whose pieces it saw, into their places.
  bool take_read(std::uint32_t read) {
    const std::string& text = texts_[operations_[read].operation.a];
    std::uint32_t epoch = 0, position = 0, before = nobody;
    for (std::size_t from = 0; from < text.size();) {
      const auto [writer, length] = pieces_.at(text, from);
      if (writer == nobody) return violated({read}, "It saw what nobody had written or appended.");
      const bool write = operations_[writer].operation.kind == Kind::write;
      if (write && from > 0) return violated({writer, read}, "2 saw what 1 had written after something else.");
      Place& place = places_[writer];
      if (place.epoch == nobody) {
        if (write) place = {epochs_++, 0};
        if (!write) place = {epoch, position + 2};
        before_[writer] = before;
      } else if (before_[writer] != before || (!write && place.position != position + 2)) {
        const std::uint32_t other = first_seen_by_[writer];
        return violated({writer, other, read}, "2 and 3 both saw what 1 had put there, but after different texts.");
      }
      first_seen_by_.try_emplace(writer, read);
      epoch = place.epoch;
      position = place.position;
      before = writer;
      from += length;
    }
    places_[read] = {epoch, position + 1};
    return true;
  }

  bool chains_in_order() {
    std::vector<std::uint32_t> by_begin;
    for (std::uint32_t i = 0; i < operations_.size(); ++i)
      if (places_[i].epoch != nobody) by_begin.push_back(i);
    auto by_end = by_begin;
    std::erase_if(by_end, [this](std::uint32_t i) { return !operations_[i].must_happen; });
    std::sort(by_begin.begin(), by_begin.end(),
              [this](auto a, auto b) { return operations_[a].begin < operations_[b].begin; });
    std::sort(by_end.begin(), by_end.end(), [this](auto a, auto b) { return operations_[a].end < operations_[b].end; });
    std::vector<std::uint32_t> furthest(epochs_, nobody);
    std::size_t ended = 0;
    for (const std::uint32_t one : by_begin) {
      for (; ended < by_end.size() && operations_[by_end[ended]].end < operations_[one].begin; ++ended) {
        std::uint32_t& far = furthest[places_[by_end[ended]].epoch];
        if (far == nobody || places_[by_end[ended]].position > places_[far].position) far = by_end[ended];
      }
      const std::uint32_t far = furthest[places_[one].epoch];
      if (far == nobody || places_[far].position <= places_[one].position) continue;
      std::vector<std::uint32_t> shown{far, one};
      if (const auto seen = first_seen_by_.find(far); seen != first_seen_by_.end()) shown.push_back(seen->second);
      return violated(std::move(shown), "1 had ended before 2 began, but by what was read 2 came first.");
    }
    return true;
  }

  void zones() {
    std::vector<RegisterOperation> all;
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      const Place& place = places_[i];
      if (place.epoch == nobody) continue;
      const bool write = place.epoch != 0 && place.position == 0;
      all.push_back(
          {operations_[i].begin, operations_[i].must_happen ? operations_[i].end : never, place.epoch, i, write});
    }
    const auto conflict = find_conflict(all, epochs_ - 1);
    if (!conflict) return;
    std::vector<std::uint32_t> shown;
    for (const std::uint32_t position :
         {conflict->first[0], conflict->first[1], conflict->second[0], conflict->second[1]})
      if (position != RegisterConflict::initial && std::find(shown.begin(), shown.end(), position) == shown.end())
        shown.push_back(position);
    violated(std::move(shown),
             "These belong to texts that begin with different writes, and by when they began and ended "
             "neither text can have come before the other.");
  }

  std::span<const SearchOperation> operations_;
  std::span<const std::string> texts_;
  Pieces pieces_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> before_;  // by change: whose piece reads saw before its own
  std::unordered_map<std::uint32_t, std::uint32_t> first_seen_by_;
  std::uint32_t epochs_ = 1;  // 0 begins with the empty text
  TextVerdict verdict_;
};

}  // namespace

TextVerdict judge_text(std::span<const SearchOperation> operations, std::span<const std::string> texts) {
  return TextJudge(operations, texts).judge();
}

}  // namespace withstand::check
