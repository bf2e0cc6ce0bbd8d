#include "lab/link/http/decider.hpp"

#include <algorithm>

#include "lab/link/http/rule.hpp"

namespace withstand::lab::link::http {

using core::HttpEffect;
using core::HttpSettings;
using stream::Orders;
using stream::Position;
using stream::Way;
using Action = HttpSettings::Action;
using How = Orders::Stop::How;

namespace {

/// So many kinds of requests are told apart; what an attacker or a counter in the path adds is one kind more.
constexpr std::size_t most_kinds = 256;

/// A status whose response has no body: what makes it another's, or another of it, would be misread from then on.
bool bodiless(unsigned status) { return status / 100 == 1 || status == 204 || status == 304; }

void note_kind(Stage& stage, const std::string& label) {
  const auto known = stage.seen.find(label);
  if (known != stage.seen.end())
    ++known->second;
  else
    ++stage.seen[stage.seen.size() < most_kinds ? label : "others"];
}

}  // namespace

void count_speech(HttpEffect& account, Speech speech) {
  switch (speech) {
    case Speech::unknown:
      return;
    case Speech::http:
      ++account.connections;
      return;
    case Speech::other:
      ++account.not_http;
      return;
    case Speech::tls:
      ++account.tls;
      return;
    case Speech::http2:
      ++account.http2;
      return;
    case Speech::upgraded:
      ++account.upgraded;
      return;
    case Speech::oversized:
      ++account.oversized;
      return;
    case Speech::malformed:
      ++account.malformed;
      return;
  }
}

void Inspector::Decider::spoken(Speech speech) {
  for (const auto& stage : stages_)
    if (Stage::OnLink* on = stage->on(connection_)) count_speech(on->account, speech);
}

bool Inspector::Decider::heard(const Message& message) {
  const bool response = message.response != nullptr;
  bool goes_on = true;
  std::string label;
  for (const auto& stage : stages_) {
    Stage::OnLink* on = stage->on(connection_);
    if (on == nullptr) continue;
    ++(response ? on->account.responses : on->account.requests);
    if (!response) {
      if (label.empty()) label = label_of(message.request->head);
      note_kind(*stage, label);
    }
    if ((stage->settings.side == HttpSettings::Side::response) != response || !meant(stage->match, message)) continue;
    ++on->account.matched;
    if (!chosen(*stage, *on, message.ordinal)) continue;
    ++on->account.chosen;
    goes_on = act(*stage, *on, message) && goes_on;
  }
  return goes_on;
}

bool Inspector::Decider::chosen(const Stage& stage, Stage::OnLink& on, std::uint64_t ordinal) const {
  if (stage.settings.toxicity_ppb >= 1'000'000'000) return true;
  const bool is = on.draws.within(connection_.key).chance(ordinal, stage.settings.toxicity_ppb);
  if (on.met.size() < most_met)
    on.met.emplace_back(connection_.key, ordinal);
  else if (is)
    ++on.account.decided;
  return is;
}

/// False: nothing behind the message's head is to be read.
bool Inspector::Decider::act(Stage& stage, Stage::OnLink& on, const Message& message) {
  const Way& way = connection_.way(up_);
  const Position first = std::max<Position>(message.begins, way.position);
  switch (stage.settings.action) {
    case Action::delay:
      delay(stage, on, message);
      return true;
    case Action::status:
      rewrite(stage, on, message);
      return true;
    case Action::abort:
      stop(stage, on, first, How::abort);
      return false;
    case Action::drop:
      stop(stage, on, first, How::swallow);
      return false;
    case Action::truncate:
      return truncate(stage, on, message);
  }
  return true;
}

void Inspector::Decider::delay(Stage& stage, Stage::OnLink& on, const Message& message) {
  Way& way = connection_.way(up_);
  const auto drawn = on.model.next(on.draws.within(connection_.key).within(1), message.ordinal);
  way.ordered().holds.push_back({.from = std::max<Position>(message.begins, way.left()),
                                 .until = now_ + drawn,
                                 .by = &stage,
                                 .author = &stage.author});
  connection_.talk->ear(up_).timings.push_back({.last = message.body - 1, .read = now_, .drawn = drawn, .on = &on});
  ++on.account.acted;
  ordered_ = true;
}

void Inspector::Decider::rewrite(const Stage& stage, Stage::OnLink& on, const Message& message) {
  const unsigned code = stage.settings.code;
  Way& way = connection_.way(up_);
  const Position at = message.begins + status_place;
  const bool switches =
      message.request != nullptr && message.request->head.method == "CONNECT" && message.response->status / 100 == 2;
  auto& rewrites = way.ordered().rewrites;
  const bool taken = !rewrites.empty() && rewrites.back().at == at;
  if (bodiless(message.response->status) || message.response->status == code || switches || taken) {
    ++on.account.unfit;
  } else if (way.left() > at) {
    ++on.account.too_late;
  } else {
    const auto digit = [](unsigned value) { return static_cast<std::uint8_t>('0' + value % 10); };
    rewrites.push_back(
        {.at = at, .bytes = {digit(code / 100), digit(code / 10), digit(code)}, .by = &on, .author = &stage.author});
    ++on.account.acted;
    ordered_ = true;
  }
}

bool Inspector::Decider::truncate(const Stage& stage, Stage::OnLink& on, const Message& message) {
  const bool known = message.body_length != Reader::unbounded;
  if (known && message.body_length <= stage.settings.after_bytes) {
    ++on.account.too_short;
    return true;
  }
  stop(stage, on, message.body + stage.settings.after_bytes, How::end, !known);
  return !known;
}

void Inspector::Decider::stop(const Stage& stage, Stage::OnLink& on, Position at, How how, bool tentative) {
  Orders& orders = connection_.way(up_).ordered();
  using Told = HttpSettings::Told;
  const bool orderly = how != How::end || stage.settings.orderly;
  const bool counts = orders.add({.at = at,
                                  .how = orderly ? how : How::abort,
                                  .client_is_told = how == How::end || stage.settings.told != Told::server,
                                  .server_is_told = how == How::end || stage.settings.told != Told::client,
                                  .due = false,
                                  .by = &stage,
                                  .author = &stage.author,
                                  .on = &on,
                                  .tentative = tentative});
  if (counts) connection_.talk->ear(up_).look_at(orders);
  ordered_ = ordered_ || counts;
}

void Inspector::Decider::ended(bool up, std::int64_t at) {
  const Way& way = connection_.way(up);
  if (!way.orders) return;
  const bool changed = way.orders->take_back([&](const Orders::Stop& stop) {
    if (!stop.tentative || at > stop.at) return false;
    ++static_cast<Stage::OnLink*>(stop.on)->account.too_short;
    return true;
  });
  if (changed) connection_.talk->ear(up).look_at(*way.orders);
}

}  // namespace withstand::lab::link::http
