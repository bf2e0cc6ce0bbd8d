#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/fault.hpp"
#include "core/lab.hpp"

/// A lab in which faults have no effect: everything is passed on, but what would hurt a node or a link is not done.
namespace withstand::test {

class MuteLinks : public core::Links {
 public:
  Handle add(const core::Impairment&, const std::vector<core::Link>& links) override {
    links_.push_back(links);
    return links_.size() - 1;
  }
  void remove(Handle) override {}
  [[nodiscard]] std::vector<core::LinkEffect> effect(Handle handle) override {
    std::vector<core::LinkEffect> effects;
    for (const auto& link : links_.at(handle)) {
      core::LinkEffect effect;
      effect.link = link;
      effects.push_back(effect);
    }
    return effects;
  }
  [[nodiscard]] core::FabricHealth health() override { return {}; }

 private:
  std::vector<std::vector<core::Link>> links_;
};

class MuteNames : public core::Names {
 public:
  Handle add(const core::NameFault&, const std::vector<core::NodeId>& nodes) override {
    nodes_.push_back(nodes);
    return nodes_.size() - 1;
  }
  void remove(Handle) override {}
  [[nodiscard]] std::vector<core::NameEffect> effect(Handle handle) override {
    std::vector<core::NameEffect> effects(nodes_.at(handle).size());
    for (std::size_t i = 0; i < effects.size(); ++i) effects[i].node = nodes_.at(handle)[i];
    return effects;
  }

 private:
  std::vector<std::vector<core::NodeId>> nodes_;
};

class MutePause : public core::Pause {
 public:
  [[nodiscard]] std::string mechanism() const override { return "none"; }
  [[nodiscard]] Proof proof() override { return {false, "it ran on"}; }
  void resume() override {}
};

class MuteLab : public core::Lab {
 public:
  explicit MuteLab(core::Lab& real) : real_(real) {}
  core::EventLoop& loop() override { return real_.loop(); }
  [[nodiscard]] const core::Topology& topology() const override { return real_.topology(); }
  core::Links& links() override { return links_; }
  core::Names& names() override { return names_; }
  [[nodiscard]] core::NodeState state(core::NodeId node) const override { return real_.state(node); }
  void signal(core::NodeId, int, bool, const std::string&) override {}
  void kill(core::NodeId, const std::string&) override {}
  [[nodiscard]] std::size_t processes(core::NodeId node) const override { return real_.processes(node); }
  void start(core::NodeId) override {}
  [[nodiscard]] std::unique_ptr<core::Pause> pause(core::NodeId, const std::string&) override {
    return std::make_unique<MutePause>();
  }
  void run_in(core::NodeId node, const std::vector<std::string>& command, std::chrono::nanoseconds timeout,
              std::function<void(core::CommandResult)> done) override {
    real_.run_in(node, command, timeout, std::move(done));
  }
  void holders(const std::string& kind, const std::string& role,
               std::function<void(std::vector<core::NodeId>, std::string error)> done) override {
    real_.holders(kind, role, std::move(done));
  }
  [[nodiscard]] Subscription on_exit(std::function<void(const core::Exit&)> callback) override {
    return real_.on_exit(std::move(callback));
  }
  [[nodiscard]] Subscription on_ready(std::function<void(core::NodeId)> callback) override {
    return real_.on_ready(std::move(callback));
  }
  [[nodiscard]] Subscription on_log(std::function<void(const core::LogLine&)> callback) override {
    return real_.on_log(std::move(callback));
  }

 private:
  core::Lab& real_;
  MuteLinks links_;
  MuteNames names_;
};

/// The real fault, injecting into a mute lab.
class SwitchedOff : public core::Fault {
 public:
  explicit SwitchedOff(const core::Fault& real) : real_(real) {}
  [[nodiscard]] const spec::KindSchema& schema() const override { return real_.schema(); }
  [[nodiscard]] const core::Documentation& documentation() const override { return real_.documentation(); }
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec& fault,
                                                const core::Topology& topology) const override {
    return real_.claims(fault, topology);
  }
  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t seed, const core::Aim& aim) const override {
    return real_.links(fault, topology, seed, aim);
  }
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override;

 private:
  const core::Fault& real_;
};

/// An injection together with the lab that it was made for.
class MutedInjection : public core::Injection {
 public:
  MutedInjection(const core::Fault& fault, const core::Context& context)
      : lab_(context.lab), injection_(fault.inject({lab_, context.fault, context.seed, context.aim})) {}
  [[nodiscard]] core::Evidence observe() override { return injection_->observe(); }
  void revert() override { injection_->revert(); }
  [[nodiscard]] std::optional<core::Instant> ended() const override { return injection_->ended(); }

 private:
  MuteLab lab_;
  std::unique_ptr<core::Injection> injection_;
};

inline std::unique_ptr<core::Injection> SwitchedOff::inject(const core::Context& context) const {
  return std::make_unique<MutedInjection>(real_, context);
}

/// Every kind of `real`, switched off. `real` must outlive it.
inline core::Catalog switched_off(const core::Catalog& real) {
  std::vector<std::unique_ptr<core::Fault>> faults;
  for (const auto& kind : real.kinds()) faults.push_back(std::make_unique<SwitchedOff>(*real.fault(kind)));
  return core::Catalog(std::move(faults));
}

}  // namespace withstand::test
