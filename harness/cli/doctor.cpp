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

int doctor(bool json, Session& session) {
  const core::Catalog catalog = session.catalog();
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  bool can_run = true;
  for (const auto& feature : lab::examine()) {
    const auto kinds = kinds_that_need(feature.id, catalog);
    if (feature.state == lab::Feature::State::missing && (feature.id == "namespaces" || feature.id == "tun"))
      can_run = false;
    if (json) {
      all.push_back({{"id", feature.id},
                     {"title", feature.title},
                     {"state", lab::state_name(feature.state)},
                     {"why", feature.why},
                     {"fix", feature.fix},
                     {"faults", kinds}});
      continue;
    }
    std::cout << fmt::format("{:<9} {:<18} {}\n", lab::state_name(feature.state), feature.id, feature.title);
    if (!feature.why.empty()) std::cout << fmt::format("          {}\n", feature.why);
    if (!feature.fix.empty()) std::cout << fmt::format("          to mend it: {}\n", feature.fix);
    if (feature.state != lab::Feature::State::ok && !kinds.empty())
      std::cout << fmt::format("          needed by: {}\n", fmt::join(kinds, ", "));
  }
  if (json)
    std::cout << nlohmann::ordered_json({{"v", 1}, {"can_run", can_run}, {"features", all}}).dump(2) << '\n';
  else
    std::cout << (can_run ? "\nexperiments can run here\n" : "\nno experiment can run here\n");
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
