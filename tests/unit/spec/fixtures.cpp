#include "fixtures.hpp"

#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace withstand::spec::fixtures {
namespace {

using namespace std::chrono_literals;

Parameter parameter(std::string name, ValueType type, std::string summary, bool required = false) {
  Parameter out;
  out.name = std::move(name);
  out.type = type;
  out.summary = std::move(summary);
  out.required = required;
  return out;
}

KindSchema latency() {
  KindSchema kind{"network.latency", "Delays every packet of a link.", Targeting::links, true, {}};
  kind.parameters.push_back(parameter("delay", ValueType::duration, "Added to every packet, one way.", true));
  kind.parameters.back().maximum = Duration(1min);
  kind.parameters.push_back(parameter("jitter", ValueType::duration, "Spread around the delay."));
  kind.parameters.back().fallback = Duration(0);
  kind.parameters.push_back(parameter("distribution", ValueType::choice, "How delays are spread."));
  kind.parameters.back().choices = {"normal", "uniform"};
  kind.parameters.back().fallback = std::string("uniform");
  return kind;
}

KindSchema loss() {
  KindSchema kind{"network.loss", "Drops packets of a link.", Targeting::links, true, {}};
  kind.parameters.push_back(parameter("rate", ValueType::ratio, "Share of packets dropped.", true));
  return kind;
}

KindSchema partition() {
  KindSchema kind{"network.partition", "Cuts links.", Targeting::nodes_or_links, true, {}};
  kind.parameters.push_back(parameter("shape", ValueType::choice, "Which links are cut."));
  kind.parameters.back().choices = {"isolate", "halves", "majorities-ring"};
  kind.parameters.push_back(parameter("groups", ValueType::groups, "Nodes that still see each other."));
  return kind;
}

KindSchema kill() {
  KindSchema kind{"process.kill", "Sends a signal to a node.", Targeting::nodes, false, {}};
  kind.takes_down = true;
  kind.back_after = "restart";
  kind.parameters.push_back(parameter("signal", ValueType::signal, "Which signal."));
  kind.parameters.back().fallback = std::int64_t{9};
  kind.parameters.push_back(parameter("restart", ValueType::duration, "After which time the node starts again."));
  kind.parameters.push_back(parameter("times", ValueType::integer, "How often."));
  kind.parameters.back().minimum = std::int64_t{1};
  kind.parameters.back().maximum = std::int64_t{100};
  return kind;
}

KindSchema pause() {
  KindSchema kind{"process.pause", "Freezes a node.", Targeting::nodes, true, {}};
  kind.takes_down = true;
  return kind;
}

}  // namespace

Kinds::Kinds() {
  for (KindSchema kind : {latency(), loss(), partition(), kill(), pause()}) {
    const std::string name = kind.kind;
    kinds_.emplace(name, std::move(kind));
  }
}

const KindSchema* Kinds::find(std::string_view kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? nullptr : &found->second;
}

std::vector<std::string> Kinds::kinds() const {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds_) names.push_back(name);
  return names;
}

std::vector<KindTable::Objection> Kinds::objections(const FaultSpec& fault) const {
  if (fault.kind != "network.partition") return {};
  const bool shape = fault.parameters.contains("shape");
  const bool groups = fault.parameters.contains("groups");
  if (shape && groups) return {{"groups", {"'shape' and 'groups' do not go together", "leave one out"}}};
  if (!shape && !groups && !fault.from) return {{"", {"a partition needs 'shape', 'groups', or 'from' and 'to'", ""}}};
  return {};
}

TargetSource::Found Targets::find(std::string_view use, std::string_view) const {
  const std::string name(use);
  if (name == "kv" || name == "redis-sentinel" || name == "broken") {
    return {fmt::format("targets/{}.toml", name), target_text(name), ""};
  }
  return {"", "", fmt::format("no target '{}' in targets/", name)};
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string target_text(const std::string& name) {
  return contents(fmt::format("{}/tests/golden/spec/targets/{}.toml", WITHSTAND_SOURCE_DIR, name));
}

Reading<Experiment> read(std::string_view text) { return read_experiment(text, "x.toml", Kinds(), Targets()); }

std::string complaints(std::string_view text) {
  const Reading<Experiment> reading = read(text);
  return render(reading.diagnostics, reading.sources);
}

}  // namespace withstand::spec::fixtures
