#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "lab/local_lab_impl.hpp"

namespace withstand::lab {
namespace {

using Holders = std::vector<core::NodeId>;
using Done = std::function<void(Holders, std::string)>;

bool is_live(const core::NodeState& state) {
  using Phase = core::NodeState::Phase;
  return state.phase == Phase::ready || state.phase == Phase::starting;
}

/// The nodes of `candidates` whose name or address is a word of the output.
Holders named_in(const core::Topology& topology, const Holders& candidates, std::string output) {
  // Programs decorate addresses ("10.0.0.1:6379", "host=db-1,"); dots, colons of IPv6 and dashes belong to names.
  std::replace_if(
      output.begin(), output.end(),
      [](char c) { return std::string_view("\"',;=()[]<>").find(c) != std::string_view::npos; }, ' ');
  std::istringstream words(output);
  std::set<core::NodeId> found;
  for (std::string word; words >> word;) {
    const std::string bare = word.substr(0, word.find(':'));
    for (const auto id : candidates) {
      const auto& node = topology.at(id);
      if (word == node.address6 || bare == node.address || bare == node.name) found.insert(id);
    }
  }
  return {found.begin(), found.end()};
}

/// One question to several nodes; what more than half of them say counts, or what each says of itself.
struct Poll {
  std::size_t asked = 0, open = 0;
  bool of_themselves = false;
  std::map<Holders, std::size_t> votes;
  Holders claims;  ///< who named itself
  std::string last_error = "no node answered";
  Done done;

  void close() const {
    if (of_themselves) return done(claims, votes.empty() ? last_error : "");
    for (const auto& [holders, count] : votes)
      if (2 * count > asked) return done(holders, "");
    done({}, votes.empty() ? last_error : "the nodes that were asked do not agree");
  }
};

const spec::RoleSpec* find_role(const spec::Target& target, const std::string& kind, const std::string& role) {
  const auto found = target.roles.find(role);
  return found != target.roles.end() && (kind.empty() || found->second.of == kind) ? &found->second : nullptr;
}

}  // namespace

void LocalLab::holders(const std::string& kind, const std::string& role, Done done) {
  const auto* spec = find_role(impl_->experiment.target, kind, role);
  if (spec == nullptr) return done({}, fmt::format("kind {} has no role {}", kind, role));
  const auto live = [this](const std::string& of) {
    auto members = impl_->topology.of_kind(of);
    std::erase_if(members, [&](core::NodeId id) { return !is_live(state(id)); });
    return members;
  };
  if (!spec->complement_of.empty()) {
    return holders(spec->of, spec->complement_of, [=](const Holders& others, const std::string& error) {
      if (!error.empty()) return done({}, error);
      auto rest = live(spec->of);
      std::erase_if(rest, [&](core::NodeId id) { return std::count(others.begin(), others.end(), id) > 0; });
      done(rest, "");
    });
  }
  const auto asked = live(spec->on.empty() ? spec->of : spec->on);
  if (asked.empty()) return done({}, fmt::format("no live node of kind {} can be asked", spec->on));
  auto poll = std::make_shared<Poll>();
  poll->asked = poll->open = asked.size();
  poll->of_themselves = spec->self;
  poll->done = std::move(done);
  for (const auto id : asked) {
    impl_->run(id, impl_->renderer.command(id, spec->command), spec->timeout,
               [this, spec, poll, id](const core::CommandResult& result) {
                 if (result.exit_status == 0 && !result.timed_out) {
                   const auto named = named_in(impl_->topology, impl_->topology.of_kind(spec->of), result.output);
                   if (std::count(named.begin(), named.end(), id) > 0) poll->claims.push_back(id);
                   ++poll->votes[named];
                 } else {
                   poll->last_error = result.timed_out ? "no answer in time" : result.error;
                 }
                 if (--poll->open > 0) return;
                 std::sort(poll->claims.begin(), poll->claims.end());
                 poll->close();
               });
  }
}

void LocalLab::versions(std::function<void(std::vector<std::string>)> done) {
  struct Gathering {
    std::vector<std::string> lines;
    std::size_t open = 0;
  };
  const auto& commands = impl_->experiment.target.versions;
  if (commands.empty()) return done({});
  auto gathering = std::make_shared<Gathering>();
  gathering->lines.resize(commands.size());
  gathering->open = commands.size();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    run_in(0, commands[i], std::chrono::seconds(5), [gathering, i, done](const core::CommandResult& result) {
      const std::string& text = result.output.empty() ? result.error : result.output;
      if (result.exit_status == 0) gathering->lines[i] = text.substr(0, text.find('\n'));
      if (--gathering->open > 0) return;
      std::erase(gathering->lines, "");
      done(std::move(gathering->lines));
    });
  }
}

}  // namespace withstand::lab
