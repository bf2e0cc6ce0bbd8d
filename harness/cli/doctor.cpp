#include "lab/doctor/doctor.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/session.hpp"
#include "record/exit_code.hpp"
#include "run/requirements.hpp"

namespace withstand::cli {

namespace {

std::vector<std::string> kinds_that_need(const std::string& feature, const core::Catalog& catalog) {
  std::vector<std::string> kinds;
  for (const auto& kind : catalog.kinds()) {
    const auto& needs = catalog.fault(kind)->documentation().requirements;
    if (std::find(needs.begin(), needs.end(), feature) != needs.end()) kinds.push_back(kind);
  }
  return kinds;
}

bool needed_by_lab(const std::string& feature) {
  const auto& features = run::features_of_the_lab();
  return std::find(features.begin(), features.end(), feature) != features.end();
}

bool needed_by_attached_lab(const std::string& feature) {
  const auto& features = run::features_of_an_attached_lab();
  return std::find(features.begin(), features.end(), feature) != features.end();
}

/// Who does network faults here, and why.
void print_backends(const std::vector<lab::Feature>& features) {
  const auto missing = [&](const std::string& id) {
    return std::any_of(features.begin(), features.end(), [&](const lab::Feature& feature) {
      return feature.id == id && feature.state == lab::Feature::State::missing;
    });
  };
  std::cout << "\nnetwork faults are done\n";
  if (missing("tun"))
    std::cout << "  between nodes that the harness launches: not here, without tun\n";
  else
    std::cout
        << "  between nodes that the harness launches: by the link fabric, on any kernel, packet by packet from the "
           "seed\n";
  if (missing("kernel-links"))
    std::cout << "  on attached interfaces: not here, without kernel-links\n";
  else
    std::cout
        << "  on attached interfaces: by the kernel's own queues (netem, tbf), since the fabric does not own them\n";
}

/// What only some settings of a fault need.
std::string needed_by_settings(const std::string& feature) {
  if (feature == "loop-devices") return "faults on disks with plane = \"block\"";
  if (feature == "nftables") return "network.mtu, network.ttl and network.stream on attached nodes";
  return "";
}

void print(const lab::Feature& feature, const std::vector<std::string>& kinds) {
  std::cout << fmt::format("{:<9} {:<18} {}\n", lab::state_name(feature.state), feature.id, feature.title);
  if (!feature.why.empty()) std::cout << fmt::format("          {}\n", feature.why);
  const bool by_attached = needed_by_attached_lab(feature.id) && !needed_by_lab(feature.id);
  const std::string settings = needed_by_settings(feature.id);
  const bool needed = needed_by_lab(feature.id) || by_attached || !kinds.empty() || !settings.empty();
  const bool idle = feature.state == lab::Feature::State::missing && !needed;
  if (idle) std::cout << "          not needed by any fault yet\n";
  if (!feature.fix.empty() && !idle) std::cout << fmt::format("          to mend it: {}\n", feature.fix);
  if (feature.state == lab::Feature::State::ok) return;
  if (needed_by_lab(feature.id))
    std::cout << "          needed by: the lab itself, so by every experiment\n";
  else if (by_attached)
    std::cout << "          needed by: experiments whose [target] says attach\n";
  else if (!settings.empty())
    std::cout << fmt::format("          needed by: {}\n", settings);
  else if (!kinds.empty())
    std::cout << fmt::format("          needed by: {}\n", fmt::join(kinds, ", "));
}

int doctor(bool json, Session& session) {
  const core::Catalog catalog = session.catalog();
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  std::vector<std::string> lacking;
  const auto features = lab::examine();
  for (const auto& feature : features) {
    const auto kinds = kinds_that_need(feature.id, catalog);
    if (feature.state == lab::Feature::State::missing && needed_by_lab(feature.id)) lacking.push_back(feature.id);
    if (json) {
      all.push_back({{"id", feature.id},
                     {"title", feature.title},
                     {"state", lab::state_name(feature.state)},
                     {"why", feature.why},
                     {"fix", feature.fix},
                     {"lab", needed_by_lab(feature.id)},
                     {"faults", kinds}});
      continue;
    }
    print(feature, kinds);
  }
  const bool can_run = lacking.empty();
  if (!json) print_backends(features);
  if (json)
    std::cout << nlohmann::ordered_json({{"v", 1}, {"can_run", can_run}, {"features", all}}).dump(2) << '\n';
  else if (can_run)
    std::cout << "\nexperiments can run here\n";
  else
    std::cout << fmt::format("\nno experiment can run here: the lab itself needs {}\n", fmt::join(lacking, " and "));
  return static_cast<int>(can_run ? record::ExitCode::as_it_should_be : record::ExitCode::skipped);
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("doctor", "Try what this machine lets the harness do, and say how to mend what is missing");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object on stdout");
  command->callback([json, &session] { session.action = [json, &session] { return doctor(*json, session); }; });
}

}  // namespace withstand::cli
