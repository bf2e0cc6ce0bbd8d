#include "report/html/lanes.hpp"

#include <algorithm>
#include <string_view>

#include "report/facts.hpp"

namespace withstand::report::html {
namespace {

constexpr std::size_t most_marks = 200;
constexpr std::size_t most_lanes = 64;

bool is_client(const std::string& node) { return node == "client" || node.starts_with("client-"); }

/// The state that an event leaves a node in; empty: the one it was in.
std::string_view state_after(const std::string& what) {
  if (what == "started" || what == "restarted") return "starting";
  if (what == "ready" || what == "resumed") return "up";
  if (what == "exited") return "down";
  if (what == "paused") return "paused";
  return "";
}

std::int64_t start_of(const record::RunRecord& run, std::string_view phase, std::int64_t otherwise) {
  for (const auto& one : run.phases) {
    if (one.phase == phase) return one.from;
  }
  return otherwise;
}

/// A node is launched with its phase; what is told of it first is that it is ready.
void fill_spans(Lane& lane, const record::RunRecord& run) {
  const std::int64_t end = start_of(run, "tear-down", run.ended);
  std::string state;
  std::int64_t since = start_of(run, "launch", 0);
  const auto close = [&](std::int64_t t) {
    if (!state.empty() && t > since) lane.spans.push_back({state, since, t});
    since = t;
  };
  for (const auto& [t, event] : run.node_events) {
    if (event.node != lane.node) continue;
    const std::string_view next = state_after(event.what);
    if (next.empty()) continue;
    if (state.empty()) state = "starting";
    close(std::min(t, end));
    state = next;
  }
  close(end);
}

void fill_marks(Lane& lane, const record::RunRecord& run) {
  for (const auto& [t, event] : notable_node_events(run)) {
    if (event.node != lane.node) continue;
    if (lane.marks.size() == most_marks) {
      ++lane.left_out;
      continue;
    }
    const bool unasked = event.what == "exited" && event.detail.find("nobody asked") != std::string::npos;
    lane.marks.push_back({t, event.what, event.detail, unasked});
  }
}

}  // namespace

bool touches(const record::InjectionRecord& injection, const std::string& node) {
  constexpr std::string_view arrow = "→";
  return std::any_of(injection.on.begin(), injection.on.end(), [&](const std::string& on) {
    const std::size_t at = on.find(arrow);
    if (at == std::string::npos) return on == node;
    return std::string_view(on).substr(0, at) == node || std::string_view(on).substr(at + arrow.size()) == node;
  });
}

std::int64_t end_of(const record::RunRecord& run, const record::InjectionRecord& injection) {
  return injection.reverted >= injection.injected ? injection.reverted : std::max(run.ended, injection.injected);
}

std::vector<Lane> lanes_of(const record::RunRecord& run) {
  std::vector<std::string> nodes = run.start.nodes;
  for (const auto& entry : run.node_events) {
    if (std::find(nodes.begin(), nodes.end(), entry.second.node) == nodes.end()) nodes.push_back(entry.second.node);
  }
  std::vector<Lane> out;
  for (const std::string& node : nodes) {
    Lane lane;
    lane.node = node;
    fill_spans(lane, run);
    fill_marks(lane, run);
    for (std::size_t i = 0; i < run.injections.size(); ++i) {
      if (run.injections[i].injected >= 0 && touches(run.injections[i], node)) lane.injections.push_back(i);
    }
    const bool idle = lane.spans.empty() && lane.marks.empty() && lane.injections.empty();
    if (idle && (is_client(node) || run.node_events.empty())) continue;
    if (out.size() < most_lanes) out.push_back(std::move(lane));
  }
  return out;
}

}  // namespace withstand::report::html
