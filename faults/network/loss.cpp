#include <fmt/format.h>

#include "core/loss_expectation.hpp"
#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/shares.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using core::LossSettings;
using Model = LossSettings::Model;
using spec::ValueType;

spec::Parameter share(std::string name, std::string summary) {
  spec::Parameter made = core::described(std::move(name), ValueType::ratio, std::move(summary));
  made.minimum = spec::Ratio{0};
  made.maximum = spec::Ratio{1'000'000'000};
  return made;
}

std::vector<spec::Parameter> loss_parameters() {
  spec::Parameter loss = share("loss", "Share of packets that are dropped, one way.");
  loss.minimum = spec::Ratio{1};
  spec::Parameter correlation =
      share("correlation", "With loss: how much one packet's fate is the next one's; the share stays.");
  correlation.maximum = spec::Ratio{999'999'999};
  spec::Parameter nth =
      core::described("nth", ValueType::integer, "Drop every so many packets exactly one, the last of them.");
  nth.minimum = std::int64_t{1};
  nth.maximum = std::int64_t{1'000'000'000};
  spec::Parameter mark =
      core::described("mark", ValueType::boolean,
                      "Mark congestion (ECN) instead of dropping, on packets whose connection knows marks.");
  mark.fallback = false;
  mark.default_matters = core::nowhere;
  return {loss,
          correlation,
          share("p", "Gilbert-Elliott: probability that the link turns bad, after each packet while it is good."),
          share("r", "Gilbert-Elliott: probability that it turns good again. Default: 100% - p."),
          share("loss_bad", "Gilbert-Elliott: share dropped while bad (1-h). Default: 100%."),
          share("loss_good", "Gilbert-Elliott: share dropped while good (1-k). Default: 0%."),
          share("p13", "4-state Markov: from received to lost within a burst."),
          share("p31", "4-state Markov: from lost within a burst to received. Default: 100% - p13."),
          share("p32", "4-state Markov: from lost to received, within a burst. Default: 0%."),
          share("p23", "4-state Markov: from received to lost, within a burst. Default: 100%."),
          share("p14", "4-state Markov: from received to lost alone. Default: 0%."),
          nth,
          mark};
}

core::Documentation loss_documentation() {
  return link_documentation(
      "Each packet is dropped or not by a hash of the seed, the fault's name, the link, the connection's place among "
      "those to its service, and the packet's number in it: so the same seed drops the same packets again, however "
      "connections interleave. Models with memory decide by the packet's number on the link. Large segments of the "
      "sender's offload are cut into packets of the link's size first, as on a wire. The sender learns nothing of a "
      "drop.\n\n"
      "Say one model: 'loss', each packet by itself, or in runs with 'correlation'; 'p' and what belongs to it for a "
      "link that is good or bad for a while (Gilbert and Elliott; p = \"1%\", r = \"25%\" is a burst of four packets "
      "after a hundred good ones); 'p13' and what belongs to it for the four states of tc-netem(8); 'nth' for every "
      "nth.\n\n"
      "Losses of several faults on one link multiply. With 'on' every link to and from the node loses packets.",
      "Packets dropped of those offered, per link, counted again from the seed; and whether a share so far from the "
      "one asked for would be improbable beyond 1e-9.",
      R"([[fault]]
name = "lossy"
kind = "network.loss"
on   = "any"
loss = "5%"
at   = "5s"
for  = "10s"
)");
}

std::optional<std::int64_t> ppb(const spec::FaultSpec& fault, const char* name) {
  const auto ratio = core::parameter<spec::Ratio>(fault, name);
  if (!ratio) return {};
  return ratio->ppb;
}

LossSettings loss_settings_of(const spec::FaultSpec& fault) {
  constexpr std::int64_t one = 1'000'000'000;
  LossSettings settings;
  settings.mark = core::parameter_or(fault, "mark", false);
  if (const auto nth = core::parameter<std::int64_t>(fault, "nth")) {
    settings.model = Model::nth;
    settings.nth = *nth;
  } else if (const auto p = ppb(fault, "p")) {
    settings.model = Model::gilbert_elliott;
    settings.p = *p;
    settings.r = ppb(fault, "r").value_or(one - *p);
    settings.loss_bad = ppb(fault, "loss_bad").value_or(one);
    settings.loss_good = ppb(fault, "loss_good").value_or(0);
  } else if (const auto p13 = ppb(fault, "p13")) {
    settings.model = Model::markov;
    settings.p13 = *p13;
    settings.p31 = ppb(fault, "p31").value_or(one - *p13);
    settings.p32 = ppb(fault, "p32").value_or(0);
    settings.p23 = ppb(fault, "p23").value_or(one);
    settings.p14 = ppb(fault, "p14").value_or(0);
  } else {
    settings.random = choice_of(fault, "loss");
  }
  return settings;
}

std::string requested(const LossSettings& asked, const core::LossExpectation& expected) {
  const auto text = [](std::int64_t value) { return spec::to_text(spec::Ratio{value}); };
  const auto long_run = [&] {
    return fmt::format(" ({:.3g}% in bursts of {:.3g})", 100 * expected.share, expected.mean_burst);
  };
  switch (asked.model) {
    case Model::random:
      if (asked.random.correlation_ppb == 0) return text(asked.random.ppb);
      return fmt::format("{}, correlation {}", text(asked.random.ppb), text(asked.random.correlation_ppb));
    case Model::gilbert_elliott:
      return fmt::format("p {}, r {}", text(asked.p), text(asked.r)) + long_run();
    case Model::markov:
      return fmt::format("p13 {}, p31 {}, p32 {}, p23 {}, p14 {}", text(asked.p13), text(asked.p31), text(asked.p32),
                         text(asked.p23), text(asked.p14)) +
             long_run();
    case Model::nth:
      break;
  }
  return "every " + spec::ordinal(asked.nth);
}

class Loss : public LinkFault {
 public:
  Loss()
      : LinkFault(
            link_schema("network.loss", "Drops a share of the packets of the links it is aimed at.", loss_parameters()),
            loss_documentation()) {}

 private:
  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    const auto says = [&](const char* name) { return fault.parameters.count(name) != 0; };
    const int models = says("loss") + says("p") + says("p13") + says("nth");
    const std::string help = "say one of: loss, p (Gilbert-Elliott), p13 (4-state Markov), nth";
    if (models == 0) return {{"", {"does not say what is lost", help}}};
    if (models > 1) return {{says("loss") ? "loss" : "p", {"says what is lost in more than one way", help}}};
    std::vector<spec::KindTable::Objection> wrong;
    const auto belongs = [&](const char* name, const char* model) {
      if (says(name) && !says(model))
        wrong.push_back({name, {fmt::format("'{}' belongs to the model of '{}'", name, model), help}});
    };
    belongs("correlation", "loss");
    for (const char* name : {"r", "loss_bad", "loss_good"}) belongs(name, "p");
    for (const char* name : {"p31", "p32", "p23", "p14"}) belongs(name, "p13");
    const LossSettings settings = loss_settings_of(fault);
    constexpr std::int64_t one = 1'000'000'000;
    if (settings.p13 + settings.p14 > one) wrong.push_back({"p14", {"p13 and p14 exceed 100% together", "lower one"}});
    if (settings.p31 + settings.p32 > one) wrong.push_back({"p32", {"p31 and p32 exceed 100% together", "lower one"}});
    if (core::expected_loss(settings).share <= 0) wrong.push_back({"", {"loses nothing", "raise its probabilities"}});
    return wrong;
  }

  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::loss;
    asked.settings.loss = loss_settings_of(fault);
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& impairment, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    const LossSettings& asked = impairment.settings.loss;
    const auto expected = core::expected_loss(asked);
    EvidenceRow row;
    row.what = "loss " + link;
    row.requested = requested(asked, expected);
    row.source = source_of(effect, "link fabric, recounted from the seed");
    const std::uint64_t marked = effect.changed_delivered + effect.changed_dropped_later + effect.changed_in_flight;
    const std::uint64_t hit = effect.refused + marked;
    row.measured = share_text(effect.offered, hit, expected.memory);
    if (asked.mark) row.measured += fmt::format(", {} of them arrived marked instead", effect.changed_delivered);
    if (is_recounted(effect) && effect.decided != hit) {
      row.measured += fmt::format(", but the seed decides {}", effect.decided);
      row.judgement = EvidenceRow::Judgement::mismatch;
    } else if (improbable_share(effect.offered, hit, expected.share, expected.memory)) {
      row.judgement = EvidenceRow::Judgement::mismatch;
    } else {
      // A link on which chance dropped nothing proves nothing, and blames nothing: others of the same fault may have.
      row.judgement = hit > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
    }
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_loss() { return std::make_unique<Loss>(); }

}  // namespace withstand::faults
