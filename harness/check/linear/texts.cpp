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
  /// Its number; nobody for the empty one.
  std::uint32_t add(const std::string& piece) {
    std::uint32_t node = 0;
    for (const char c : piece) {
      const auto [next, fresh] = next_.try_emplace(key(node, c), static_cast<std::uint32_t>(numbers_.size()));
      if (fresh) numbers_.push_back(nobody);
      node = next->second;
    }
    if (node == 0) return nobody;
    if (numbers_[node] == nobody) {
      numbers_[node] = static_cast<std::uint32_t>(ends_.size());
      ends_.push_back(node);
    }
    return numbers_[node];
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  /// Whether no piece goes on where another ends.
  [[nodiscard]] bool distinct() const {
    std::vector<bool> goes_on(numbers_.size(), false);
    for (const auto& [from, to] : next_) goes_on[static_cast<std::size_t>(from >> 8)] = true;
    return std::none_of(ends_.begin(), ends_.end(), [&](std::uint32_t end) { return goes_on[end]; });
  }
  /// The number of the piece that begins here, and how long it is; nobody.
  [[nodiscard]] std::pair<std::uint32_t, std::size_t> at(const std::string& text, std::size_t from) const {
    std::uint32_t node = 0;
    for (std::size_t i = from; i < text.size(); ++i) {
      const auto next = next_.find(key(node, text[i]));
      if (next == next_.end()) break;
      node = next->second;
      if (numbers_[node] != nobody) return {numbers_[node], i + 1 - from};
    }
    return {nobody, 0};
  }

 private:
  static std::uint64_t key(std::uint32_t node, char c) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
  }
  std::unordered_map<std::uint64_t, std::uint32_t> next_;
  std::vector<std::uint32_t> numbers_{nobody};
  std::vector<std::uint32_t> ends_;
};

/// Which of several that put the same piece there a read saw: every way can be gone, one after the other.
class Choices {
 public:
  std::uint32_t choose(std::uint32_t options) {
    if (options < 2) return 0;
    if (at_ == made_.size()) made_.emplace_back(0, options);
    return made_[at_++].first;
  }
  /// On to the next way; false: there is none.
  bool next() {
    made_.resize(at_);
    while (!made_.empty() && made_.back().first + 1 >= made_.back().second) made_.pop_back();
    at_ = 0;
    if (made_.empty()) return false;
    ++made_.back().first;
    return true;
  }

 private:
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made_;  // the choice, and out of how many
  std::size_t at_ = 0;
};

/// Where an operation stands in its epoch.
struct Place {
  std::uint32_t epoch = nobody;
  std::uint32_t position = 0;  ///< of a change 2i, of what saw it 2i + 1
};

class TextJudge {
 public:
  TextJudge(std::span<const SearchOperation> operations, std::span<const std::string> texts, const Pieces& pieces,
            const std::vector<std::vector<std::uint32_t>>& writers, Choices& choices)
      : operations_(operations),
        texts_(texts),
        pieces_(pieces),
        writers_(writers),
        choices_(choices),
        places_(operations.size()) {}

  TextVerdict judge() {
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
  bool violated(std::vector<std::uint32_t> operations, std::string reason) {
    verdict_ = {TextVerdict::Answer::violated, std::move(operations), std::move(reason)};
    return false;
  }

  /// Puts the read, and the changes whose pieces it saw, into their places.
  bool take_read(std::uint32_t read) {
    const std::string& text = texts_[operations_[read].operation.a];
    std::uint32_t epoch = 0, position = 0, before = nobody;
    for (std::size_t from = 0; from < text.size();) {
      const auto [piece, length] = pieces_.at(text, from);
      if (piece == nobody) return violated({read}, "It saw what nobody had written or appended.");
      const std::uint32_t writer = writer_of(piece, before, read);
      if (writer == nobody) return violated({read}, "It saw what nobody had put there so often, or so early.");
      const bool write = operations_[writer].operation.kind == Kind::write;
      if (write && from > 0) return violated({writer, read}, "2 saw what 1 had written after something else.");
      Place& place = places_[writer];
      if (place.epoch == nobody) {
        if (!write) {
          const auto [follower, alone] = follower_.try_emplace(before, writer);
          if (!alone)
            return violated({first_seen_by_.at(follower->second), read},
                            "1 and 2 saw the same text go on in different ways.");
        }
        place = write ? Place{epochs_++, 0} : Place{epoch, position + 2};
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

  /// Who put the piece after that of `before`. What was read tells where there is one; else it is chosen.
  std::uint32_t writer_of(std::uint32_t piece, std::uint32_t before, std::uint32_t read) {
    const auto [known, fresh] = after_.try_emplace(std::uint64_t{piece} << 32 | before, nobody);
    if (!fresh) return known->second;
    std::vector<std::uint32_t> free;
    for (const std::uint32_t writer : writers_[piece])
      if (!first_seen_by_.contains(writer) && operations_[writer].begin <= operations_[read].end)
        free.push_back(writer);
    if (free.empty()) return nobody;
    return known->second = free[choices_.choose(static_cast<std::uint32_t>(free.size()))];
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
    // What was appended belongs to a text because a read saw it there.
    for (std::size_t i = 0, changes = shown.size(); i < changes; ++i)
      if (const auto seen = first_seen_by_.find(shown[i]); seen != first_seen_by_.end()) shown.push_back(seen->second);
    violated(std::move(shown),
             "These belong to texts that begin with different writes, and by when they began and ended "
             "neither text can have come before the other.");
  }

  std::span<const SearchOperation> operations_;
  std::span<const std::string> texts_;
  const Pieces& pieces_;
  const std::vector<std::vector<std::uint32_t>>& writers_;  // by piece
  Choices& choices_;
  std::unordered_map<std::uint64_t, std::uint32_t> after_;  // by piece and whose piece stands before it
  std::vector<Place> places_;
  std::unordered_map<std::uint32_t, std::uint32_t> first_seen_by_;
  std::unordered_map<std::uint32_t, std::uint32_t> follower_;  // by change (nobody: the empty text): who came next
  std::uint32_t epochs_ = 1;                                   // 0 begins with the empty text
  TextVerdict verdict_;
};

}  // namespace

TextVerdict judge_text(std::span<const SearchOperation> operations, std::span<const std::string> texts) {
  constexpr int most_ways = 4096;
  const TextVerdict ambiguous{TextVerdict::Answer::ambiguous, {}, ""};
  Pieces pieces;
  std::vector<std::vector<std::uint32_t>> writers;
  for (std::uint32_t i = 0; i < operations.size(); ++i) {
    const MachineOperation& one = operations[i].operation;
    if (one.kind == Kind::read) continue;
    if (one.kind != Kind::write && one.kind != Kind::append) return ambiguous;
    const std::uint32_t piece = pieces.add(texts[one.a]);
    if (piece == nobody) return ambiguous;
    writers.resize(pieces.size());
    writers[piece].push_back(i);
  }
  if (!pieces.distinct()) return ambiguous;
  Choices choices;
  for (int way = 0; way < most_ways; ++way) {
    TextVerdict verdict = TextJudge(operations, texts, pieces, writers, choices).judge();
    if (verdict.answer == TextVerdict::Answer::linearizable) return verdict;
    if (choices.next()) continue;
    // Where several put the same piece, not every way is gone: one text may have been seen before and after another.
    return way == 0 && std::all_of(writers.begin(), writers.end(), [](const auto& each) { return each.size() < 2; })
               ? verdict
               : ambiguous;
  }
  return ambiguous;
}

}  // namespace withstand::check
