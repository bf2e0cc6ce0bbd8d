#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/link/http/inspector.hpp"

namespace withstand::lab::link::http {

/// Where the three digits stand in "HTTP/1.1 200 OK".
inline constexpr stream::Position status_place = 9;

/// One more connection that speaks this.
void count_speech(core::HttpEffect& account, Speech speech);

/// Hears what one segment says, and orders what impairments ask of it.
class Inspector::Decider : public Hearer {
 public:
  Decider(const std::vector<std::shared_ptr<Stage>>& stages, stream::StreamConnection& connection, bool up,
          core::Instant now)
      : stages_(stages), connection_(connection), up_(up), now_(now) {}
  bool heard(const Message& message) override;
  void ended(bool up, std::int64_t at) override;
  void spoken(Speech speech) override;
  /// Whether anything was ordered, or taken back.
  [[nodiscard]] bool ordered() const { return ordered_; }

 private:
  bool act(Stage& stage, Stage::OnLink& on, const Message& message);
  void delay(Stage& stage, Stage::OnLink& on, const Message& message);
  void rewrite(const Stage& stage, Stage::OnLink& on, const Message& message);
  bool truncate(const Stage& stage, Stage::OnLink& on, const Message& message);
  void stop(const Stage& stage, Stage::OnLink& on, stream::Position at, stream::Orders::Stop::How how,
            bool tentative = false);
  [[nodiscard]] bool chosen(const Stage& stage, Stage::OnLink& on, std::uint64_t ordinal) const;

  const std::vector<std::shared_ptr<Stage>>& stages_;
  stream::StreamConnection& connection_;
  bool up_;
  core::Instant now_;
  bool ordered_ = false;
};

}  // namespace withstand::lab::link::http
