#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/session.hpp"
#include "core/plan.hpp"
#include "spec/diagnostic.hpp"

namespace withstand::cli {

namespace {

std::string type_of(const spec::Parameter& parameter) {
  switch (parameter.type) {
    case spec::ValueType::boolean:
      return "true or false";
    case spec::ValueType::integer:
      return "whole number";
    case spec::ValueType::number:
      return "number";
    case spec::ValueType::text:
      return "text";
    case spec::ValueType::file:
      return "path of a file, from the experiment's folder";
    case spec::ValueType::choice:
      return fmt::format("one of {}", fmt::join(parameter.choices, ", "));
    case spec::ValueType::signal:
      return "signal name or number";
    case spec::ValueType::duration:
      return "time, as \"250ms\"";
    case spec::ValueType::ratio:
      return "share, as \"5%\"";
    case spec::ValueType::bytes:
      return "size, as \"1MiB\"";
    case spec::ValueType::rate:
      return "rate, as \"400/s\"";
    case spec::ValueType::bandwidth:
      return "bandwidth, as \"10Mbit/s\"";
    case spec::ValueType::text_list:
      return "list of texts";
    case spec::ValueType::groups:
      return "list of lists of selectors";
  }
  return {};
}

std::string aim_of(spec::Targeting targeting) {
  switch (targeting) {
    case spec::Targeting::nodes:
      return "on = SELECTOR";
    case spec::Targeting::links:
      return "from = SELECTOR and to = SELECTOR";
    case spec::Targeting::nodes_or_links:
      return "on = SELECTOR, or from and to";
  }
  return {};
}

/// Paragraphs broken at word ends.
std::string wrapped(const std::string& text, std::size_t width, const std::string& indent) {
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty()) out += indent + line + "\n";
    line.clear();
  };
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    if (line.size() + word.size() + 1 > width) flush();
    if (!word.empty()) line += (line.empty() ? "" : " ") + word;
    word.clear();
    if (c == '\n') {
      flush();
      if (!out.ends_with("\n\n") && !out.empty()) out += "\n";
    }
  }
  flush();
  return out;
}

std::string describe_fault(const core::Fault& fault) {
  const auto& schema = fault.schema();
  const auto& documentation = fault.documentation();
  std::string text = fmt::format("{}\n{}\n", schema.kind, wrapped(schema.summary, 96, "  "));
  text += wrapped(documentation.text, 96, "  ");
  text += fmt::format("\naim\n  {}\n\nparameters\n", aim_of(schema.targeting));
  for (const auto& parameter : schema.parameters) {
    std::string facts = type_of(parameter);
    if (parameter.required) facts += "; required";
    if (parameter.fallback) facts += "; default " + core::to_text(*parameter.fallback, parameter);
    if (parameter.minimum) facts += "; at least " + core::to_text(*parameter.minimum);
    if (parameter.maximum) facts += "; at most " + core::to_text(*parameter.maximum);
    text += fmt::format("  {} ({})\n{}", parameter.name, facts, wrapped(parameter.summary, 92, "      "));
  }
  text += "\nfor every fault: name, at or when, " + std::string(schema.lasts ? "for, " : "") + "evidence\n";
  text += "\nevidence\n" + wrapped(documentation.evidence, 96, "  ");
  text += fmt::format("\nneeds\n  {}\n\nexample\n", fmt::join(documentation.requirements, ", "));
  return text + documentation.example;
}

int describe(const std::string& kind, Session& session) {
  const core::Catalog catalog = session.catalog();
  if (kind.empty()) {
    for (const auto& name : catalog.kinds()) std::cout << fmt::format("{:<20} {}\n", name, catalog.find(name)->summary);
    return 0;
  }
  const core::Fault* fault = catalog.fault(kind);
  if (fault == nullptr) {
    std::string family;
    for (const auto& name : catalog.kinds())
      if (name.starts_with(kind.ends_with('.') ? kind : kind + "."))
        family += fmt::format("{:<20} {}\n", name, catalog.find(name)->summary);
    if (!family.empty()) {
      std::cout << family;
      return 0;
    }
    const auto near = spec::nearest(kind, catalog.kinds());
    throw UsageError(
        fmt::format("there is no fault kind '{}'{}", kind,
                    near.empty() ? "; 'withstand describe' lists them" : fmt::format(" (did you mean '{}'?)", near)));
  }
  std::cout << describe_fault(*fault);
  return 0;
}

}  // namespace

void add_describe(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "describe",
      "Say what a fault kind does, its parameters, its evidence; without a kind, list all; of a family (network), "
      "list its kinds");
  auto kind = std::make_shared<std::string>();
  command->add_option("kind", *kind, "Fault kind, as in network.latency, or a family of them, as in network");
  command->callback([kind, &session] { session.action = [kind, &session] { return describe(*kind, session); }; });
}

}  // namespace withstand::cli
