#include <algorithm>
#include <set>
#include <unordered_map>

#include "check/linear/texts.hpp"

namespace withstand::check {

namespace {

using Kind = MachineOperation::Kind;
constexpr std::uint32_t nowhere = UINT32_MAX;

/// Texts that were seen, letter by letter. A state is a place in it.
class Letters {
 public:
  std::uint32_t add(const std::string& text) {
    std::uint32_t place = 0;
    for (const char c : text) {
      const auto [next, fresh] = next_.try_emplace(key(place, c), last_ + 1);
      if (fresh) ++last_;
      place = next->second;
    }
    return place;
  }
  [[nodiscard]] std::uint32_t walk(std::uint32_t place, const std::string& text) const {
    for (const char c : text) {
      const auto next = next_.find(key(place, c));
      if (next == next_.end()) return nowhere;
      place = next->second;
    }
    return place;
  }
  [[nodiscard]] std::uint32_t unseen() const { return last_ + 1; }

 private:
  static std::uint64_t key(std::uint32_t place, char c) {
    return std::uint64_t{place} << 8 | static_cast<unsigned char>(c);
  }
  std::unordered_map<std::uint64_t, std::uint32_t> next_;
  std::uint32_t last_ = 0;
};

class SeenText : public Machine {
 public:
  SeenText(std::span<const SearchOperation> operations, std::vector<std::string> texts) : texts_(std::move(texts)) {
    std::vector<bool> seen(texts_.size(), false);
    writers_.assign(texts_.size(), 0);
    bool compared = false;
    for (const SearchOperation& one : operations) {
      const MachineOperation& what = one.operation;
      compared = compared || what.kind == Kind::cas || what.kind == Kind::cas_refused;
      if (what.kind == Kind::write || what.kind == Kind::append || what.kind == Kind::cas)
        ++writers_[what.kind == Kind::cas ? what.b : what.a];
      if (what.kind == Kind::read || what.kind == Kind::cas || what.kind == Kind::cas_refused) seen[what.a] = true;
    }
    whole_.assign(texts_.size(), nowhere);
    for (std::size_t i = 0; i < texts_.size(); ++i)
      if (seen[i]) whole_[i] = letters_.add(texts_[i]);
    for (std::size_t i = 0; i < texts_.size(); ++i)
      if (!seen[i]) whole_[i] = letters_.walk(0, texts_[i]);
    if (!compared && pieces_differ()) learn_where(seen);
  }

  std::uint32_t initial() override { return 0; }

  std::uint32_t step(std::uint32_t state, const MachineOperation& operation) override {
    switch (operation.kind) {
      case Kind::read:
        return whole_[operation.a] == state ? state : illegal;
      case Kind::write:
        return leave(state, 0, operation.a);
      case Kind::append:
        return leave(state, state, operation.a);
      case Kind::cas:
        return whole_[operation.a] == state ? known(whole_[operation.b]) : illegal;
      case Kind::cas_refused:
        return whole_[operation.a] == state ? illegal : state;
      default:
        return illegal;
    }
  }

 private:
  [[nodiscard]] std::uint32_t known(std::uint32_t place) const { return place == nowhere ? letters_.unseen() : place; }

  std::uint32_t leave(std::uint32_t state, std::uint32_t from, std::uint32_t piece) const {
    const bool seen_now = state != letters_.unseen();
    const std::uint32_t to = from == letters_.unseen() ? nowhere : letters_.walk(from, texts_[piece]);
    if (!bound_.empty()) {
      // Reads saw as many places of it as there are operations that put it there: it can be nowhere else.
      if (bound_[piece] && !places_[piece].contains(to)) return illegal;
      // What reads saw after this text is still to come, and can only come now.
      if (seen_now && once_.contains(state) && (to == nowhere || from != state)) return illegal;
    }
    return known(to);
  }

  /// Whether no piece begins another: then every text falls into pieces in one way.
  [[nodiscard]] bool pieces_differ() const {
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < texts_.size(); ++i)
      if (writers_[i] > 0) pieces.push_back(texts_[i]);
    std::sort(pieces.begin(), pieces.end());
    for (std::size_t i = 0; i < pieces.size(); ++i)
      if (pieces[i].empty() || (i + 1 < pieces.size() && pieces[i + 1].starts_with(pieces[i]))) return false;
    return true;
  }

  /// Where reads saw each piece end, and after which texts they saw more.
  void learn_where(const std::vector<bool>& seen) {
    places_.resize(texts_.size());
    Letters pieces;
    std::unordered_map<std::uint32_t, std::uint32_t> ends;
    for (std::uint32_t i = 0; i < texts_.size(); ++i)
      if (writers_[i] > 0) ends.emplace(pieces.add(texts_[i]), i);
    std::set<std::uint32_t> more, certain;  // texts that go on; that hold a piece put there once
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (!seen[i]) continue;
      std::uint32_t place = 0, piece = 0;
      bool alone = false;
      for (const char c : texts_[i]) {
        const std::string letter(1, c);
        if (piece == 0 && place != 0) {
          more.insert(place);
          if (alone) certain.insert(place);
        }
        place = letters_.walk(place, letter);
        piece = pieces.walk(piece, letter);
        if (piece == nowhere) break;  // not of these pieces: no order will explain it
        const auto end = ends.find(piece);
        if (end == ends.end()) continue;
        places_[end->second].insert(place);
        alone = alone || writers_[end->second] == 1;
        piece = 0;
      }
    }
    bound_.resize(texts_.size());
    for (std::size_t i = 0; i < texts_.size(); ++i) bound_[i] = writers_[i] > 0 && places_[i].size() >= writers_[i];
    std::set_intersection(more.begin(), more.end(), certain.begin(), certain.end(),
                          std::inserter(once_, once_.begin()));
  }

  std::vector<std::string> texts_;
  Letters letters_;
  std::vector<std::uint32_t> whole_, writers_;
  std::vector<std::set<std::uint32_t>> places_;
  std::vector<bool> bound_;
  std::set<std::uint32_t> once_;  // texts that were there once, and that reads saw go on
};

}  // namespace

std::unique_ptr<Machine> make_seen_text(std::span<const SearchOperation> operations, std::vector<std::string> texts) {
  return std::make_unique<SeenText>(operations, std::move(texts));
}

}  // namespace withstand::check
