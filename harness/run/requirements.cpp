#include "run/requirements.hpp"

#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/doctor/doctor.hpp"
#include "lab/programs.hpp"
#include "spec/template.hpp"

namespace withstand::run {

namespace {

/// Programs that a node's command names plainly; one that is put together from templates is found out at launch.
std::vector<std::string> missing_programs(const spec::Experiment& experiment) {
  const auto& target = experiment.target;
  const lab::Programs programs(target.folder, target.name);
  std::set<std::string> names;
  for (const auto& kind : target.kinds)
    if (!kind.command.empty() && kind.command.front().find('{') == std::string::npos)
      names.insert(kind.command.front());
  std::vector<std::string> missing;
  const std::string packages =
      target.packages.empty() ? "" : fmt::format(" (Debian packages: {})", fmt::join(target.packages, " "));
  for (const auto& name : names)
    if (const auto why = why_no_program(name, programs); !why.empty())
      missing.push_back(fmt::format("the program {}: {}{}", name, why, packages));
  return missing;
}

}  // namespace

std::string why_no_program(const std::string& name, const lab::Programs& programs) {
  if (!programs.find(name).empty()) return "";
  const std::string& target = programs.target_folder();
  std::error_code error;
  for (const auto& path : {name.front() == '/' ? name : target + "/" + name, name})
    if (std::filesystem::is_regular_file(path, error)) return fmt::format("{} is not executable (chmod +x)", path);
  if (name.front() == '/') return "there is no such file";
  if (name.find('/') != std::string::npos) return fmt::format("looked for from {} and from the current folder", target);
  return fmt::format("neither in {} nor in PATH", target);
}

std::string why_no_load_program(const std::string& text, const std::string& folder, const lab::Programs& programs) {
  const auto expanded = spec::expand(text, [&](std::string_view name) -> std::optional<std::string> {
    if (name == "target") return programs.target_folder();
    if (name == "build") return programs.build_folder();
    return std::nullopt;
  });
  if (!expanded || !programs.find_from(folder, *expanded).empty()) return "";
  if (expanded->find('/') == std::string::npos) return why_no_program(*expanded, programs);
  const std::filesystem::path path = std::filesystem::path(folder) / *expanded;
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error))
    return fmt::format("{} is not executable (chmod +x)", path.lexically_normal().string());
  return fmt::format("there is no file {}", path.lexically_normal().string());
}

const std::vector<std::string>& features_of_the_lab() {
  static const std::vector<std::string> features{"namespaces", "tun"};
  return features;
}

const std::vector<std::string>& features_of_an_attached_lab() {
  static const std::vector<std::string> features{"namespaces", "kernel-links"};
  return features;
}

std::vector<std::string> missing_requirements(const spec::Experiment& experiment, const core::Plan& plan,
                                              const core::Catalog& catalog) {
  const bool attached = !experiment.target.attached.empty();
  const auto& standing_on = attached ? features_of_an_attached_lab() : features_of_the_lab();
  std::set<std::string> needed(standing_on.begin(), standing_on.end());
  for (const auto& feature : experiment.requires_) needed.insert(feature);
  for (const auto& injection : plan.injections) {
    const core::Fault& fault = *catalog.fault(injection.fault->kind);
    for (const auto& feature : fault.documentation().requirements) needed.insert(feature);
    if (!attached) continue;
    for (const auto& feature : fault.requirements_when_attached(*injection.fault)) needed.insert(feature);
  }
  if (attached) needed.erase("tun");  // the fabric's
  std::vector<std::string> missing;
  for (const auto& feature : lab::examine(std::vector<std::string>(needed.begin(), needed.end()))) {
    if (feature.state != lab::Feature::State::missing) continue;
    missing.push_back(
        fmt::format("{} ({}{}{})", feature.id, feature.why, feature.fix.empty() ? "" : "; ", feature.fix));
  }
  for (auto& program : missing_programs(experiment)) missing.push_back(std::move(program));
  return missing;
}

}  // namespace withstand::run
